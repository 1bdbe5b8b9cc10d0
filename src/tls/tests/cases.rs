//! SECURITY.md, "certificate names and chains": each certificate case, as libpq judged it.

use super::*;

/// Where ours is not libpq's, and why.
#[rustfmt::skip]
const DEVIATIONS: &[(&str, bool, &str)] = &[
    ("crl directory, plain name", true, "libpq looks for hashed names alone; here every list in the directory counts"),
    ("crl directory missing", false, "libpq lets the handshake fail; here the directory is named"),
    ("crl file missing", false, "libpq passes over a list that was asked for"),
    ("crl file is garbage", false, "libpq passes over a list that was asked for"),
    ("crl file holds certificates", false, "libpq lets the handshake fail; here the file is named"),
    ("crl file holds the root", false, "libpq lets the handshake fail; here the file is named"),
];

struct Case {
    id: String,
    chain: String,
    key: String,
    root: String,
    crl: String,
    crldir: String,
    mode: String,
    host: String,
    libpq: String,
}

fn cases() -> Vec<Case> {
    text("cases.txt")
        .lines()
        .map(|line| {
            let fields: Vec<_> = line.split('|').map(str::to_owned).collect();
            let [id, chain, key, root, crl, crldir, mode, host, libpq] = fields.try_into().unwrap();
            Case {
                id,
                chain,
                key,
                root,
                crl,
                crldir,
                mode,
                host,
                libpq,
            }
        })
        .collect()
}

fn judge(case: &Case, versions: Versions) -> Result<()> {
    let path = |name: &str| match name {
        "" => String::new(),
        _ => data(name).to_str().unwrap().to_owned(),
    };
    let (root, crl, crldir) = (path(&case.root), path(&case.crl), path(&case.crldir));
    let settings = Settings {
        verify: match case.mode.as_str() {
            "verify-full" => Verify::Full,
            "verify-ca" => Verify::Ca,
            _ => Verify::None,
        },
        host: &case.host,
        sslrootcert: Some(&root),
        sslcrl: Some(&crl),
        sslcrldir: Some(&crldir),
        ..settings()
    };
    let config = TlsConfig::load(&settings, &World::default())?;
    let server = Server {
        chain: case.chain.clone().leak(),
        key: case.key.clone().leak(),
        versions,
        ..Server::default()
    };
    shake(&config, &server, 4096).map(|_| ())
}

#[test]
fn every_certificate_gets_libpqs_verdict() {
    let mut wrong = Vec::new();
    let mut agreed = 0;
    let cases = cases();
    for case in &cases {
        let verdict = judge(case, TLS13);
        let shown = verdict.as_ref().map_or_else(
            |error| {
                error
                    .message()
                    .replace(&format!("{}/", data("").display()).replace("//", "/"), "")
            },
            |()| "ok".to_owned(),
        );
        let deviation = DEVIATIONS.iter().find(|(id, ..)| *id == case.id);
        let libpq = case.libpq == "ok";
        agreed += usize::from(verdict.is_ok() == libpq);
        let expected = deviation.map_or(libpq, |(_, ours, _)| *ours);
        if verdict.is_ok() != expected {
            wrong.push(format!("{}: libpq: {}; ours: {shown}", case.id, case.libpq));
            continue;
        }
        if let Err(error) = verdict {
            assert!(matches!(error.class(), Class::Operational), "{}", case.id);
            // Ours adds the keyword and the reason.
            let bare = shown.replace(" (sslrootcert)", "");
            let same = bare.starts_with(&case.libpq);
            if same == deviation.is_some() {
                wrong.push(format!(
                    "{}: libpq says: {}; ours: {shown}",
                    case.id, case.libpq
                ));
            }
        }
    }
    println!("{agreed} of {} cases agree with libpq", cases.len());
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(cases.len() >= 160, "only {} cases", cases.len());
}

#[test]
fn verdicts_are_the_same_in_tls_1_2() {
    for case in cases() {
        // rustls speaks RSASSA-PSS keys in TLS 1.3 alone.
        if case.id == "rsapss" {
            continue;
        }
        let new = judge(&case, TLS13).map_err(|error| error.to_string());
        let old = judge(&case, TLS12).map_err(|error| error.to_string());
        assert_eq!(new, old, "{}", case.id);
    }
}
