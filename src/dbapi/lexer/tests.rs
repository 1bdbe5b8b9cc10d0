use super::*;

/// Each token's letter in cases.txt.
fn letter(token: Token) -> char {
    match token {
        Token::Space => 's',
        Token::Word => 'w',
        Token::Digits => 'd',
        Token::Literal => 'l',
        Token::Identifier => 'i',
        Token::DollarQuoted => 'q',
        Token::Comment => 'c',
        Token::Parameter => 'p',
        Token::Percent => '%',
        Token::Other => 'o',
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        out.push(match char {
            '\\' => match rest.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'f' => '\x0c',
                'v' => '\x0b',
                '\\' => '\\',
                other => panic!("\\{other} in {text}"),
            },
            other => other,
        });
    }
    out
}

fn split(sql: &str, standard: bool) -> (Vec<&str>, String) {
    Lexer::new(sql, standard)
        .map(|(token, text)| (text, letter(token)))
        .unzip()
}

#[test]
fn tokens_are_postgresqls() {
    let (mut cases, mut wrong) = (0, Vec::new());
    for line in include_str!("cases.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split('|').collect();
        let [setting, tokens, kinds, _] = fields[..] else {
            panic!("{line}");
        };
        let tokens = unescape(tokens);
        let expected: Vec<&str> = tokens.split('~').filter(|text| !text.is_empty()).collect();
        let sql = tokens.replace('~', "");
        for (name, standard) in [("on", true), ("off", false)] {
            if setting == name || setting == "both" {
                let (found, letters) = split(&sql, standard);
                if found != expected || letters != kinds {
                    wrong.push(format!("{line} ({name}): {found:?} {letters}"));
                }
                cases += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(cases > 200, "{cases} cases");
}

/// The tokens that `next_special` is to find, by the other way.
fn specials(sql: &str, standard: bool) -> Vec<(Token, &str, usize)> {
    let mut at = 0;
    let tokens = Lexer::new(sql, standard).map(|(token, text)| {
        at += text.len();
        (token, text, at - text.len())
    });
    tokens
        .filter(|(token, _, _)| {
            !matches!(
                token,
                Token::Space | Token::Word | Token::Digits | Token::Other
            )
        })
        .collect()
}

fn check_specials(sql: &str) {
    for standard in [true, false] {
        let mut lexer = Lexer::new(sql, standard);
        let found: Vec<_> = std::iter::from_fn(|| lexer.next_special()).collect();
        assert_eq!(found, specials(sql, standard), "{sql:?}");
        assert_eq!(lexer.rest(), "", "{sql:?}");
    }
}

#[test]
fn what_may_begin_a_token_is_found_wherever_it_is() {
    for byte in 0..=255 {
        let special = b"'\"$%-/".contains(&byte);
        for place in 0..BLOCK {
            let mut block = [b'&'; BLOCK];
            block[place] = byte;
            assert_eq!(has_special(&block), special, "{byte}");
            assert_eq!(first_special(&block), special.then_some(place));
            // What is behind the first is not seen.
            block[place..].fill(byte);
            assert_eq!(first_special(&block), special.then_some(place));
            block[place..].fill(byte ^ 1);
            block[place] = byte;
            assert_eq!(first_special(&block).is_some_and(|at| at == place), special);
        }
    }
}

#[test]
fn a_leap_passes_over_nothing() {
    // Every text of up to five of these, the rest of which is looked at in other places of a block, too.
    const LETTERS: [&str; 15] = [
        "'", "\"", "$", "%", "-", "/", "*", "e", "U", "&", "a", "1", " ", "\n", "é",
    ];
    let mut texts = vec![String::new()];
    for length in 1..=5 {
        let longer = |text: &String| LETTERS.map(|letter| format!("{text}{letter}"));
        texts = texts.iter().flat_map(longer).collect();
        for (index, text) in texts.iter().enumerate() {
            check_specials(text);
            if length < 5 {
                let before = "a 1 bcd, f.g(h) + i12345".get(index % 24..).unwrap();
                check_specials(&format!("{before}{text}{before}{text} the end"));
            }
        }
    }
}

/// Each look back at a quote or a dollar sign passes what was passed once, or this would not end.
#[test]
fn long_words_take_no_longer_than_others() {
    let length = 1 << 20;
    for piece in ["a$", "$", "1$", "1", "a", "e'", "-", "$a"] {
        let sql = piece.repeat(length / piece.len());
        for end in ["", "'", "$"] {
            let sql = format!("{sql}{end}");
            let mut lexer = Lexer::new(&sql, true);
            while lexer.next_special().is_some() {}
            assert_eq!(lexer.rest(), "");
        }
    }
}

#[test]
fn blank_statements() {
    for sql in [
        "",
        ";",
        " ;; \n",
        "-- x",
        "/* ; */",
        "-- a\n;/* b */",
        "/* open",
    ] {
        assert!(is_blank(sql), "{sql}");
    }
    for sql in ["a", "1", "''", "-- x\nselect", "-", "$$$$", "\u{a0}", "%"] {
        assert!(!is_blank(sql), "{sql}");
    }
}

#[test]
fn gaps_within_a_literal() {
    for gap in ["\n", " \r\t", "-- x\n", "\n-- x\n ", " -- x\n-- y\n"] {
        assert!(is_continuation(gap), "{gap:?}");
    }
    for gap in ["", " ", "-- x", "\n-- x", "/* x */\n", "\nx", "\n'", "\n-"] {
        assert!(!is_continuation(gap), "{gap:?}");
    }
}

#[test]
fn statements_that_mean_the_same_later() {
    for sql in [
        "SELECT 1",
        " -- a comment\n select $1;",
        "(SELECT 1) UNION (SELECT 2)",
        "INSERT INTO t VALUES ($1) RETURNING *",
        "WITH a AS (SELECT 1) SELECT * FROM a; -- the end",
        "values (1)",
        "SELECT 'nowhere', '\\x00', 'I know', now(), \"today\" FROM now",
    ] {
        assert!(is_preparable(sql, true), "{sql}");
    }
    for sql in [
        "",
        ";",
        "SELECT 1; SELECT 2",
        "; SELECT 1; x",
        "BEGIN",
        "CREATE TABLE t ()",
        "EXPLAIN SELECT 1",
        "\"select\" 1",
        "SELECT * FROM t WHERE d >= 'today'",
        "SELECT 'now'::timestamp",
        "SELECT $$Tomorrow$$::date",
        "SELECT ' YESTERDAY 10:00'::timestamp",
        "SELECT E'n\\x6fw'::timestamp",
    ] {
        assert!(!is_preparable(sql, true), "{sql}");
    }
}

#[test]
fn settings_that_change_no_meaning() {
    for sql in [
        "SET statement_timeout = 10",
        "set local Lock_Timeout TO '1s';",
        "SET SESSION application_name = 'a; b'",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET LOCAL app.tenant = 7",
    ] {
        assert!(sets_what_is_harmless(sql), "{sql}");
    }
    for sql in [
        "SET search_path = a",
        "SET \"application_name\" = 'a'",
        "SET SESSION AUTHORIZATION a",
        "SET TIME ZONE 'UTC'",
        "SET statement_timeout = 10; SET search_path = a",
        "RESET ALL",
        "SELECT 1",
        "SET",
    ] {
        assert!(!sets_what_is_harmless(sql), "{sql}");
    }
}
