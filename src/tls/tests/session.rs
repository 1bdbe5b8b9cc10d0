//! The session: bytes in any portions, bounded buffers, what a server may not do.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use super::*;

fn load(settings: &Settings<'_>) -> TlsConfig {
    TlsConfig::load(settings, &World::default()).unwrap()
}

fn said<T>(outcome: Result<T>) -> String {
    outcome.err().expect("refused").message().to_owned()
}

/// All plaintext that is there.
fn drain(client: &mut TlsSession, limit: usize) -> (Vec<u8>, Plaintext) {
    let mut all = Vec::new();
    loop {
        let before = all.len();
        match client.read(&mut all, limit).unwrap() {
            Plaintext::Bytes(count) => assert_eq!(all.len() - before, count),
            end => return (all, end),
        }
        assert!(all.len() - before <= limit);
    }
}

#[test]
fn one_byte_at_a_time_and_all_at_once() {
    for versions in [TLS12, TLS13] {
        for step in [1, 7, 1_000_000] {
            let server = Server {
                versions,
                ..Server::default()
            };
            let (mut client, mut server) = shake(&load(&settings()), &server, step).unwrap();
            assert_eq!(client.write(b"a question").unwrap(), 10);
            to_server(&mut client, &mut server, step);
            let mut heard = [0; 64];
            assert_eq!(server.reader().read(&mut heard).unwrap(), 10);
            assert_eq!(&heard[..10], b"a question");
            for word in ["an ", "answer ", "in pieces"] {
                server.writer().write_all(word.as_bytes()).unwrap();
            }
            server.send_close_notify();
            to_client(&mut server, &mut client, step).unwrap();
            for limit in [3, 4096] {
                let (heard, end) = drain(&mut client, limit);
                assert_eq!(end, Plaintext::End);
                assert_eq!(
                    heard,
                    if limit == 3 {
                        &b"an answer in pieces"[..]
                    } else {
                        b""
                    }
                );
            }
        }
    }
}

#[test]
fn nothing_is_left_undrained_and_nothing_grows() {
    let (mut client, mut server) = shake(&load(&settings()), &Server::default(), 4096).unwrap();
    server.set_buffer_limit(None);
    let sent: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
    // Records of all sizes.
    for piece in sent.chunks(5003) {
        server.writer().write_all(piece).unwrap();
    }
    let mut wire = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut wire).unwrap();
    }
    let (mut heard, mut rest) = (Vec::new(), wire.as_slice());
    while !rest.is_empty() {
        let (space, most) = client.receive_space();
        let count = most.min(rest.len());
        space.extend_from_slice(&rest[..count]);
        assert!(space.capacity() < 64 * 1024);
        rest = &rest[count..];
        client.handle_received().unwrap();
        let (more, end) = drain(&mut client, 1000);
        assert_eq!(end, Plaintext::Nothing);
        heard.extend_from_slice(&more);
    }
    assert_eq!(heard, sent);
}

#[test]
fn a_reader_that_does_not_read_stops_the_intake() {
    let (mut client, mut server) = shake(&load(&settings()), &Server::default(), 4096).unwrap();
    server.set_buffer_limit(None);
    server.writer().write_all(&vec![7; 1_000_000]).unwrap();
    let mut wire = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut wire).unwrap();
    }
    let mut taken = 0;
    loop {
        let (space, most) = client.receive_space();
        if most == 0 {
            break;
        }
        space.extend_from_slice(&wire[taken..taken + most]);
        taken += most;
        assert!(taken < 200_000, "it takes no end");
        client.handle_received().unwrap();
    }
    let (heard, end) = drain(&mut client, 4096);
    assert_eq!(end, Plaintext::Nothing);
    assert!(heard.iter().all(|&byte| byte == 7) && heard.len() > 10_000);
}

