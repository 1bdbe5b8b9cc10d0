/* SQLSTATEs, their conditions' names and the classes that go by them, without a server: every code that
 * PostgreSQL has, and what is none. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "conditions.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void every_code_has_its_name_and_class(void)
{
    size_t count;
    const condition *all = conditions(&count);
    for (size_t i = 0; i < count; i++) {
        check_text(CHECK_HERE, all[i].sqlstate, dbapi_sqlstate_condition(all[i].sqlstate), all[i].name);
        check_int(CHECK_HERE, all[i].sqlstate, dbapi_sqlstate_status(all[i].sqlstate), all[i].status);
    }
}

static void every_name_has_its_code(void)
{
    size_t count;
    const condition *all = conditions(&count);
    for (size_t i = 0; i < count; i++) {
        const char *code = dbapi_condition_sqlstate(all[i].name);
        CHECK(code != NULL);
        /* There and back again gives the name, if not the code: five names have two. */
        check_text(CHECK_HERE, all[i].name, dbapi_sqlstate_condition(code), all[i].name);
    }
}

static void names_with_two_codes(void)
{
    static const struct {
        const char *name, *given, *other;
    } names[] = {
        { "string_data_right_truncation", "22001", "01004" },
        { "null_value_not_allowed", "22004", "39004" },
        { "modifying_sql_data_not_permitted", "2F002", "38002" },
        { "prohibited_sql_statement_attempted", "2F003", "38003" },
        { "reading_sql_data_not_permitted", "2F004", "38004" },
    };
    size_t count, doubled = 0;
    const condition *all = conditions(&count);
    for (size_t i = 0; i < count; i++) {
        const char *code = dbapi_condition_sqlstate(all[i].name);
        if (code == NULL || strcmp(code, all[i].sqlstate) != 0) {
            doubled++;
        }
    }
    CHECK_SIZE(doubled, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        CHECK_TEXT(dbapi_condition_sqlstate(names[i].name), names[i].given);
        CHECK_TEXT(dbapi_sqlstate_condition(names[i].given), names[i].name);
        CHECK_TEXT(dbapi_sqlstate_condition(names[i].other), names[i].name);
    }
}

/* Codes that PostgreSQL does not have: no name, and the class that their first two characters say. */
static void codes_of_the_users_own(void)
{
    static const struct {
        const char *sqlstate;
        dbapi_status_t status;
    } codes[] = {
        { "23XYZ", DBAPI_INTEGRITY_ERROR },     { "22999", DBAPI_DATA_ERROR },        { "0A999", DBAPI_NOT_SUPPORTED_ERROR },
        { "42999", DBAPI_PROGRAMMING_ERROR },   { "5Z000", DBAPI_OPERATIONAL_ERROR }, { "P0999", DBAPI_INTERNAL_ERROR },
        { "08999", DBAPI_OPERATIONAL_ERROR },   { "3B999", DBAPI_INTERNAL_ERROR },    { "ZZ123", DBAPI_DATABASE_ERROR },
        { "00001", DBAPI_DATABASE_ERROR },      { "99999", DBAPI_DATABASE_ERROR },    { "%n%s%", DBAPI_DATABASE_ERROR },
        { "xx000", DBAPI_DATABASE_ERROR },      { "0a000", DBAPI_DATABASE_ERROR },    { "hv000", DBAPI_DATABASE_ERROR },
        { "p0001", DBAPI_DATABASE_ERROR },
    };
    for (size_t i = 0; i < COUNT(codes); i++) {
        check_pointer(CHECK_HERE, codes[i].sqlstate, dbapi_sqlstate_condition(codes[i].sqlstate), NULL);
        check_int(CHECK_HERE, codes[i].sqlstate, dbapi_sqlstate_status(codes[i].sqlstate), codes[i].status);
    }
    /* Letters of a code are in upper case. */
    CHECK_TEXT(dbapi_sqlstate_condition("22P02"), "invalid_text_representation");
    CHECK_PTR(dbapi_sqlstate_condition("22p02"), NULL);
}

