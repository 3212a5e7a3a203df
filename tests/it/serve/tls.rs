//! The service over TLS, and what it is not started with.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, StreamOwned, SupportedProtocolVersion};

use super::super::world::World;
use super::client::{Reply, parse};
use super::{Service, merged};

const ONE: [&str; 2] = [include_str!("tls/one.pem"), include_str!("tls/one.key")];
const OTHER: [&str; 2] = [include_str!("tls/other.pem"), include_str!("tls/other.key")];

/// Takes any certificate, and keeps it to be looked at.
#[derive(Debug, Default)]
struct Seen(Mutex<Vec<u8>>);

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = end_entity.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Sends a request over TLS; gives the answer and the certificate.
fn exchange(
    address: SocketAddr,
    versions: &[&'static SupportedProtocolVersion],
    lines: &[&str],
    body: &str,
) -> (Reply, Vec<u8>) {
    let seen = Arc::new(Seen::default());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let name = ServerName::try_from("lab.example.org").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut stream = StreamOwned::new(client, tcp);
    let head = format!(
        "{}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        lines.join("\r\n"),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let certificate = seen.0.lock().unwrap().clone();
    (parse(&bytes), certificate)
}

/// A service over TLS that waits so long for a handshake and for a head, with the folder of its certificate.
fn encrypted(head: Duration) -> (Service, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), ONE);
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("c.key"));
    let service = Service::start(&[merged().path("merged")], |settings| {
        settings.tls = Some((certificate, key));
        settings.head = head;
        settings.host_names = vec!["lab.example.org".into()];
    });
    (service, folder)
}

fn put(folder: &std::path::Path, [certificate, key]: [&str; 2]) {
    std::fs::write(folder.join("c.key"), key).unwrap();
    std::fs::write(folder.join("c.pem"), certificate).unwrap();
}

#[test]
fn both_versions_are_spoken_and_cookies_are_bound_to_them() {
    let (service, _folder) = encrypted(Duration::from_mins(1));
    for version in [&TLS12, &TLS13] {
        let host = "Host: lab.example.org";
        let (reply, _) = exchange(service.address, &[version], &["GET /healthz HTTP/1.1", host], "");
        assert_eq!((reply.status, reply.text().as_str()), (200, "ok\n"), "{version:?}");
    }
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let lines = ["POST /login HTTP/1.1", "Host: lab.example.org", kind];
    let (reply, _) = exchange(service.address, &[&TLS13], &lines, &format!("token={}", service.token));
    let cookie = reply.head("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("__Host-results_{}=", service.address.port())), "{cookie}");
    for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    // A page of ours elsewhere is not ours: the name must fit too.
    let wrong = ["GET /healthz HTTP/1.1", "Host: evil.example"];
    assert_eq!(exchange(service.address, &[&TLS13], &wrong, "").0.status, 421);
    // What is not TLS is not answered.
    let reply = service.send(&["GET /healthz HTTP/1.1", &service.host()], b"");
    assert_eq!(reply.status, 0, "{reply:?}");
}

#[test]
#[ignore = "long"]
fn whoever_begins_and_says_nothing_is_let_go() {
    let (service, _folder) = encrypted(Duration::from_secs(2));
    for begin in [&b""[..], b"\x16\x03\x01"] {
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.write_all(begin).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let since = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(since.elapsed() < Duration::from_secs(50), "{begin:?}");
    }
}

#[test]
#[ignore = "long"]
fn a_certificate_that_is_renewed_is_used() {
    let (service, folder) = encrypted(Duration::from_mins(1));
    let now = || {
        let lines = ["GET /healthz HTTP/1.1", "Host: lab.example.org"];
        let (reply, certificate) = exchange(service.address, &[&TLS13], &lines, "");
        assert_eq!(reply.status, 200);
        certificate
    };
    let first = now();
    put(folder.path(), OTHER);
    service.until("the new one is used", |_| now() != first);
    // One that cannot be used does not end what is there.
    let second = now();
    std::fs::write(folder.path().join("c.pem"), "nonsense").unwrap();
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(now(), second);
}

#[test]
fn what_cannot_be_used_ends_the_start_and_says_what_to_do() {
    let world = World::new(1);
    world.analyse("run", &[]);
    for (name, text) in [("one.pem", ONE[0]), ("one.key", ONE[1]), ("other.key", OTHER[1]), ("empty.pem", "")]
    {
        world.write(name, text);
    }
    std::fs::create_dir(world.path("open")).unwrap();
    std::fs::set_permissions(world.path("open"), std::fs::Permissions::from_mode(0o755)).unwrap();
    for (name, file) in [("tokens", "tokens.yaml"), ("first", "token"), ("audit", "audit.ndjson")] {
        let state = world.path(name);
        std::fs::create_dir(&state).unwrap();
        std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(state.join(file), "tokens: []\n").unwrap();
        std::fs::set_permissions(state.join(file), std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let tls = |certificate: &'static str, key: &'static str| {
        ["--listen", "0", "--tls-cert", certificate, "--tls-key", key].map(str::to_owned).to_vec()
    };
    let listen = |at: &str| vec!["--listen".to_owned(), at.to_owned()];
    let state = |name: &str| [listen("0"), vec!["--state".into(), name.to_owned()]].concat();
    let cases: [(Vec<String>, &[&str]); 15] = [
        (tls("one.pem", "other.key"), &["other.key", "the key of", "--tls-key"]),
        (tls("absent.pem", "one.key"), &["absent.pem", "--tls-cert"]),
        (tls("empty.pem", "one.key"), &["empty.pem", "no certificate"]),
        (tls("one.key", "one.key"), &["one.key"]),
        (tls("one.pem", "one.pem"), &["one.pem"]),
        (listen(&taken), &["another program listens there", "--listen"]),
        (listen("192.0.2.1:0"), &["--tls-cert", "--insecure-no-tls"]),
        (
            [listen("192.0.2.1:0"), vec!["--insecure-no-tls".into()]].concat(),
            &["isn't an address of this machine"],
        ),
        (listen("nonsense"), &["--listen", "ADDRESS:PORT"]),
        (listen("127.0.0.1:99999"), &["--listen"]),
        (state("open"), &["may be read by others", "chmod 700"]),
        (state("tokens"), &["tokens.yaml", "may be read by others", "chmod 600"]),
        (state("first"), &["token", "may be read by others", "chmod 600"]),
        (state("audit"), &["audit.ndjson", "may be read by others", "chmod 600"]),
        (state("one.pem"), &["one.pem", "--state"]),
    ];
    for (more, words) in cases {
        let mut args = vec!["serve", "run"];
        if !more.contains(&"--state".to_owned()) {
            args.extend(["--state", "state"]);
        }
        args.extend(more.iter().map(String::as_str));
        let said = world.run(&args);
        assert_eq!(said.code, Some(2), "{args:?}: {said:?}");
        for words in words {
            assert!(said.err.contains(words), "{args:?}: {words}: {}", said.err);
        }
    }
    drop(other);
}