#[test]
fn a_writer_is_bounded_too() {
    let (mut client, mut server) = shake(&load(&settings()), &Server::default(), 4096).unwrap();
    let sent: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 241) as u8).collect();
    let (mut at, mut heard) = (0, Vec::new());
    while at < sent.len() {
        let count = client.write(&sent[at..]).unwrap();
        assert!(count <= 128 * 1024);
        if count == 0 {
            assert!(client.wants_write());
        }
        at += count;
        while client.wants_write() {
            let waiting = client.poll_transmit();
            let mut piece = &waiting[..waiting.len().min(4096)];
            let taken = server.read_tls(&mut piece).unwrap();
            client.handle_sent(taken);
            server.process_new_packets().unwrap();
            let mut bytes = [0; 32768];
            while let Ok(count @ 1..) = server.reader().read(&mut bytes) {
                heard.extend_from_slice(&bytes[..count]);
            }
        }
    }
    assert!(heard == sent);
}

#[test]
fn nothing_is_written_before_the_server_is_known() {
    let mut client = TlsSession::start(&load(&settings())).unwrap();
    assert!(client.is_handshaking() && client.wants_write());
    assert_eq!(client.write(b"password").unwrap(), 0);
    assert_eq!(client.server_end_point(), None);
    assert_eq!(client.protocol(), None);
}

#[test]
fn garbage_is_an_error_of_our_own_words() {
    let mut huge = b"\x16\x03\x03\xff\xff".to_vec();
    huge.resize(16_000, b'x');
    for answer in [
        &b"E\0\0\0\x20SFATAL\0C28000\0Mplease send it again\0\0"[..],
        b"HTTP/1.1 400 Bad Request\r\nplease send it again\r\n\r\n",
        b"\x15\x03\x03\0\x02\x02\x28",
        b"\x17\x03\x03\0\x05hello",
        &huge,
        &[0; 100],
    ] {
        let mut client = TlsSession::start(&load(&settings())).unwrap();
        let (space, _) = client.receive_space();
        space.extend_from_slice(answer);
        let error = client.handle_received().expect_err("refused");
        assert!(error.message().starts_with("SSL error: "), "{error}");
        assert!(!error.message().contains("please"), "{error}");
        assert!(error.breaks_connection());
        assert_eq!(error.class(), Class::Operational);
    }
}

#[test]
fn flipped_bits_anywhere_never_connect_or_panic() {
    // Every byte of the server's first flight, one at a time: an error, or a handshake that never ends.
    let config = load(&settings());
    for at in (0..1200).step_by(3) {
        let mut client = TlsSession::start(&config).unwrap();
        let mut server = Server {
            versions: TLS12,
            ..Server::default()
        }
        .start();
        to_server(&mut client, &mut server, 4096);
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let Some(byte) = wire.get_mut(at) else {
            break;
        };
        *byte ^= 0x41;
        let (space, _) = client.receive_space();
        space.extend_from_slice(&wire);
        let _ = client.handle_received();
        to_server(&mut client, &mut server, 4096);
        let _ = to_client(&mut server, &mut client, 4096);
        assert!(client.is_handshaking(), "byte {at}");
    }
}

#[test]
fn an_end_is_an_end() {
    let (mut client, mut server) = shake(&load(&settings()), &Server::default(), 4096).unwrap();
    server.writer().write_all(b"last words").unwrap();
    to_client(&mut server, &mut client, 4096).unwrap();
    client.handle_eof();
    assert_eq!(
        drain(&mut client, 100),
        (b"last words".to_vec(), Plaintext::End)
    );
    client.close_notify();
    assert!(client.wants_write());
    to_server(&mut client, &mut server, 4096);
    assert_eq!(server.reader().read(&mut [0; 8]).unwrap(), 0, "a clean end");
}

