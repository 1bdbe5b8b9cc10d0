//! Expected texts are what psycopg2 2.9 printed for the same values, but where a case says otherwise.

use super::*;

const STANDARD: Dialect = Dialect {
    standard_strings: true,
    sql_intervals: false,
};
const OLD: Dialect = Dialect {
    standard_strings: false,
    sql_intervals: false,
};

fn typed(oid: u32, datum: Datum<'_>, dialect: Dialect) -> String {
    let mut out = String::new();
    write(&Param { oid, datum }, dialect, &mut out).unwrap();
    out
}

fn literal(datum: Datum<'_>) -> String {
    typed(0, datum, STANDARD)
}

#[test]
fn numbers_and_truth_values() {
    for (datum, expected) in [
        (Datum::Null, "NULL"),
        (Datum::Bool(true), "true"),
        (Datum::Bool(false), "false"),
        (Datum::Int(0), "0"),
        (Datum::Int(-1), " -1"),
        (Datum::Int(i64::MAX), "9223372036854775807"),
        (Datum::Int(i64::MIN), " -9223372036854775808"),
        (Datum::Numeric("1.50"), "1.50"),
        (Datum::Numeric("-1.50"), " -1.50"),
        (Datum::Numeric("1E+3"), "1E+3"),
        (Datum::Numeric("-0"), " -0"),
        (Datum::Numeric("0E-10"), "0E-10"),
        (Datum::Numeric("NaN"), "'NaN'::numeric"),
        // psycopg2 makes NaN of it.
        (Datum::Numeric("-Infinity"), "'-Infinity'::numeric"),
        // No Decimal is any of these.
        (Datum::Numeric(""), "''::numeric"),
        (Datum::Numeric(".5"), "'.5'::numeric"),
        (Datum::Numeric("--1"), "'--1'::numeric"),
        (Datum::Numeric("1;'"), "'1;'''::numeric"),
        (Datum::Numeric("1e"), "'1e'::numeric"),
        (Datum::Numeric("-"), "'-'::numeric"),
    ] {
        assert_eq!(literal(datum), expected, "{datum:?}");
    }
}

#[test]
fn doubles_as_python_writes_them() {
    for (number, expected) in [
        (1.0, "1.0"),
        (-1.5, " -1.5"),
        (0.1, "0.1"),
        (-0.0, " -0.0"),
        (0.0, "0.0"),
        (100_000.0, "100000.0"),
        (123_456.789, "123456.789"),
        (1e15, "1000000000000000.0"),
        (9_999_999_999_999_998.0, "9999999999999998.0"),
        (1e16, "1e+16"),
        (1e22, "1e+22"),
        (1.234_567_890_123_456_8e17, "1.2345678901234568e+17"),
        (1e-4, "0.0001"),
        (0.000_123_4, "0.0001234"),
        (1e-5, "1e-05"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::NAN, "'NaN'::float"),
        (f64::INFINITY, "'Infinity'::float"),
        (f64::NEG_INFINITY, "'-Infinity'::float"),
        // Two decimals are equally near.
        (f64::from_bits(0x428a_598c_f180_1240), "3621489881090.2812"),
        // Half-way to the neighbour, which is odd.
        (
            f64::from_bits(0x4363_66c9_0780_0154),
            "4.368830526233258e+16",
        ),
    ] {
        assert_eq!(literal(Datum::Float(number)), expected);
    }
}

