//! Enough of Rust's surface to see which paths a file names: its words and signs without comments and
//! literals, and the paths among them, groups taken apart and `super` followed.

/// The words and signs of `source`. Each literal of text has become `""`, `::` is one sign.
pub(crate) fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let start = i;
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            '/' if at(i + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => depth += 1,
                        ('*', '/') => depth -= 1,
                        _ => {
                            i += 1;
                            continue;
                        }
                    }
                    i += 2;
                    if depth == 0 || i >= chars.len() {
                        break;
                    }
                }
            }
            '"' => {
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                i += 1;
                tokens.push("\"\"".into());
            }
            // A character, unless it is a lifetime.
            '\'' if at(i + 1) == '\\' || at(i + 2) == '\'' => {
                i += if at(i + 1) == '\\' { 3 } else { 2 };
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
            }
            c if is_word(c) => {
                while is_word(at(i)) {
                    i += 1;
                }
                let word: String = chars[start..i].iter().collect();
                let hashes = (i..).take_while(|&j| at(j) == '#').count();
                let raw = matches!(word.as_str(), "r" | "br" | "cr");
                if raw && at(i + hashes) == '"' {
                    let end: String = format!("\"{}", "#".repeat(hashes));
                    i += hashes + 1;
                    while i < chars.len() && !end.chars().enumerate().all(|(n, c)| at(i + n) == c) {
                        i += 1;
                    }
                    i += end.len();
                    tokens.push("\"\"".into());
                } else {
                    tokens.push(word);
                }
            }
            ':' if at(i + 1) == ':' => {
                i += 2;
                tokens.push("::".into());
            }
            c => {
                i += 1;
                if !c.is_whitespace() {
                    tokens.push(c.into());
                }
            }
        }
    }
    tokens
}

/// The module that `file`, a path below src/, holds.
pub(crate) fn module(file: &str) -> Vec<String> {
    let path = file.strip_suffix(".rs").unwrap_or(file);
    let mut module: Vec<String> = path.split('/').map(String::from).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

/// The paths that begin at the crate's root, at this module (`self`, `super`) or at one of `outside`, each
/// from the crate's root or the outside name on.
pub(crate) fn paths(file: &str, tokens: &[String], outside: &[&str]) -> Vec<Vec<String>> {
    let token = |index: usize| tokens.get(index).map_or("", String::as_str);
    let mut found = Vec::new();
    let mut module = module(file);
    // How deep the braces are in which each module written inline began.
    let mut inline = Vec::new();
    let mut depth = 0;
    let mut i = 0;
    while i < tokens.len() {
        match token(i) {
            "mod" if token(i + 2) == "{" => {
                module.push(token(i + 1).into());
                inline.push(depth);
                depth += 1;
                i += 2;
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                }
            }
            "crate" | "self" | "super" if token(i + 1) == "::" => {
                i = tree(tokens, i, module.clone(), &mut found);
                continue;
            }
            word if outside.contains(&word) && (i == 0 || !matches!(token(i - 1), "::" | ".")) => {
                i = tree(tokens, i, Vec::new(), &mut found);
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// Follows one path, or a group of them, from `i` on; gives where it ends.
fn tree(
    tokens: &[String],
    mut i: usize,
    mut so_far: Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> usize {
    let token = |index: usize| tokens.get(index).map_or("", String::as_str);
    loop {
        match token(i) {
            "{" => {
                i += 1;
                while !matches!(token(i), "}" | "") {
                    i = tree(tokens, i, so_far.clone(), found);
                    while !matches!(token(i), "," | "}" | "") {
                        i += 1;
                    }
                    if token(i) == "," {
                        i += 1;
                    }
                }
                return i + 1;
            }
            "crate" => so_far.clear(),
            "self" => {}
            "super" => {
                so_far.pop();
            }
            word => so_far.push(word.into()),
        }
        i += 1;
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '{' | '*');
        if token(i) != "::" || !token(i + 1).starts_with(goes_on) {
            found.push(so_far);
            return i;
        }
        i += 1;
    }
}