#[test]
fn direct_negotiation_needs_the_protocols_name() {
    let direct = Settings {
        direct: true,
        ..settings()
    };
    let mute = Server {
        alpn: None,
        ..Server::default()
    };
    assert!(shake(&load(&direct), &Server::default(), 4096).is_ok());
    assert!(shake(&load(&settings()), &mute, 4096).is_ok());
    assert_eq!(
        said(shake(&load(&direct), &mute, 4096)),
        "direct SSL connection was established without ALPN protocol negotiation extension"
    );
    let other = Server {
        alpn: Some(b"http/1.1"),
        ..Server::default()
    };
    assert_eq!(
        said(shake(&load(&direct), &other, 4096)),
        "SSL error: tlsv1 alert no application protocol"
    );
}

#[test]
fn versions_are_within_the_limits() {
    let limits = |min, max| Settings {
        ssl_min_protocol_version: min,
        ssl_max_protocol_version: max,
        ..settings()
    };
    for (min, max, expected) in [
        (None, None, "TLSv1.3"),
        (Some("TLSv1"), Some("TLSv1.2"), "TLSv1.2"),
        (Some("tlsv1.1"), Some("TLSv1.3"), "TLSv1.3"),
        (Some("TLSv1.3"), None, "TLSv1.3"),
        (Some("TLSv1.2"), Some("TLSv1.2"), "TLSv1.2"),
    ] {
        let config = load(&limits(min, max));
        let (client, _) = shake(&config, &Server::default(), 4096).unwrap();
        assert_eq!(client.protocol(), Some(expected));
        assert!(client.cipher().is_some());
        assert_eq!(client.alpn(), Some(&b"postgresql"[..]));
    }
    let refused = |min, max| {
        TlsConfig::load(&limits(min, max), &World::default())
            .err()
            .unwrap()
    };
    let error = refused(Some("TLSv1"), Some("TLSv1.1"));
    assert_eq!(error.class(), Class::NotSupported);
    assert_eq!(
        error.message(),
        "ssl_max_protocol_version \"TLSv1.1\" is not supported: this library speaks TLSv1.2 and TLSv1.3"
    );
    assert_eq!(
        refused(Some("TLSv1.3"), Some("TLSv1.2")).message(),
        "invalid SSL protocol version range"
    );
    assert_eq!(
        refused(Some("TLSv9"), None).message(),
        "invalid \"ssl_min_protocol_version\" value: \"TLSv9\""
    );
    let old = Server {
        versions: TLS12,
        ..Server::default()
    };
    assert_eq!(
        said(shake(&load(&limits(Some("TLSv1.3"), None)), &old, 4096)),
        "SSL error: unsupported protocol\nThis may indicate that the server does not support any SSL protocol version between TLSv1.3 and TLSv1.3."
    );
}

#[test]
fn the_name_is_sent_unless_it_is_an_address() {
    for (host, sslsni, expected) in [
        ("db.example", true, Some("db.example")),
        ("db.example", false, None),
        ("192.0.2.1", true, None),
        ("192.0.513", true, None),
        ("2001:db8::1", true, None),
        ("not a name", true, None),
        ("my_db", true, Some("my_db")),
        ("", true, None),
    ] {
        let config = load(&Settings {
            host,
            sslsni,
            ..settings()
        });
        let (_, server) = shake(&config, &Server::default(), 4096).unwrap();
        assert_eq!(server.server_name(), expected, "{host}");
    }
}

#[test]
fn the_key_log_is_appended_to_and_private() {
    let directory = Temporary::new("keylog");
    let path = directory.0.join("keys.log");
    let settings = Settings {
        sslkeylogfile: path.to_str(),
        ..settings()
    };
    for (versions, label) in [
        (TLS12, "CLIENT_RANDOM "),
        (TLS13, "SERVER_TRAFFIC_SECRET_0 "),
    ] {
        let server = Server {
            versions,
            ..Server::default()
        };
        shake(&load(&settings), &server, 4096).unwrap();
        let log = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = log.lines().filter(|line| line.starts_with(label)).collect();
        assert_eq!(lines.len(), 1, "{log}");
        let fields: Vec<_> = lines[0].split(' ').collect();
        assert_eq!((fields.len(), fields[1].len()), (3, 64));
    }
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("CLIENT_RANDOM "),
        "appended"
    );
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let nowhere = directory.0.join("none/keys.log");
    let settings = Settings {
        sslkeylogfile: nowhere.to_str(),
        ..settings
    };
    assert!(
        said(TlsConfig::load(&settings, &World::default())).starts_with(&format!(
            "could not open SSL key logging file \"{}\" (sslkeylogfile): ",
            nowhere.display()
        ))
    );
}

