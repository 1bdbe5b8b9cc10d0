//! Arrays as parameters: the type that their items give them.
#![allow(unsafe_code)] // Reads values that point to the test's own stack.

use super::super::value::Array;
use super::*;

/// The declared type of an array of these, in which form, and its text; or what is wrong with it.
fn sent_array(element: u32, items: &[Value]) -> Result<(u32, i16, String), Error> {
    let array = Array {
        element_oid: element,
        dimensions: 1,
        lengths: std::ptr::null(),
        lower_bounds: std::ptr::null(),
        count: items.len(),
        items: items.as_ptr(),
    };
    let value = Value::array(0, &raw const array);
    // SAFETY: it points to what is on this stack.
    let param = unsafe { super::super::view::param(&value) }?;
    let length = param.encoded_len()?;
    let mut out = BytesMut::new();
    param.encode(&mut out);
    assert_eq!(out.len(), length);
    let mut text = String::new();
    format(0, &param.datum, &mut text)?;
    Ok((param.declared_oid(), param.format_code(), text))
}

#[test]
fn arrays_by_their_items() {
    let int = |number| Value::integer(Kind::DBAPI_KIND_INT, 0, number);
    let text = |text: &'static str| Value::text(Kind::DBAPI_KIND_TEXT, 0, text.as_bytes());
    let digits = Value::text(Kind::DBAPI_KIND_NUMERIC, 0, b"2.5");
    let json = Value::text(Kind::DBAPI_KIND_JSON, 0, b"{}");
    let (null, float) = (Value::null(0), Value::floating(0, 0.5));
    let date = Value::integer(Kind::DBAPI_KIND_DATE, 0, 0);
    let wide = 1 << 40;
    let typed = |oid, value| Value { oid, ..value };
    let rows: [(u32, Vec<Value>, u32, i16, &str); 17] = [
        (0, vec![int(1), null, int(2)], 1007, 1, "{1,NULL,2}"),
        (0, vec![int(1), int(wide)], 1016, 1, "{1,1099511627776}"),
        (oid::INT2, vec![int(1)], 1005, 1, "{1}"),
        (oid::NUMERIC, vec![int(1)], 1231, 0, "{1}"),
        (0, vec![int(1), digits], 1231, 0, "{1,2.5}"),
        (0, vec![digits, float], 1022, 0, "{2.5,0.5}"),
        (0, vec![float, null], 1022, 1, "{0.5,NULL}"),
        (0, vec![text("a b"), null], 1009, 1, "{\"a b\",NULL}"),
        (
            0,
            vec![date, text("2024-01-01")],
            1182,
            0,
            "{1970-01-01,2024-01-01}",
        ),
        (0, vec![int(1), text("2")], 1007, 0, "{1,2}"),
        (0, vec![json], 0, 0, "{\"{}\"}"),
        (oid::JSONB, vec![json], 3807, 0, "{\"{}\"}"),
        (0, vec![null], 0, 0, "{NULL}"),
        (0, vec![], 0, 0, "{}"),
        (oid::INT4, vec![], 1007, 1, "{}"),
        (0, vec![typed(oid::INT2, int(1)), int(2)], 1007, 1, "{1,2}"),
        // A type of the user's has an array type, but not one that is known here.
        (99_999, vec![text("a")], 0, 0, "{a}"),
    ];
    for (element, items, declared, code, written) in rows {
        let sent = sent_array(element, &items).unwrap();
        assert_eq!(sent, (declared, code, written.to_owned()));
    }
    for (element, items, what) in [
        (0, vec![int(1), date], "item 2: of type 1082"),
        (
            oid::INT2,
            vec![int(1), int(70_000)],
            "item 2: an integer is out of the range of int2",
        ),
        (
            0,
            vec![null, text("a\0b")],
            "item 2: a text contains a NUL byte",
        ),
        (
            oid::FLOAT4,
            vec![Value::floating(0, 1e300)],
            "item 1: a number is out",
        ),
    ] {
        let error = sent_array(element, &items).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}
