//! The client's certificate: which files are read, what is refused, what the server gets to see.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// The files of `testdata` under other names in a directory of the test's own, keys as their owner's alone.
fn copy(directory: &Temporary, from: &str, to: &str, mode: u32) -> String {
    let path = directory.0.join(to);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(data(from), &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn load(settings: &Settings<'_>) -> Result<TlsConfig> {
    TlsConfig::load(settings, &World::default())
}

fn why(outcome: Result<TlsConfig>) -> String {
    outcome.err().expect("refused").message().to_owned()
}

#[test]
fn every_form_of_key_is_read_and_signs() {
    let directory = Temporary::new("keys");
    let mut count = 0;
    for (certificate, key, password) in [
        ("client.crt", "client.key", None),
        ("client.crt", "client.sec1.key", None),
        ("client.crt", "client.der.key", None),
        ("client.crt", "client.sec1.der.key", None),
        ("client.crt", "client.pbes2.key", Some("secret")),
        ("client.crt", "client.pbes2.der.key", Some("secret")),
        ("client.crt", "client.legacy.key", Some("secret")),
        ("clientrsa.crt", "rsa.key", None),
        ("clientrsa.crt", "rsa.pkcs1.key", None),
        ("clientrsa.crt", "rsa.der.key", None),
        ("clientrsa.crt", "rsa.pkcs1.der.key", None),
        ("clientrsa.crt", "rsa.pbes2.key", Some("secret")),
        ("clientrsa.crt", "rsa.pbes2.der.key", Some("secret")),
        ("clientrsa.crt", "rsa.legacy.key", Some("secret")),
        ("clientrsa.crt", "rsa.key", Some("not needed")),
        ("cliented.crt", "ed25519.key", None),
        ("p384.crt", "server384.key", None),
        ("p521.crt", "server521.key", None),
    ] {
        let key_path = copy(&directory, key, &format!("{count}.key"), 0o600);
        let certificate_path = data(certificate);
        let settings = Settings {
            sslcert: certificate_path.to_str(),
            sslkey: Some(&key_path),
            sslpassword: password.map(str::as_bytes),
            sslcertmode: CertMode::Require,
            ..settings()
        };
        let config = load(&settings).unwrap_or_else(|error| panic!("{key}: {error}"));
        for versions in [TLS12, TLS13] {
            let server = Server {
                asks: true,
                versions,
                ..Server::default()
            };
            let (client, server) = shake(&config, &server, 4096).unwrap();
            assert!(client.client_certificate_sent(), "{key}");
            let seen = server.peer_certificates().unwrap();
            let expected = Certificate::chain_from_pem(text(certificate).as_bytes()).unwrap();
            assert_eq!(seen[0].as_ref(), expected[0].to_der().unwrap(), "{key}");
            count += 1;
        }
    }
    assert_eq!(count, 36);
}

#[test]
fn encrypted_keys_need_their_password_and_nobody_is_asked() {
    let directory = Temporary::new("passwords");
    let certificate = data("client.crt");
    for name in [
        "client.pbes2.key",
        "client.legacy.key",
        "client.pbes2.der.key",
        "client.scrypt.key",
    ] {
        let key = copy(&directory, name, name, 0o600);
        let long = "x".repeat(5000);
        for password in [None, Some(""), Some("wrong"), Some(long.as_str())] {
            let settings = Settings {
                sslcert: certificate.to_str(),
                sslkey: Some(&key),
                sslpassword: password.map(str::as_bytes),
                ..settings()
            };
            let said = why(load(&settings));
            assert!(
                said.starts_with(&format!(
                    "could not load private key file \"{key}\" (sslkey): "
                )),
                "{said}"
            );
            assert!(!said.contains("wrong") && !said.contains(&long), "{said}");
        }
    }
}

#[test]
fn a_key_file_is_judged_as_libpq_judges_it() {
    let directory = Temporary::new("permissions");
    let certificate = data("client.crt");
    let said = |key: &str| {
        let settings = Settings {
            sslcert: certificate.to_str(),
            sslkey: Some(key),
            ..settings()
        };
        load(&settings)
            .err()
            .map(|error| error.message().to_owned())
    };
    let file = copy(&directory, "client.key", "key", 0o604);
    assert_eq!(
        said(&file).unwrap(),
        format!(
            "private key file \"{file}\" (sslkey) has group or world access; file must have permissions u=rw (0600) or less if owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root"
        )
    );
    copy(&directory, "client.key", "key", 0o600);
    assert_eq!(said(&file), None);
    let missing = directory.0.join("none").to_str().unwrap().to_owned();
    assert_eq!(
        said(&missing).unwrap(),
        format!("certificate present, but not private key file \"{missing}\" (sslkey)")
    );
    let folder = directory.0.to_str().unwrap();
    assert_eq!(
        said(folder).unwrap(),
        format!("private key file \"{folder}\" (sslkey) is not a regular file")
    );
    assert_eq!(
        said("/dev/null").unwrap(),
        "private key file \"/dev/null\" (sslkey) is not a regular file"
    );
    let garbage = copy(&directory, "garbage.pem", "garbage", 0o600);
    assert!(said(&garbage).unwrap().starts_with(&format!(
        "could not load private key file \"{garbage}\" (sslkey): no start line"
    )));
    let other = copy(&directory, "server.key", "other", 0o600);
    assert_eq!(
        said(&other).unwrap(),
        format!(
            "certificate does not match private key file \"{other}\" (sslkey): key values mismatch"
        )
    );
}

#[test]
fn the_certificate_file_may_be_missing_but_not_broken() {
    let directory = Temporary::new("certificates");
    let key = copy(&directory, "client.key", "key", 0o600);
    let said = |certificate: &str| {
        let settings = Settings {
            sslcert: Some(certificate),
            sslkey: Some(&key),
            ..settings()
        };
        load(&settings)
            .map(|config| config.identity.is_some())
            .map_err(|error| error.to_string())
    };
    assert_eq!(said(data("client.crt").to_str().unwrap()), Ok(true));
    assert_eq!(said(directory.0.join("none").to_str().unwrap()), Ok(false));
    assert_eq!(said(&format!("{key}/none")), Ok(false));
    let folder = directory.0.to_str().unwrap();
    assert_eq!(
        said(folder),
        Err(format!(
            "could not read certificate file \"{folder}\" (sslcert): it is not a regular file"
        ))
    );
    let garbage = data("garbage.pem").to_str().unwrap().to_owned();
    assert_eq!(
        said(&garbage),
        Err(format!(
            "could not read certificate file \"{garbage}\" (sslcert): no start line"
        ))
    );
}

#[test]
fn defaults_are_in_the_home_directory() {
    let directory = Temporary::new("home");
    copy(&directory, "root.crt", ".postgresql/root.crt", 0o644);
    copy(
        &directory,
        "client.crt",
        ".postgresql/postgresql.crt",
        0o644,
    );
    copy(
        &directory,
        "client.key",
        ".postgresql/postgresql.key",
        0o600,
    );
    let world = World {
        home: Some(directory.0.clone()),
        ..World::default()
    };
    let server = Server {
        asks: true,
        ..Server::default()
    };
    let strict = Settings {
        verify: Verify::Full,
        ..settings()
    };
    let config = TlsConfig::load(&strict, &world).unwrap();
    let (client, _) = shake(&config, &server, 4096).unwrap();
    assert!(client.client_certificate_sent());
    // A root file is there, so that even sslmode=prefer verifies.
    let lax = TlsConfig::load(&settings(), &world).unwrap();
    let other = Server {
        chain: "self.crt",
        ..Server::default()
    };
    assert!(shake(&lax, &other, 4096).is_err());
    // The list is there, and the certificate is on it.
    copy(&directory, "rootrevoked.crl", ".postgresql/root.crl", 0o644);
    let config = TlsConfig::load(&strict, &world).unwrap();
    let error = shake(&config, &server, 4096).err().unwrap();
    assert_eq!(
        error.message(),
        "SSL error: certificate verify failed: certificate revoked"
    );
    // An sslcrl of one's own takes its place.
    let list = data("root.crl");
    let named = Settings {
        sslcrl: list.to_str(),
        ..strict
    };
    assert!(shake(&TlsConfig::load(&named, &world).unwrap(), &server, 4096).is_ok());
    // sslcertmode=disable: not even looked at.
    copy(
        &directory,
        "garbage.pem",
        ".postgresql/postgresql.crt",
        0o644,
    );
    assert!(TlsConfig::load(&named, &world).is_err());
    let disabled = Settings {
        sslcertmode: CertMode::Disable,
        ..named
    };
    let (client, _) = shake(&TlsConfig::load(&disabled, &world).unwrap(), &server, 4096).unwrap();
    assert!(client.client_certificate_requested() && !client.client_certificate_sent());
}

#[test]
fn nobody_without_a_home_is_verified() {
    for (verify, expected) in [
        (Verify::None, None),
        (
            Verify::Ca,
            Some("could not get home directory to locate root certificate file"),
        ),
        (
            Verify::Full,
            Some("could not get home directory to locate root certificate file"),
        ),
    ] {
        let settings = Settings {
            verify,
            ..settings()
        };
        let said = load(&settings)
            .err()
            .map(|error| error.message().to_owned());
        assert_eq!(
            said.as_deref().and_then(|said| said.lines().next()),
            expected
        );
    }
}

#[test]
fn sslcertmode_require_wants_to_be_asked_and_to_have_sent() {
    let directory = Temporary::new("require");
    let key = copy(&directory, "client.key", "key", 0o600);
    let certificate = data("client.crt");
    let with = Settings {
        sslcert: certificate.to_str(),
        sslkey: Some(&key),
        sslcertmode: CertMode::Require,
        ..settings()
    };
    let without = Settings {
        sslcertmode: CertMode::Require,
        ..settings()
    };
    for versions in [TLS12, TLS13] {
        let asking = Server {
            asks: true,
            versions,
            ..Server::default()
        };
        let silent = Server {
            versions,
            ..Server::default()
        };
        assert!(shake(&load(&with).unwrap(), &asking, 4096).is_ok());
        let said = |settings, server| shake(&load(settings).unwrap(), server, 4096).err().unwrap();
        assert_eq!(
            said(&with, &silent).message(),
            "server did not request an SSL certificate"
        );
        assert_eq!(
            said(&without, &asking).message(),
            "server accepted connection without a valid SSL certificate"
        );
    }
}

#[test]
fn a_lone_certificate_is_completed_from_the_roots() {
    let directory = Temporary::new("chain");
    let key = copy(&directory, "clientinter.key", "key", 0o600);
    let (certificate, roots) = (data("clientinter.crt"), data("rootinter.pem"));
    let settings = Settings {
        sslcert: certificate.to_str(),
        sslkey: Some(&key),
        sslrootcert: roots.to_str(),
        ..settings()
    };
    let server = Server {
        asks: true,
        ..Server::default()
    };
    let (_, server) = shake(&load(&settings).unwrap(), &server, 4096).unwrap();
    assert_eq!(server.peer_certificates().unwrap().len(), 3);
}

#[test]
fn everything_works_from_memory() {
    let (root, certificate, key) = (
        text("root.crt"),
        text("client.crt"),
        text("client.pbes2.key"),
    );
    let memory = Settings {
        verify: Verify::Full,
        sslrootcert_pem: Some(&root),
        sslcert_pem: Some(&certificate),
        sslkey_pem: Some(&key),
        sslpassword: Some(b"secret"),
        ..settings()
    };
    let server = Server {
        asks: true,
        ..Server::default()
    };
    let (client, _) = shake(&load(&memory).unwrap(), &server, 4096).unwrap();
    assert!(client.client_certificate_sent());
    for (broken, expected) in [
        (
            Settings {
                sslrootcert_pem: Some("x"),
                ..memory
            },
            "could not read the root certificates in sslrootcert_pem: no certificate or crl found",
        ),
        (
            Settings {
                sslcert_pem: Some("x"),
                ..memory
            },
            "could not read the certificate in sslcert_pem: no start line",
        ),
        (
            Settings {
                sslkey_pem: Some("x"),
                ..memory
            },
            "could not read the private key in sslkey_pem: no start line",
        ),
        (
            Settings {
                sslrootcert: Some("system"),
                ..memory
            },
            "both \"sslrootcert_pem\" and \"sslrootcert\" are given",
        ),
        (
            Settings {
                sslcert: Some("y"),
                ..memory
            },
            "both \"sslcert_pem\" and \"sslcert\" are given",
        ),
        (
            Settings {
                sslkey: Some("y"),
                ..memory
            },
            "both \"sslkey_pem\" and \"sslkey\" are given",
        ),
    ] {
        assert_eq!(why(load(&broken)), expected);
    }
}

#[test]
fn the_systems_roots_are_where_openssl_looks() {
    let directory = Temporary::new("system");
    let file = data("root.crt").to_str().unwrap().to_owned();
    let system = Settings {
        verify: Verify::Full,
        sslrootcert: Some("system"),
        ..settings()
    };
    let nowhere = directory.0.join("none").to_str().unwrap().to_owned();
    let world = |file: &str, directory: &str| World {
        variables: vec![
            ("SSL_CERT_FILE", file.to_owned()),
            ("SSL_CERT_DIR", directory.to_owned()),
        ],
        ..World::default()
    };
    let verdict = |world: &World| {
        TlsConfig::load(&system, world)
            .and_then(|config| shake(&config, &Server::default(), 4096).map(|_| ()))
    };
    assert!(verdict(&world(&file, &nowhere)).is_ok());
    assert!(verdict(&world(data("other.crt").to_str().unwrap(), &nowhere)).is_err());
    assert_eq!(
        verdict(&world(&nowhere, &nowhere)).err().unwrap().message(),
        "could not load system root certificates: this system keeps none where they are looked for"
    );
    // A directory of hashed names, found through the second of a list. The name is what `openssl x509 -hash` says.
    let hash = text("root.hash");
    copy(
        &directory,
        "root.crt",
        &format!("hashed/{}.0", hash.trim()),
        0o644,
    );
    let list = format!("{nowhere}:{}", directory.0.join("hashed").display());
    assert!(verdict(&world(&nowhere, &list)).is_ok());
    for verify in [Verify::None, Verify::Ca] {
        let weak = Settings { verify, ..system };
        assert_eq!(
            why(TlsConfig::load(&weak, &world(&file, &nowhere))),
            "weak sslmode may not be used with sslrootcert=system (use \"verify-full\")"
        );
    }
}

#[test]
fn a_key_under_scrypt_is_refused_by_name() {
    // AWS-LC derives keys by PBKDF2 alone; `openssl pkcs8` uses scrypt only when told to.
    let key = text("client.scrypt.key");
    let certificate = text("client.crt");
    let settings = Settings {
        sslcert_pem: Some(&certificate),
        sslkey_pem: Some(&key),
        sslpassword: Some(b"secret"),
        ..settings()
    };
    assert_eq!(
        why(load(&settings)),
        "could not read the private key in sslkey_pem: unsupported key derivation function"
    );
}
