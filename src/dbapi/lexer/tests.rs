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
