//! The quoting of items within the text of an array, a range or a row: how the server's output functions write
//! it, and its reading.
//!
//! All of them quote a whole item or none of it. In an array a backslash stands before what would end the
//! quotes; in a range and a row such characters are doubled.

use memchr::memchr2;

use super::scan::Scan;

/// What the server takes for a blank: isspace() of the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The next item of an array: `Some(None)` is NULL, `None` an item in another form. The text lies in the scanned
/// bytes, or in `buffer` if it had to be rewritten.
pub(super) fn array_item<'b, 'c: 'b>(
    scan: &mut Scan<'c>,
    delimiter: u8,
    buffer: &'b mut Vec<u8>,
) -> Option<Option<&'b [u8]>> {
    if scan.eat(b'"') {
        return quoted(scan, b"\\", buffer).map(Some);
    }
    let end = memchr2(delimiter, b'}', scan.0)?;
    let (item, rest) = scan.0.split_at_checked(end)?;
    scan.0 = rest;
    if item.is_empty() || item.iter().any(|&byte| matches!(byte, b'"' | b'\\' | b'{')) {
        return None;
    }
    Some((!item.eq_ignore_ascii_case(b"NULL")).then_some(item))
}

/// The next bound of a range, or field of a row, up to one of `ends`: `Some(None)` is one that is not there.
pub(super) fn piece<'b, 'c: 'b>(
    scan: &mut Scan<'c>,
    ends: &[u8],
    buffer: &'b mut Vec<u8>,
) -> Option<Option<&'b [u8]>> {
    if scan.eat(b'"') {
        return quoted(scan, b"\\\"", buffer).map(Some);
    }
    let end = scan.0.iter().position(|byte| ends.contains(byte))?;
    let (piece, rest) = scan.0.split_at_checked(end)?;
    scan.0 = rest;
    if piece.iter().any(|&byte| matches!(byte, b'"' | b'\\')) {
        return None;
    }
    Some((!piece.is_empty()).then_some(piece))
}

/// Up to the closing quote. Each of `escapes` makes the character behind it an ordinary one; a quote does so
/// only for another quote.
pub(super) fn quoted<'b, 'c: 'b>(
    scan: &mut Scan<'c>,
    escapes: &[u8],
    buffer: &'b mut Vec<u8>,
) -> Option<&'b [u8]> {
    buffer.clear();
    let mut rewritten = false;
    loop {
        let next = memchr2(b'"', b'\\', scan.0)?;
        let (run, rest) = scan.0.split_at_checked(next)?;
        let (&mark, rest) = rest.split_first()?;
        let doubled = mark == b'\\' || escapes.contains(&b'"') && rest.first() == Some(&b'"');
        if !doubled {
            scan.0 = rest;
            if !rewritten {
                return Some(run);
            }
            buffer.extend_from_slice(run);
            return Some(buffer);
        }
        let (&escaped, rest) = rest.split_first()?;
        rewritten = true;
        buffer.extend_from_slice(run);
        buffer.push(escaped);
        scan.0 = rest;
    }
}

/// Appends an item of an array.
pub(super) fn push_array_item(item: &str, delimiter: u8, out: &mut String) {
    let special = |byte: u8| {
        matches!(byte, b'"' | b'\\' | b'{' | b'}') || byte == delimiter || is_space(byte)
    };
    let quoted = item.is_empty() || item.eq_ignore_ascii_case("NULL") || item.bytes().any(special);
    if quoted {
        push_quoted(item, '\\', out);
    } else {
        out.push_str(item);
    }
}

/// Appends a bound of a range.
pub(super) fn push_bound(bound: &str, out: &mut String) {
    push_piece(bound, |byte| matches!(byte, b'[' | b']'), out);
}

/// Appends a field of a row.
pub(super) fn push_field(field: &str, out: &mut String) {
    push_piece(field, |_| false, out);
}

fn push_piece(piece: &str, more: impl Fn(u8) -> bool, out: &mut String) {
    let special = |byte: u8| {
        matches!(byte, b'"' | b'\\' | b'(' | b')' | b',') || more(byte) || is_space(byte)
    };
    if piece.is_empty() || piece.bytes().any(special) {
        push_quoted(piece, '"', out);
    } else {
        out.push_str(piece);
    }
}

/// Appends text in quotes, with `escape` before a quote, and a backslash before a backslash.
pub(super) fn push_quoted(text: &str, escape: char, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push(escape),
            '\\' => out.push('\\'),
            _ => {}
        }
        out.push(character);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_arrays() {
        let read = |text: &str, delimiter| {
            let mut buffer = vec![];
            let mut scan = Scan(text.as_bytes());
            array_item(&mut scan, delimiter, &mut buffer)
                .map(|item| item.map(|item| String::from_utf8(item.to_vec()).unwrap()))
        };
        let some = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(read("a,b}", b','), some("a"));
        assert_eq!(read("a,b;c}", b';'), some("a,b"));
        assert_eq!(read("NULL}", b','), Some(None));
        assert_eq!(read("\"NULL\"}", b','), some("NULL"));
        assert_eq!(read("\"\"}", b','), some(""));
        assert_eq!(read("\"a\\\"\\\\b}\"}", b','), some("a\"\\b}"));
        for text in [
            "", "a", "}", ",", "{a}", "a\"b\"}", "a\\,}", "\"a", "\"a\\", "\"a\\\"",
        ] {
            assert_eq!(read(text, b','), None, "{text}");
        }
    }

    #[test]
    fn pieces_of_rows() {
        let read = |text: &str| {
            let mut buffer = vec![];
            let mut scan = Scan(text.as_bytes());
            piece(&mut scan, b",)", &mut buffer)
                .map(|item| item.map(|item| String::from_utf8(item.to_vec()).unwrap()))
        };
        let some = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(read("a,"), some("a"));
        assert_eq!(read(",b"), Some(None));
        assert_eq!(read(")"), Some(None));
        assert_eq!(read("\"\","), some(""));
        assert_eq!(read("\"a\"\"b\\\\c\","), some("a\"b\\c"));
        for text in ["", "a", "a\"b\",", "a\\,", "\"a", "\"a\"\""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