#[test]
fn texts_under_both_settings() {
    for (text, standard, old) in [
        ("abc", "'abc'", "E'abc'"),
        ("", "''", "E''"),
        ("it's", "'it''s'", "E'it''s'"),
        (r"a\b", r"'a\b'", r"E'a\\b'"),
        (r"a\'b", r"'a\''b'", r"E'a\\''b'"),
        (r"\", r"'\'", r"E'\\'"),
        ("''", "''''''", "E''''''"),
        (
            "\u{e9}'\u{1f600}",
            "'\u{e9}''\u{1f600}'",
            "E'\u{e9}''\u{1f600}'",
        ),
        ("%s $1 $$", "'%s $1 $$'", "E'%s $1 $$'"),
        ("\n\t", "'\n\t'", "E'\n\t'"),
    ] {
        assert_eq!(typed(0, Datum::Text(text), STANDARD), standard);
        assert_eq!(typed(0, Datum::Text(text), OLD), old);
        assert_eq!(typed(0, Datum::Json(text), OLD), old);
    }
    let bytes = Datum::Bytes(b"\x00\xff\\'");
    assert_eq!(typed(0, bytes, STANDARD), r"'\x00ff5c27'::bytea");
    assert_eq!(typed(0, bytes, OLD), r"E'\\x00ff5c27'::bytea");
    assert_eq!(typed(0, Datum::Bytes(b""), STANDARD), r"'\x'::bytea");
}

#[test]
fn a_nul_ends_no_literal() {
    for datum in [Datum::Text("a\0"), Datum::Json("\0"), Datum::Numeric("1\0")] {
        for oid in [0, oid::TEXT] {
            let mut out = String::new();
            let error = write(&Param { oid, datum }, STANDARD, &mut out).unwrap_err();
            assert_eq!(error.sqlstate().unwrap().as_str(), "22021");
        }
    }
}

#[test]
fn dates_and_times() {
    let timetz = |microseconds, utc_offset| {
        Datum::TimeTz(TimeTz {
            microseconds,
            utc_offset,
        })
    };
    for (datum, expected) in [
        (Datum::Date(19724), "'2024-01-02'::date"),
        (Datum::Date(-719_162), "'0001-01-01'::date"),
        (Datum::Time(3_723_000_000), "'01:02:03'::time"),
        (Datum::Time(3_723_000_004), "'01:02:03.000004'::time"),
        (timetz(3_723_000_000, 19_800), "'01:02:03+05:30'::timetz"),
        (
            Datum::Timestamp(1_704_164_645_000_000),
            "'2024-01-02T03:04:05'::timestamp",
        ),
        (
            Datum::Timestamp(1_704_164_645_060_000),
            "'2024-01-02T03:04:05.060000'::timestamp",
        ),
        (
            Datum::TimestampTz(1_704_164_645_000_000),
            "'2024-01-02T03:04:05+00:00'::timestamptz",
        ),
        // What Python's types cannot hold.
        (Datum::Date(i64::MIN), "'-infinity'::date"),
        (Datum::Date(-719_163), "'0001-12-31 BC'::date"),
        (Datum::Date(2_932_897), "'10000-01-01'::date"),
        (Datum::Time(86_400_000_000), "'24:00:00'::time"),
        (timetz(0, -19_815), "'00:00:00-05:30:15'::timetz"),
        (Datum::Timestamp(i64::MAX), "'infinity'::timestamp"),
        (
            Datum::TimestampTz(-62_135_596_800_000_001),
            "'0001-12-31T23:59:59.999999+00:00 BC'::timestamptz",
        ),
        (
            Datum::Uuid([0xa0; 16]),
            "'a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0'::uuid",
        ),
    ] {
        assert_eq!(literal(datum), expected, "{datum:?}");
    }
    for datum in [
        Datum::Date(i64::MAX - 1),
        Datum::Time(-1),
        timetz(0, 57_600),
        Datum::Timestamp(i64::MIN + 1),
    ] {
        assert!(write(&Param { oid: 0, datum }, STANDARD, &mut String::new()).is_err());
    }
}

#[test]
fn intervals() {
    let interval = |months, days, microseconds| {
        Datum::Interval(Interval {
            microseconds,
            days,
            months,
        })
    };
    for (datum, expected) in [
        (
            interval(0, 1, 2_000_003),
            "'1 days 2.000003 seconds'::interval",
        ),
        (
            interval(0, -1, 2_000_003),
            "'-1 days 2.000003 seconds'::interval",
        ),
        (interval(0, 0, 0), "'0 days 0.000000 seconds'::interval"),
        // What a timedelta cannot hold.
        (interval(0, 0, -1), "'0 days -0.000001 seconds'::interval"),
        (
            interval(-14, 3, -1),
            "'-14 months 3 days -0.000001 seconds'::interval",
        ),
        (
            interval(1, 0, i64::MIN),
            "'1 months 0 days -2562047788 hours -54.775808 seconds'::interval",
        ),
        (
            interval(i32::MAX, i32::MAX, i64::MAX),
            "'infinity'::interval",
        ),
    ] {
        assert_eq!(literal(datum), expected, "{datum:?}");
    }
    // There a lone sign in front is for all fields.
    let sql = Dialect {
        sql_intervals: true,
        ..STANDARD
    };
    assert_eq!(
        typed(0, interval(0, -1, 2_000_003), sql),
        "'-1 days +2.000003 seconds'::interval"
    );
    assert_eq!(
        typed(0, interval(-1, 0, 0), sql),
        "'-1 months +0 days +0.000000 seconds'::interval"
    );
    assert_eq!(
        typed(0, interval(0, 1, 0), sql),
        "'1 days 0.000000 seconds'::interval"
    );
}

#[test]
fn a_type_of_its_own_is_a_cast() {
    for (oid, datum, expected) in [
        (oid::INT4, Datum::Int(-1), " -1"),
        (
            oid::INT8,
            Datum::Int(i64::MIN),
            "'-9223372036854775808'::int8",
        ),
        (oid::INT4, Datum::Null, "NULL::int4"),
        (oid::FLOAT8, Datum::Float(0.1), "'0.1'::float8"),
        (oid::FLOAT4, Datum::Float(0.1), "'0.1'::float4"),
        (oid::NUMERIC, Datum::Numeric("5"), "'5'::numeric"),
        (oid::TEXT, Datum::Text("it's"), "'it''s'::text"),
        (oid::JSONB, Datum::Json("{}"), "'{}'::jsonb"),
        (oid::BIT, Datum::Text("101"), "'101'::\"bit\""),
        (1007, Datum::Text("{1,2}"), "'{1,2}'::int4[]"),
        (oid::TIMESTAMP, Datum::Date(0), "'1970-01-01'::timestamp"),
        (oid::DATE, Datum::Date(0), "'1970-01-01'::date"),
        (oid::TEXT, Datum::Bytes(b"a"), r"'\x61'::text"),
        // A type that only its database knows: the place says what it is, as for any literal.
        (99_999, Datum::Text("red"), "'red'"),
        (99_999, Datum::Int(5), "5"),
        (99_999, Datum::Null, "NULL"),
    ] {
        assert_eq!(typed(oid, datum, STANDARD), expected, "{datum:?}");
    }
    assert_eq!(typed(oid::TEXT, Datum::Text(r"\"), OLD), r"E'\\'::text");
}