#[test]
fn the_end_point_is_rfc_5929s() {
    // endpoints.txt: what `openssl dgst` says of each certificate's DER.
    let mut count = 0;
    for line in text("endpoints.txt").lines() {
        let (name, expected) = line.split_once(' ').unwrap();
        let chain = Certificate::chain_from_pem(text(name).as_bytes()).unwrap();
        let digest = chain[0].end_point_digest();
        let hex = digest.map(|digest| {
            digest
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        });
        assert_eq!(hex.as_deref().unwrap_or("none"), expected, "{name}");
        count += 1;
    }
    assert!(count >= 8);
    let (client, _) = shake(&load(&settings()), &Server::default(), 4096).unwrap();
    assert_eq!(client.server_end_point().unwrap().len(), 32);
}

#[test]
fn a_server_without_the_key_is_found_out() {
    // The certificate of one, the key of another: the signature under the handshake is wrong.
    for versions in [TLS12, TLS13] {
        for (chain, key) in [
            ("dns.crt", "client.key"),
            ("rsa.crt", "rsapss.key"),
            ("rsa.crt", "server.key"),
            ("p384.crt", "server.key"),
        ] {
            let server = Server {
                chain,
                key,
                versions,
                ..Server::default()
            };
            let mut client = TlsSession::start(&load(&settings())).unwrap();
            let mut server = server.start();
            let mut outcome = Ok(());
            for _ in 0..4 {
                to_server(&mut client, &mut server, 4096);
                outcome = outcome.and_then(|()| to_client(&mut server, &mut client, 4096));
            }
            assert!(client.is_handshaking(), "{chain} {key}");
            // A key for RSASSA-PSS alone signs nothing in TLS 1.2: that server has no answer.
            if key != "rsapss.key" || versions[0].version == rustls::ProtocolVersion::TLSv1_3 {
                assert_eq!(
                    said(outcome),
                    "SSL error: the server's handshake signature is not valid for its certificate"
                );
            }
        }
    }
}

#[test]
fn a_scheme_names_its_curve_in_tls_1_3() {
    // RFC 8446, 4.2.3: ecdsa_secp256r1_sha256 is P-256's alone; in TLS 1.2 it was SHA-256 with any curve.
    let key = Key::from_private(text("server384.key").as_bytes(), None).unwrap();
    let signature = std::fs::read(data("p384sha256.sig")).unwrap();
    let scheme = rustls::SignatureScheme::ECDSA_NISTP256_SHA256;
    assert!(key.verify(scheme, b"a message", &signature, false));
    assert!(!key.verify(scheme, b"a message", &signature, true));
    assert!(!key.verify(scheme, b"another", &signature, false));
    // And PKCS#1 v1.5 is TLS 1.2's alone.
    let key = Key::from_private(text("rsa.key").as_bytes(), None).unwrap();
    let scheme = rustls::SignatureScheme::RSA_PKCS1_SHA256;
    let signature = key.sign(scheme, b"a message").unwrap();
    assert!(key.verify(scheme, b"a message", &signature, false));
    assert!(!key.verify(scheme, b"a message", &signature, true));
}

#[test]
fn a_server_may_insist_on_p521() {
    for versions in [TLS12, TLS13] {
        let server = Server {
            groups: Some(&[&super::super::p521::Secp521r1]),
            versions,
            ..Server::default()
        };
        let (client, _) = shake(&load(&settings()), &server, 4096).unwrap();
        assert!(client.protocol().is_some());
    }
}
