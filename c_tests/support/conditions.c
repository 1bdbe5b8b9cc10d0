#include "conditions.h"

#include <stdio.h>
#include <string.h>

static dbapi_status_t status_of_class(const char *name)
{
    static const struct {
        const char *name;
        dbapi_status_t status;
    } classes[] = {
        { "DatabaseError", DBAPI_DATABASE_ERROR },       { "DataError", DBAPI_DATA_ERROR },
        { "OperationalError", DBAPI_OPERATIONAL_ERROR }, { "IntegrityError", DBAPI_INTEGRITY_ERROR },
        { "InternalError", DBAPI_INTERNAL_ERROR },       { "ProgrammingError", DBAPI_PROGRAMMING_ERROR },
        { "NotSupportedError", DBAPI_NOT_SUPPORTED_ERROR },
    };
    for (size_t i = 0; i < COUNT(classes); i++) {
        if (strcmp(classes[i].name, name) == 0) {
            return classes[i].status;
        }
    }
    FAIL("%s is no class of PEP 249", name);
}

const condition *conditions(size_t *count)
{
    static condition all[1000];
    static size_t number;
    if (number == 0) {
        char line[300], class_name[40];
        FILE *file = fopen(CONDITIONS_FILE, "r");
        if (file == NULL) {
            FAIL("%s cannot be opened", CONDITIONS_FILE);
        }
        while (fgets(line, sizeof line, file) != NULL) {
            if (line[0] == '#' || line[0] == '\n') {
                continue;
            }
            CHECK(number < COUNT(all));
            condition *one = &all[number];
            if (sscanf(line, "%5s %c %39s %79s %d-%d", one->sqlstate, &one->kind, class_name, one->name, &one->first_major,
                       &one->last_major)
                != 6) {
                FAIL("%s holds the line %s", CONDITIONS_FILE, line);
            }
            one->status = status_of_class(class_name);
            number++;
        }
        fclose(file);
    }
    CHECK(number >= 260);
    *count = number;
    return all;
}
