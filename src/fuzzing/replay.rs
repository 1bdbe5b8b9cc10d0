//! The corpora in fuzz/corpus, and mutations of them, through the targets. What a fuzzer finds goes there.

use std::path::Path;

use super::{TARGETS, Target};

/// Mutations of each target's corpus: a second or so of them all.
const MUTATIONS: usize = 60_000;

/// The files of a target's corpus, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = std::fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// xorshift: the same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}

/// Numbers that lengths and counts go wrong at.
const LENGTHS: [u32; 12] = [
    0,
    1,
    2,
    3,
    4,
    5,
    0xff,
    0xffff,
    0x00ff_ffff,
    0x7fff_ffff,
    0x8000_0000,
    u32::MAX,
];

/// Changes `bytes` in one to four places; `other` is what pieces may come from.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let run = |numbers: &mut Numbers| 1 + numbers.below(16);
        match numbers.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            1 if at < bytes.len() => bytes[at] = numbers.byte(),
            2 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(1),
            3 => bytes.insert(at, numbers.byte()),
            4 => {
                let end = bytes.len().min(at + run(numbers));
                bytes.drain(at..end);
            }
            5 => bytes.truncate(at),
            6 => {
                let number = LENGTHS[numbers.below(LENGTHS.len())].to_be_bytes();
                for (place, byte) in bytes[at..].iter_mut().zip(number) {
                    *place = byte;
                }
            }
            7 => {
                let from = numbers.below(other.len() + 1);
                let end = other.len().min(from + 4 * run(numbers));
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            _ => {
                let end = bytes.len().min(at + run(numbers));
                let piece = bytes[at..end].to_vec();
                for _ in 0..run(numbers) {
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
        }
    }
    bytes.truncate(1 << 16);
}

/// Runs a target, and shows the bytes if it finds something.
fn run((name, target): Target, what: &str, bytes: &[u8]) {
    if std::panic::catch_unwind(|| target(bytes)).is_err() {
        panic!("{name} fails with {what}: {}", bytes.escape_ascii());
    }
}

fn replay(name: &str) {
    let target = TARGETS.into_iter().find(|target| target.0 == name).unwrap();
    let corpus = corpus(name);
    assert!(corpus.len() >= 5, "{name} has a corpus of {}", corpus.len());
    for (file, bytes) in &corpus {
        run(target, file, bytes);
    }
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for number in 0..MUTATIONS {
        let mut bytes = corpus[numbers.below(corpus.len())].1.clone();
        let other = &corpus[numbers.below(corpus.len())].1;
        mutate(&mut bytes, other, &mut numbers);
        run(target, &format!("mutation {number}"), &bytes);
    }
}

#[test]
fn a_server_that_says_anything_harms_nothing() {
    replay("wire_server_bytes");
}

#[test]
fn any_text_of_any_type_is_decoded_or_refused() {
    replay("text_decoders");
}

#[test]
fn any_binary_of_any_type_is_decoded_or_refused() {
    replay("binary_decoders");
}

#[test]
fn any_text_made_of_texts_is_decoded_or_refused() {
    replay("structured_text");
}

#[test]
fn any_binary_made_of_binaries_is_decoded_or_refused() {
    replay("structured_binary");
}

#[test]
fn any_connection_string_is_understood_or_refused() {
    replay("conninfo_parse");
}

#[test]
fn any_statement_is_converted_or_refused() {
    replay("placeholders");
}

#[test]
fn any_statement_is_split_as_a_slow_reader_splits_it() {
    replay("lexer");
}

#[test]
fn every_target_has_a_file_in_fuzz_and_is_named_in_its_manifest() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        let path = format!("fuzz_targets/{name}.rs");
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{name}");
        let source = std::fs::read_to_string(fuzz.join(&path)).unwrap();
        assert!(
            source.contains(&format!("dbapi::fuzzing::{name}(data)")),
            "{name}"
        );
    }
}
