use super::*;
use crate::types::Datum;

const STANDARD: Dialect = Dialect {
    standard_strings: true,
    sql_intervals: false,
};
const OLD: Dialect = Dialect {
    standard_strings: false,
    sql_intervals: false,
};

type Outcome<T> = std::result::Result<T, String>;

fn run(
    sql: &str,
    style: ParamStyle,
    names: Names<'_>,
    values: Values<'_>,
    dialect: Dialect,
) -> Outcome<(String, Vec<usize>)> {
    let mut out = String::new();
    convert(sql, style, names, values, dialect, &mut out)
        .map(|order| (out, order.iter().collect()))
        .map_err(|error| error.message().into())
}

fn positional(sql: &str, count: usize) -> Outcome<String> {
    let names = Names::Positional(count);
    run(
        sql,
        ParamStyle::Pyformat,
        names,
        Values::Numbers(&[]),
        STANDARD,
    )
    .map(|(sql, _)| sql)
}

fn named(sql: &str, names: &[&str]) -> Outcome<(String, Vec<usize>)> {
    let names = Names::Named(names);
    run(
        sql,
        ParamStyle::Pyformat,
        names,
        Values::Numbers(&[]),
        STANDARD,
    )
}

fn nulls_and_ones(nulls: &[bool]) -> Vec<Param<'static>> {
    let param = |&null: &bool| match null {
        true => Param::NULL,
        false => param(0, Datum::Int(1)),
    };
    nulls.iter().map(param).collect()
}

