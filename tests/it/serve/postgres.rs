//! The door for clients of Postgres, as far as bytes go; what clients do is in `tests/pg_clients.py`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use results::serve::Settings;

use super::{Service, metric, service_with};

fn service(change: impl FnOnce(&mut Settings)) -> Service {
    service_with(|settings| {
        settings.postgres = Some("127.0.0.1:0".parse().unwrap());
        change(settings);
    })
}

fn connect(service: &Service) -> TcpStream {
    let stream = TcpStream::connect(service.postgres.unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// A packet without a kind.
fn packet(code: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).unwrap();
    [&length.to_be_bytes(), &code.to_be_bytes(), body].concat()
}

const TLS: u32 = 80_877_103;
const THIRD: u32 = 3 << 16;

/// What comes back until the connection ends.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

/// What is offered to whoever begins, and is not too slow.
fn offered(service: &Service) -> std::io::Result<Vec<u8>> {
    let mut stream = connect(service);
    stream.write_all(&packet(TLS, b""))?;
    let mut answer = [0; 1];
    stream.read_exact(&mut answer)?;
    assert_eq!(answer, *b"N", "there is no certificate");
    stream.write_all(&packet(THIRD, b"user\0results\0\0"))?;
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    assert_eq!((head[0], &head[5..]), (b'R', &[0, 0, 0, 10][..]));
    let mut body = vec![0; usize::from(head[4]) - 8];
    stream.read_exact(&mut body)?;
    Ok(body)
}

#[test]
fn nothing_weaker_than_scram_is_offered() {
    let service = service(|_| {});
    assert_eq!(offered(&service).unwrap(), b"SCRAM-SHA-256\0\0");
    // A login that isn't one: the words of any other.
    for kind in [&b"p\0\0\0\x0asecret"[..], b"Q\0\0\0\x0dselect 1\0", b"p\0\0\0\x04"] {
        let mut stream = connect(&service);
        stream.write_all(&packet(THIRD, b"user\0results\0\0")).unwrap();
        stream.write_all(kind).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let said = String::from_utf8_lossy(&rest(&mut stream)).into_owned();
        assert!(said.contains("C28P01") && said.contains("the login failed"), "{said:?}");
    }
    assert!(service.audit().iter().any(|line| line["event"] == "refused" && line["protocol"] == "postgres"));
}

#[test]
#[ignore = "long"]
fn what_is_not_the_protocol_is_closed_and_takes_nothing() {
    let service = service(|settings| {
        settings.connections = 4;
        settings.head = Duration::from_millis(500);
    });
    let huge = [&u32::MAX.to_be_bytes()[..], &[0; 5000]].concat();
    let long = [&10_001_u32.to_be_bytes()[..], &[0; 9000]].concat();
    for bytes in [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        packet(2 << 16, b"user\0results\0\0"),
        packet(THIRD, b"user\0results"),
        packet(80_877_102, &[0; 8]),
        packet(80_877_102, &[0; 2]),
        packet(TLS, b"more than nothing"),
        huge,
        long,
        b"\x16\x03\x01\x02\0\x01".to_vec(),
        Vec::new(),
    ] {
        let mut stream = connect(&service);
        // It may be closed before all is there.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        assert_eq!(rest(&mut stream), b"", "{bytes:?}");
    }
    // Whoever says nothing is let go.
    let begun = Instant::now();
    assert_eq!(rest(&mut connect(&service)), b"");
    assert!(begun.elapsed() < Duration::from_secs(50));
    // Numbers that look random: a generator of two lines.
    let mut state = 42_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let seeds = [
        packet(TLS, b""),
        packet(THIRD, b"user\0results\0database\0run\0\0"),
        b"p\0\0\0\x20SCRAM-SHA-256\0".to_vec(),
    ];
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        let mut bytes: Vec<u8> = (0..=next() % 3).flat_map(|_| seeds[next() % seeds.len()].clone()).collect();
        for _ in 0..next() % 6 {
            let at = next() % bytes.len();
            bytes[at] = (next() % 256) as u8;
        }
        let mut stream = connect(&service);
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        rest(&mut stream);
    }
    service.until("all are gone", |service| service.get("/healthz").status == 200);
    service.until("whoever begins is offered it still", |service| {
        offered(service).is_ok_and(|kinds| kinds == b"SCRAM-SHA-256\0\0")
    });
}

#[test]
fn whoever_speaks_another_protocol_is_counted() {
    let service = service(|_| {});
    for bytes in [&b""[..], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut stream = connect(&service);
        stream.write_all(bytes).unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        assert_eq!(rest(&mut stream), b"");
    }
    // Whoever says nothing only looks whether the port is open.
    let line = "results_connections_refused_total{protocol=\"postgres\"}";
    service.until("it is counted", |service| metric(service, line) == 1);
}

#[test]
fn all_doors_have_the_same_connections() {
    let service = service(|settings| {
        settings.connections = 2;
        settings.head = Duration::from_mins(10);
    });
    // Those of one door are let in one after the other.
    let held = [connect(&service), connect(&service)];
    let said = String::from_utf8_lossy(&rest(&mut connect(&service))).into_owned();
    assert!(said.contains("C53300") && said.contains("--connections"), "{said:?}");
    let mut page = TcpStream::connect(service.address).unwrap();
    let said = String::from_utf8_lossy(&rest(&mut page)).into_owned();
    assert!(said.starts_with("HTTP/1.1 503"), "{said:?}");
    drop(held);
    service.until("there is room again", |service| {
        let mut stream = connect(service);
        let mut answer = [0; 1];
        stream.write_all(&packet(TLS, b"")).is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && answer == *b"N"
    });
}