/* A text that is neither a code nor a name. */
static void check_unknown(const char *what, const char *text)
{
    check_pointer(CHECK_HERE, what, dbapi_sqlstate_condition(text), NULL);
    check_pointer(CHECK_HERE, what, dbapi_condition_sqlstate(text), NULL);
    check_int(CHECK_HERE, what, dbapi_sqlstate_status(text), DBAPI_DATABASE_ERROR);
}

static void what_is_neither_code_nor_name(void)
{
    static const char *const texts[] = {
        "", " ", "2", "2350", "235055", "23505 ", " 23505", "23505\n", "2350\x01", "2350\xff", "235\xc3\xa9", "\xff\xfe", "\xed\xa0\x80",
        "Unique_Violation", "UNIQUE_VIOLATION", "UniqueViolation", "unique_violatio", "unique_violations", "unique_violation ",
        " unique_violation", "unique violation", "\"unique_violation\"", "a", "zzzz", "_", "~", "%n%s", "%n%n%n%n%s%s%s%s", "' OR ''='",
    };
    check_unknown("NULL", NULL);
    for (size_t i = 0; i < COUNT(texts); i++) {
        check_unknown(texts[i], texts[i]);
    }
}

static void texts_of_any_length(void)
{
    static const char *const beginnings[] = { "23505", "unique_violation", "" };
    size_t length = (size_t)8 << 20;
    char *text = malloc(length + 1);
    CHECK(text != NULL);
    for (size_t i = 0; i < COUNT(beginnings); i++) {
        memset(text, 'a', length);
        text[length] = '\0';
        memcpy(text, beginnings[i], strlen(beginnings[i]));
        check_unknown("eight megabytes", text);
    }
    free(text);
}

/* Nothing is read behind a text's NUL: there is no memory. */
static void texts_at_the_end_of_memory(void)
{
    static const char *const texts[] = { "", "2", "2350", "23505", "235055", "unique_violation", "unique" };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_INT(mprotect(memory + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t size = strlen(texts[i]) + 1;
        char *text = memcpy(memory + page - size, texts[i], size);
        const char *name = dbapi_sqlstate_condition(text);
        CHECK_INT(name != NULL, strcmp(text, "23505") == 0);
        const char *code = dbapi_condition_sqlstate(text);
        CHECK_INT(code != NULL, strcmp(text, "unique_violation") == 0);
        CHECK_INT(dbapi_sqlstate_status(text), name != NULL ? DBAPI_INTEGRITY_ERROR : DBAPI_DATABASE_ERROR);
    }
    munmap(memory, 2 * page);
}

/* What these functions give is static: the same text, call after call. */
static void answers_are_static(void)
{
    const char *name = dbapi_sqlstate_condition("40001"), *code = dbapi_condition_sqlstate("serialization_failure");
    CHECK_TEXT(name, "serialization_failure");
    CHECK_TEXT(code, "40001");
    CHECK_PTR(dbapi_sqlstate_condition(code), name);
    CHECK_PTR(dbapi_condition_sqlstate(name), code);
}

/* Errors of our own: those with an SQLSTATE have its name, the others none. */
static void conditions_of_our_own_errors(void)
{
    dbapi_connection_t *connection = NULL;
    CHECK_PTR(dbapi_error_condition(NULL), NULL);
    CHECK_ERROR(dbapi_commit(NULL, &failure), DBAPI_INTERFACE_ERROR, NULL, NULL);
    CHECK_PTR(dbapi_error_condition(failure), NULL);
    clear_failure();
    CHECK_ERROR(dbapi_connect("dbname=\xff", &connection, &failure), DBAPI_PROGRAMMING_ERROR, "22021", NULL);
    CHECK_TEXT(dbapi_error_condition(failure), "character_not_in_repertoire");
}

CHECK_MAIN(CASE(every_code_has_its_name_and_class), CASE(every_name_has_its_code), CASE(names_with_two_codes),
           CASE(codes_of_the_users_own), CASE(what_is_neither_code_nor_name), CASE(texts_of_any_length),
           CASE(texts_at_the_end_of_memory), CASE(answers_are_static), CASE(conditions_of_our_own_errors))