fn param(oid: u32, datum: Datum<'_>) -> Param<'_> {
    Param { oid, datum }
}

fn numeric(sql: &str, nulls: &[bool]) -> Outcome<(String, Vec<usize>)> {
    let names = Names::Positional(nulls.len());
    run(
        sql,
        ParamStyle::Numeric,
        names,
        Values::Numbers(&nulls_and_ones(nulls)),
        STANDARD,
    )
}

fn literals(sql: &str, style: ParamStyle, data: &[Datum<'_>], dialect: Dialect) -> Outcome<String> {
    let params: Vec<_> = data.iter().map(|&datum| Param { oid: 0, datum }).collect();
    let names = Names::Positional(params.len());
    run(sql, style, names, Values::Literals(&params), dialect).map(|(sql, _)| sql)
}

#[test]
fn positional_placeholders_become_numbers() {
    for (sql, count, expected) in [
        ("select 1", 0, "select 1"),
        ("select %s, %s", 2, "select $1, $2"),
        ("select 5 %% 2", 0, "select 5 % 2"),
        ("%%%%", 0, "%%"),
        ("select %s%%", 1, "select $1%"),
        ("select %s%%%s", 2, "select $1%$2"),
        ("x like 'a%%' and y = %s", 1, "x like 'a%' and y = $1"),
        ("'%%%%%%%s%'", 0, "'%%%%s%'"),
        ("select '%s', %s", 1, "select '%s', $1"),
        ("select '50% off', %s", 1, "select '50% off', $1"),
        ("select \"%s\", %s", 1, "select \"%s\", $1"),
        ("select $$%s$$, %s", 1, "select $$%s$$, $1"),
        ("select %s -- %s", 1, "select $1 -- %s"),
        ("select /* %s */ %s", 1, "select /* %s */ $1"),
        ("select 1 LIMIT%s", 1, "select 1 LIMIT $1"),
        ("select %s0", 1, "select $1 0"),
        ("select %s%s", 2, "select $1 $2"),
        ("select -%s, a-%s", 2, "select -$1, a-$2"),
        ("select %s::int", 1, "select $1::int"),
        ("é%s", 1, "é $1"),
        ("'a''%s' || %s", 1, "'a''%s' || $1"),
        ("E%s, 'x'%s", 2, "E $1, 'x'$2"),
        // Not ours: the server has none.
        ("select $1 %% 2", 0, "select $1 % 2"),
        ("select '$1', %s", 1, "select '$1', $1"),
    ] {
        assert_eq!(positional(sql, count).as_deref(), Ok(expected), "{sql}");
    }
}

#[test]
fn a_repeated_name_is_one_parameter() {
    assert_eq!(
        named("select %(b)s, %(a)s, %(b)s", &["a", "b", "unused"]),
        Ok(("select $1, $2, $1".into(), vec![1, 0]))
    );
    assert_eq!(
        named("select %(a b%)s", &["a b%"]),
        Ok(("select $1".into(), vec![0]))
    );
    assert_eq!(
        named("select %(a)s", &["a", "a"]),
        Ok(("select $1".into(), vec![1]))
    );
    assert_eq!(named("select 1%%2", &[]), Ok(("select 1%2".into(), vec![])));
    // Many, found otherwise: the last of equals counts there, too.
    let texts: Vec<String> = (0..40).map(|number| format!("n{}", number % 30)).collect();
    let names: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(
        named("%(n3)s %(n29)s %(n3)s", &names),
        Ok(("$1 $2 $1".into(), vec![33, 29]))
    );
    assert!(named("%(n30)s", &names).is_err());
}

#[test]
fn what_is_no_placeholder_is_an_error() {
    for (sql, count, needle) in [
        ("select %d", 1, "\"%d\""),
        ("select 5 % 2", 0, "\"% \""),
        ("select %", 0, "incomplete"),
        ("select %(a", 1, "no ')'"),
        ("select %(a)", 1, "not followed by 's'"),
        ("select %(a)d", 1, "not followed by 's'"),
        ("select %(a)s", 1, "without names"),
        ("select %s, %(a)s", 1, "mixes"),
        ("select %s", 0, "has 1 placeholders, but 0"),
        ("select %s", 2, "has 1 placeholders, but 2"),
        ("select 1", 1, "has 0 placeholders, but 1"),
        ("select %s, %s, %s", 1, "has 3 placeholders, but 1"),
        ("select %é", 1, "\"%é\""),
        ("select $1, %s", 1, "has $1 beside"),
    ] {
        let error = positional(sql, count).expect_err(sql);
        assert!(error.contains(needle), "{sql}: {error}");
    }
    for (sql, needle) in [
        ("select %(b)s", "%(b)s"),
        ("select %s", "given by name"),
        ("select %()s", "%()s"),
    ] {
        let error = named(sql, &["a"]).expect_err(sql);
        assert!(error.contains(needle), "{sql}: {error}");
    }
}

#[test]
fn backslashes_follow_the_servers_setting() {
    let sql = r"select 'a\', %s, 'b'";
    let convert = |dialect| {
        let names = Names::Positional(1);
        run(
            sql,
            ParamStyle::Pyformat,
            names,
            Values::Numbers(&[]),
            dialect,
        )
    };
    assert_eq!(convert(STANDARD).unwrap().0, r"select 'a\', $1, 'b'");
    assert!(convert(OLD).is_err());
}

#[test]
fn a_bare_null_is_written_out() {
    let nulls = [false, false, true, false];
    let converted = run(
        "select %s, %s is%s, -%s",
        ParamStyle::Pyformat,
        Names::Positional(4),
        Values::Numbers(&nulls_and_ones(&nulls)),
        STANDARD,
    );
    assert_eq!(
        converted,
        Ok(("select $1, $2 is NULL, -$3".into(), vec![0, 1, 3]))
    );
    let converted = run(
        "select %(a)s, %(b)s, %(a)s",
        ParamStyle::Pyformat,
        Names::Named(&["a", "b"]),
        Values::Numbers(&nulls_and_ones(&[true, false])),
        STANDARD,
    );
    assert_eq!(converted, Ok(("select NULL, $1, NULL".into(), vec![1])));
}

#[test]
fn numbers_pass_as_they_are() {
    let three = [false; 3];
    for (sql, nulls, expected) in [
        ("select $1, $2, $3", &three[..], "select $1, $2, $3"),
        ("select $3, $1, $2, $1", &three, "select $3, $1, $2, $1"),
        ("select 5 % 2, '%%', %s", &[], "select 5 % 2, '%%', %s"),
        (
            "select '$2', \"$3\", $$ $4 $$, a$5 -- $6",
            &[],
            "select '$2', \"$3\", $$ $4 $$, a$5 -- $6",
        ),
        ("select $1", &[false], "select $1"),
        ("$01", &[false], "$1"),
    ] {
        let (found, order) = numeric(sql, nulls).expect(sql);
        assert_eq!(found, expected);
        assert_eq!(order, (0..nulls.len()).collect::<Vec<_>>());
    }
    assert_eq!(
        numeric("select $3, $2, $1, $2", &[false, true, false]),
        Ok(("select $2, NULL, $1, NULL".into(), vec![0, 2]))
    );
}

#[test]
fn numbers_that_do_not_match_are_errors() {
    for (sql, count, needle) in [
        ("select $2", 1, "placeholder $2 at byte 7, but 1 parameters"),
        ("select $2", 2, "no placeholder $1"),
        ("select $1, $3", 3, "no placeholder $2"),
        ("select $1", 2, "no placeholder $2"),
        ("select 1", 1, "no placeholder $1"),
        ("select $1", 0, "placeholder $1 at byte 7, but 0 parameters"),
        ("select $0", 1, "$0 at byte 7: they begin with $1"),
        ("select $00", 1, "$00 at byte 7"),
        (
            "select $99999999999999999999999",
            1,
            "$99999999999999999999999",
        ),
        ("select '$1'", 1, "no placeholder $1"),
        ("select a$1", 1, "no placeholder $1"),
    ] {
        let error = numeric(sql, &vec![false; count]).expect_err(sql);
        assert!(error.contains(needle), "{sql}: {error}");
    }
    let names = Names::Named(&["a"]);
    let error = run(
        "$1",
        ParamStyle::Numeric,
        names,
        Values::Numbers(&[]),
        STANDARD,
    );
    assert!(error.expect_err("names").contains("given by name"));
}

#[test]
fn literals_stay_what_they_are() {
    use Datum::{Int, Text};
    for (sql, data, expected) in [
        ("- %s", &[Int(-1)][..], "-  -1"),
        ("-%s", &[Int(-1)], "- -1"),
        ("%s-%s", &[Int(1), Int(-1)], "1- -1"),
        ("'%s' %%", &[], "'%s' %"),
        ("f(%s,%s)", &[Text("a"), Text("b'")], "f('a','b''')"),
        ("%s", &[Text("%s %% $1")], "'%s %% $1'"),
        // psycopg2 joins these.
        ("LIMIT%s", &[Int(5)], "LIMIT 5"),
        ("%s0", &[Int(5)], "5 0"),
        ("%s.5", &[Int(5)], "5 .5"),
        ("1.%s", &[Int(5)], "1. 5"),
        ("%s%s", &[Int(5), Int(6)], "5 6"),
        ("%s%s", &[Text("a"), Text("b")], "'a' 'b'"),
        ("'x'%s'y'", &[Text("a")], "'x' 'a' 'y'"),
        ("E%s", &[Text("\\")], "E '\\'"),
        ("U&%s", &[Text("\\0041")], "U& '\\0041'"),
        ("%s\n%s", &[Int(1), Text("b")], "1\n'b'"),
        ("%s /**/\n %s", &[Text("a"), Text("b")], "'a' /**/\n 'b'"),
        ("'a'\n,%s", &[Text("b")], "'a'\n,'b'"),
        // A number of the statement's own is its own.
        (
            "prepare p as select $1 + %s",
            &[Int(2)],
            "prepare p as select $1 + 2",
        ),
    ] {
        let found = literals(sql, ParamStyle::Pyformat, data, STANDARD);
        assert_eq!(found.as_deref(), Ok(expected), "{sql}");
    }
    let found = literals(
        "$2 % $1, $2, '$1'",
        ParamStyle::Numeric,
        &[Int(-1), Text("\\")],
        OLD,
    );
    assert_eq!(found.as_deref(), Ok("E'\\\\' %  -1, E'\\\\', '$1'"));
}

/// SQL takes two literals with a line's end between them for one, and reads the second as it reads the first:
/// behind an E'' literal, a backslash in a plain one would count.
#[test]
fn literals_never_go_on_one_another() {
    for sql in [
        "E'a'\n%s",
        "'a' -- x\n %s",
        "%s\n'b'",
        "%s\r%s",
        "%s -- x\n -- y\n'b'",
    ] {
        for dialect in [STANDARD, OLD] {
            let data = [Datum::Text("x"), Datum::Text("y")];
            let count = sql.matches("%s").count();
            let error = literals(sql, ParamStyle::Pyformat, &data[..count], dialect);
            assert!(
                error.expect_err(sql).contains("would go on the literal"),
                "{sql}"
            );
        }
    }
    let bytes = literals(
        "'a'\n$1",
        ParamStyle::Numeric,
        &[Datum::Bytes(b"")],
        STANDARD,
    );
    assert!(bytes.is_err());
}

#[test]
fn an_error_in_a_value_says_which() {
    let data = [Datum::Int(1), Datum::Text("a\0b")];
    let error = literals("%s %s", ParamStyle::Pyformat, &data, STANDARD).unwrap_err();
    assert!(error.starts_with("parameter 2: "), "{error}");
}

/// A text takes its type from its place; a test for NULL gives it none.
#[test]
fn an_untyped_text_that_is_tested_for_null_is_text() {
    for (sql, expected) in [
        ("select %s is null", "select $1::text is null"),
        ("select %s IS NOT NULL", "select $1::text IS NOT NULL"),
        (
            "select (%s\n is\tnot  null)",
            "select ($1::text\n is\tnot  null)",
        ),
        ("select %s is nullable", "select $1 is nullable"),
        (
            "select %s is not distinct from x",
            "select $1 is not distinct from x",
        ),
        ("select %s isnull", "select $1 isnull"),
        ("select %s", "select $1"),
        ("select %s is", "select $1 is"),
        ("select x = %s and y is null", "select x = $1 and y is null"),
    ] {
        let converted = run(
            sql,
            ParamStyle::Pyformat,
            Names::Positional(1),
            Values::Numbers(&[param(0, Datum::Text("x"))]),
            STANDARD,
        );
        assert_eq!(converted, Ok((expected.into(), vec![0])));
        let typed = run(
            sql,
            ParamStyle::Pyformat,
            Names::Positional(1),
            Values::Numbers(&[param(25, Datum::Text("x"))]),
            STANDARD,
        );
        assert_eq!(typed, Ok((sql.replace("%s", "$1"), vec![0])));
    }
    // One that stands in two places has two types.
    let converted = run(
        "select %(a)s is null or x = %(a)s",
        ParamStyle::Pyformat,
        Names::Named(&["a"]),
        Values::Numbers(&[param(0, Datum::Text("x"))]),
        STANDARD,
    );
    assert_eq!(
        converted,
        Ok(("select $1::text is null or x = $2".into(), vec![0, 0]))
    );
}

#[test]
fn numbers_of_any_length_are_written() {
    let count = 1234;
    let sql = "%s,".repeat(count);
    let expected: String = (1..=count).map(|number| format!("${number},")).collect();
    assert_eq!(positional(&sql, count), Ok(expected));
}

#[test]
fn an_order_is_what_was_pushed() {
    for expected in [
        &[][..],
        &[0],
        &[1],
        &[0, 1, 2],
        &[0, 2],
        &[0, 1, 1, 2],
        &[0, 1, 0],
        &[2, 0, 1],
    ] {
        let mut order = Order::default();
        expected.iter().for_each(|&index| order.push(index));
        assert_eq!(order.iter().collect::<Vec<_>>(), expected);
        assert_eq!(order.len(), expected.len());
        let all = [0, 1, 2].map(|oid| param(oid, Datum::Null));
        for count in 0..=all.len() {
            let plain = expected.iter().copied().eq(0..count);
            assert_eq!(order.is_plain(count), plain, "{expected:?} of {count}");
            let travel = order.of(&all[..count]);
            assert_eq!(travel.is_none(), plain);
            let oids = travel.map(|params| params.iter().map(|param| param.oid as usize).collect());
            let known: Vec<usize> = expected.iter().copied().filter(|&n| n < count).collect();
            assert_eq!(oids.unwrap_or_else(|| known.clone()), known);
        }
    }
}
