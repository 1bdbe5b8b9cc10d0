//! What the library is built from (SECURITY.md, "certificate names and chains: versions gated"): no crate older than
//! the version that closed a hole in it, and none of what this library exists to do without. What newer advisories say
//! is for `cargo deny check` (deny.toml), which needs their database.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what failed by panicking"
)]

/// Crate, the first version without the hole, and the hole. The same list as in deny.toml.
const SINCE: &[(&str, [u64; 3], &str)] = &[
    (
        "bytes",
        [1, 11, 1],
        "RUSTSEC-2026-0007: BytesMut::reserve overflows",
    ),
    (
        "aws-lc-sys",
        [0, 39, 0],
        "RUSTSEC-2026-0044, -0048: name constraints and revocation lists passed over",
    ),
    (
        "rustls-webpki",
        [0, 103, 13],
        "RUSTSEC-2026-0049, -0098, -0099, -0104: revocation lists, name constraints",
    ),
];

/// Crates that must not come in, and what they would bring.
const NEVER: &[(&str, &str)] = &[
    ("openssl-sys", "OpenSSL"),
    ("pq-sys", "libpq"),
    ("native-tls", "the system's TLS"),
    ("ring", "a second crypto library"),
    ("tokio", "an executor with threads of its own"),
    ("log", "a global logger"),
];

/// What is built into the library: name and version.
fn packages() -> Vec<(String, [u64; 3])> {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix=none", "--edges=normal,build"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(tree.stdout).unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    text.lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(" v")?;
            let version = rest.split([' ', '-', '+']).next()?;
            let mut parts = version.split('.').map(|part| part.parse().unwrap());
            let mut part = || parts.next().unwrap_or(0);
            Some((name.to_owned(), [part(), part(), part()]))
        })
        .collect()
}

#[test]
fn no_crate_is_older_than_the_version_that_closed_a_hole_in_it() {
    let packages = packages();
    for (name, since, hole) in SINCE {
        let found: Vec<_> = packages.iter().filter(|(found, _)| found == name).collect();
        assert!(
            !found.is_empty(),
            "{name} is not there: take it off the list"
        );
        for (_, version) in found {
            assert!(version >= since, "{name} {version:?} has {hole}");
        }
    }
}

#[test]
fn nothing_comes_in_that_this_library_does_without() {
    let packages = packages();
    for (name, what) in NEVER {
        assert!(
            packages.iter().all(|(found, _)| found != name),
            "{name} brings in {what}"
        );
    }
}
