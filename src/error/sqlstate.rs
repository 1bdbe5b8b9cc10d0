//! SQLSTATE -> PEP 249 class, as psycopg2 maps them (SEMANTICS, "Module"), SQLSTATE <-> name of the condition,
//! and the text of a server's error.

use std::ffi::CStr;

use super::conditions::{BY_CODE, BY_NAME};
use super::{Class, ServerFields};

/// Five characters, digits and upper-case letters in practice, that name an error (manual, appendix A).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SqlState([u8; 5]);

impl SqlState {
    /// The code, if `code` has the form of one: five printable ASCII characters.
    pub(crate) fn parse(code: &[u8]) -> Option<SqlState> {
        let code: [u8; 5] = code.try_into().ok()?;
        code.iter()
            .all(u8::is_ascii_graphic)
            .then_some(SqlState(code))
    }

    /// The code as text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XX000")
    }

    /// The PEP 249 class.
    pub(crate) fn class(&self) -> Class {
        if self.as_str() == "57014" {
            return Class::Operational;
        }
        let [a, b, ..] = self.0;
        match &[a, b] {
            b"08" | b"26" | b"27" | b"28" | b"34" | b"40" | b"HV" => Class::Operational,
            b"0A" => Class::NotSupported,
            b"20" | b"21" | b"3D" | b"3F" | b"42" | b"44" => Class::Programming,
            b"22" => Class::Data,
            b"23" => Class::Integrity,
            b"24" | b"25" | b"2B" | b"2D" | b"2F" | b"38" | b"39" | b"3B" | b"F0" | b"P0"
            | b"XX" => Class::Internal,
            [b'5', _] => Class::Operational,
            _ => Class::Database,
        }
    }

    /// PostgreSQL's name of the condition, such as `unique_violation`; `None` for a code that is not in its
    /// table.
    pub(crate) fn condition(&self) -> Option<&'static CStr> {
        find(&BY_CODE, &self.0)
    }

    /// The code of the condition `name`, written as PostgreSQL writes it, in lower case. Where several codes
    /// share a name, the one that `RAISE name` has in PL/pgSQL: an error rather than a warning, and the lowest.
    pub(crate) fn of_condition(name: &[u8]) -> Option<&'static CStr> {
        find(&BY_NAME, name)
    }

    /// Whether the condition may be gone when the same work is tried again.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(
            self.as_str(),
            // serialization_failure, deadlock_detected, lock_not_available, object_in_use,
            // too_many_connections, cannot_connect_now, sqlserver_rejected_establishment
            "40001" | "40P01" | "55P03" | "55006" | "53300" | "57P03" | "08004"
        )
    }
}

/// What stands beside `key` in a table sorted by its first column.
fn find(table: &'static [(&'static CStr, &'static CStr)], key: &[u8]) -> Option<&'static CStr> {
    let index = table
        .binary_search_by(|(first, _)| first.to_bytes().cmp(key))
        .ok()?;
    table.get(index).map(|(_, second)| *second)
}

impl std::fmt::Debug for SqlState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many characters of a long line are shown around an error's position.
const SHOWN_WIDTH: usize = 60;

/// The message for a person: the primary message, the line at fault with a caret under it, then detail,
/// hint, query and context, laid out as psql lays them out.
pub(super) fn describe(fields: &ServerFields, query: Option<&str>) -> String {
    let primary = fields
        .message_primary
        .as_deref()
        .unwrap_or("the server sent an error without a message");
    let mut text = String::from(primary);
    if let Some(position) = fields.statement_position.as_deref() {
        match query {
            Some(query) => point_at(query, position, &mut text),
            None => text.push_str(&format!(" at character {position}")),
        }
    }
    let mut line = |label: &str, field: &Option<String>| {
        if let Some(field) = field {
            text.push_str(&format!("\n{label}:  {field}"));
        }
    };
    line("DETAIL", &fields.message_detail);
    line("HINT", &fields.message_hint);
    line("QUERY", &fields.internal_query);
    line("CONTEXT", &fields.context);
    if let (Some(query), Some(position)) = (&fields.internal_query, &fields.internal_position) {
        point_at(query, position, &mut text);
    }
    text
}

/// Appends the line of `query` that holds character `position` (counted from 1), and a caret under it.
fn point_at(query: &str, position: &str, text: &mut String) {
    let Some(index) = position
        .parse::<usize>()
        .ok()
        .and_then(|p| p.checked_sub(1))
    else {
        return;
    };
    // The position may be one past the end ("syntax error at end of input").
    let byte = query
        .char_indices()
        .nth(index)
        .map_or(query.len(), |(byte, _)| byte);
    let (before, after) = query.split_at(byte);
    let line_number = before.matches('\n').count() + 1;
    let head = before.rsplit('\n').next().unwrap_or("");
    let tail = after.split('\n').next().unwrap_or("");

    let head_length = head.chars().count();
    let cut_front = head_length.saturating_sub(SHOWN_WIDTH / 2);
    let shown_head: String = head.chars().skip(cut_front).map(untabbed).collect();
    let room = SHOWN_WIDTH.saturating_sub(head_length - cut_front);
    let shown_tail: String = tail.chars().take(room).map(untabbed).collect();
    let cut_back = tail.chars().nth(room).is_some();

    let label = format!(
        "LINE {line_number}: {}",
        if cut_front > 0 { "..." } else { "" }
    );
    let indent = label.chars().count() + shown_head.chars().count();
    text.push_str(&format!(
        "\n{label}{shown_head}{shown_tail}{}\n{:indent$}^",
        if cut_back { "..." } else { "" },
        "",
    ));
}

/// One column wide, so that the caret stands where it should.
fn untabbed(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_the_table_of_semantics() {
        for (code, class) in [
            ("08006", Class::Operational),
            ("0A000", Class::NotSupported),
            ("20000", Class::Programming),
            ("21000", Class::Programming),
            ("22012", Class::Data),
            ("23505", Class::Integrity),
            ("24000", Class::Internal),
            ("25P02", Class::Internal),
            ("26000", Class::Operational),
            ("27000", Class::Operational),
            ("28P01", Class::Operational),
            ("2B000", Class::Internal),
            ("2D000", Class::Internal),
            ("2F000", Class::Internal),
            ("34000", Class::Operational),
            ("38000", Class::Internal),
            ("39000", Class::Internal),
            ("3B001", Class::Internal),
            ("3D000", Class::Programming),
            ("3F000", Class::Programming),
            ("40001", Class::Operational),
            ("42601", Class::Programming),
            ("44000", Class::Programming),
            ("53300", Class::Operational),
            ("57014", Class::Operational),
            ("57P01", Class::Operational),
            ("F0000", Class::Internal),
            ("HV000", Class::Operational),
            ("P0001", Class::Internal),
            ("XX000", Class::Internal),
            ("01000", Class::Database),
            ("72000", Class::Database),
            ("22P07", Class::Data),
        ] {
            assert_eq!(
                SqlState::parse(code.as_bytes()).map(|s| s.class()),
                Some(class),
                "{code}"
            );
        }
    }

    #[test]
    fn what_is_not_a_sqlstate_is_none() {
        for code in [&b""[..], b"4260", b"426011", b"42 01", b"4260\xff"] {
            assert_eq!(SqlState::parse(code), None);
        }
    }

    /// The lines of the facts that the table is generated from: code, kind, psycopg2's class, name.
    fn facts() -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
        include_str!("../../tests/errcodes/conditions.txt")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| {
                let mut words = line.split_whitespace();
                let mut word = || words.next().unwrap();
                (word(), word(), word(), word())
            })
    }

    #[test]
    fn every_condition_has_psycopg2s_class_and_its_name() {
        assert!(facts().count() >= 260);
        for (code, _, class, name) in facts() {
            let state = SqlState::parse(code.as_bytes()).unwrap();
            assert_eq!(state.class().name_c().to_str(), Ok(class), "{code}");
            let found = state.condition().map(|name| name.to_str().unwrap());
            assert_eq!(found, Some(name), "{code}");
        }
    }

    #[test]
    fn every_name_has_its_code() {
        for (code, kind, _, name) in facts() {
            let found = SqlState::of_condition(name.as_bytes())
                .unwrap()
                .to_str()
                .unwrap();
            let first_error = facts().find(|(_, kind, _, other)| *other == name && *kind == "E");
            // Nothing but a warning has the name, or it is the first error with it.
            assert_eq!(found, first_error.map_or(code, |(code, ..)| code), "{name}");
            assert!(kind != "E" || first_error.is_some());
        }
        for (name, code) in [
            ("string_data_right_truncation", "22001"),
            ("null_value_not_allowed", "22004"),
            ("reading_sql_data_not_permitted", "2F004"),
        ] {
            let found = SqlState::of_condition(name.as_bytes()).unwrap();
            assert_eq!(found.to_str(), Ok(code));
        }
    }

    #[test]
    fn what_the_table_lacks_has_no_name_and_no_code() {
        for code in ["99999", "ZZZZZ", "22p02", "!!!!!", "~~~~~"] {
            let state = SqlState::parse(code.as_bytes()).unwrap();
            assert_eq!(state.condition(), None, "{code}");
        }
        for name in [
            "",
            "UNIQUE_VIOLATION",
            "unique_violatio",
            "unique_violation ",
            "23505",
            "unique_violation\0",
            "\u{fffd}",
        ] {
            assert_eq!(SqlState::of_condition(name.as_bytes()), None, "{name}");
        }
    }

    fn shown(query: &str, position: &str) -> String {
        let fields = ServerFields {
            message_primary: Some("m".into()),
            statement_position: Some(position.into()),
            ..ServerFields::default()
        };
        describe(&fields, Some(query))
    }

    #[test]
    fn the_caret_stands_under_the_character_at_fault() {
        assert_eq!(
            shown("select x", "8"),
            "m\nLINE 1: select x\n               ^"
        );
        assert_eq!(
            shown("select 1,\n  é, x from t", "16"),
            "m\nLINE 2:   é, x from t\n             ^"
        );
        assert_eq!(shown("select", "7"), "m\nLINE 1: select\n              ^");
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let query = format!("select {}, x, {}", "a".repeat(100), "b".repeat(100));
        let text = shown(&query, "110");
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].starts_with("LINE 1: ...") && lines[1].ends_with("..."),
            "{text}"
        );
        let caret = lines[2].chars().count() - 1;
        assert_eq!(lines[1].chars().nth(caret), Some('x'), "{text}");
    }

    #[test]
    fn positions_that_lie_do_no_harm() {
        for position in ["0", "-1", "99999999999999999999", "x", "4294967296"] {
            let _ = shown("select 1", position);
        }
    }
}
