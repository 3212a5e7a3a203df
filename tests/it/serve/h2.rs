//! HTTP/2 frame by frame, as far as threats are made of them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::super::world::World;
use super::{Service, service};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GO_AWAY: u8 = 7;

/// Ends of a stream and of its heads.
const END: u8 = 1;
const END_OF_HEADS: u8 = 4;

/// A frame.
#[derive(Debug)]
struct Frame {
    kind: u8,
    stream: u32,
    bytes: Vec<u8>,
}

/// A connection.
struct Connection(TcpStream);

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        let mut connection = Self(stream);
        connection.send(SETTINGS, 0, 0, &[]).unwrap();
        connection
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, bytes: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(bytes);
        self.0.write_all(&frame)
    }

    /// Begins a request with heads that are written as they are.
    fn ask(&mut self, stream: u32, heads: &[(&str, &str)], is_all: bool) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        for (name, value) in heads {
            bytes.push(0);
            for text in [name, value] {
                assert!(text.len() < 127);
                bytes.push(u8::try_from(text.len()).unwrap());
                bytes.extend(text.as_bytes());
            }
        }
        self.send(HEADERS, END_OF_HEADS | if is_all { END } else { 0 }, stream, &bytes)
    }

    /// The next frame; none at the end.
    fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let mut bytes = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.0.read_exact(&mut bytes).ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(Frame { kind: head[3], stream, bytes })
    }

    /// Frames up to one of a kind on a stream.
    fn until(&mut self, kind: u8, stream: u32) -> Option<Frame> {
        std::iter::from_fn(|| self.next()).find(|frame| frame.kind == kind && frame.stream == stream)
    }
}

fn get<'a>(authority: &'a str, path: &'a str) -> [(&'a str, &'a str); 4] {
    [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", authority)]
}

/// A setting that the service told.
fn setting(frame: &Frame, id: u16) -> Option<u32> {
    let pairs = frame.bytes.chunks_exact(6);
    let mut values = pairs.filter(|pair| u16::from_be_bytes([pair[0], pair[1]]) == id);
    values.next().map(|pair| u32::from_be_bytes([pair[2], pair[3], pair[4], pair[5]]))
}

#[test]
fn a_foreign_authority_is_refused_and_so_is_a_foreign_host_beside_it() {
    let service = service();
    let own = service.address.to_string();
    let mut connection = Connection::open(service.address);
    connection.ask(1, &get(&own, "/healthz"), true).unwrap();
    assert_eq!(connection.until(DATA, 1).unwrap().bytes, b"ok\n");
    connection.ask(3, &get("evil.example", "/healthz"), true).unwrap();
    let told = String::from_utf8(connection.until(DATA, 3).unwrap().bytes).unwrap();
    assert!(told.contains("misdirected"), "{told}");
    let both = [&get(&own, "/healthz")[..], &[("host", "evil.example")]].concat();
    connection.ask(5, &both, true).unwrap();
    let told = String::from_utf8(connection.until(DATA, 5).unwrap().bytes).unwrap();
    assert!(told.contains("misdirected"), "{told}");
}

#[test]
fn a_connection_has_so_many_streams_and_no_more() {
    let world = World::new(2);
    world.analyse("run", &["--shard", "0/2"]);
    let service = Service::start(&[world.path("run")], |_| {});
    let own = service.address.to_string();
    let mut connection = Connection::open(service.address);
    let settings = connection.until(SETTINGS, 0).unwrap();
    assert_eq!((setting(&settings, 3), setting(&settings, 6)), (Some(100), Some(16 << 10)));
    let bearer = format!("Bearer {}", service.token);
    let watch = [&get(&own, "/api/v1/runs/run/events")[..], &[("authorization", bearer.as_str())]].concat();
    for stream in 0..101 {
        connection.ask(2 * stream + 1, &watch, true).unwrap();
    }
    // The last one is refused, and the others go on.
    let refused = connection.until(RESET, 201).unwrap();
    assert_eq!(refused.bytes, 7u32.to_be_bytes());
    service.until("the others watch", |service| super::metric(service, "results_watchers") == 100);
    drop(connection);
    service.until("nobody watches", |service| super::metric(service, "results_watchers") == 0);
}

#[test]
fn a_flood_of_streams_that_are_given_up_at_once_ends_its_connection_only() {
    let service = service();
    let own = service.address.to_string();
    let mut connection = Connection::open(service.address);
    let flood = (0..50_000).find_map(|stream| {
        let number = 2 * stream + 1;
        connection
            .ask(number, &get(&own, "/healthz"), true)
            .and_then(|()| connection.send(RESET, 0, number, &8u32.to_be_bytes()))
            .err()
    });
    // It is closed while it is written to, or says that it goes.
    let is_over =
        flood.is_some() || std::iter::from_fn(|| connection.next()).any(|frame| frame.kind == GO_AWAY);
    assert!(is_over, "it may go on for ever");
    assert_eq!(service.query("merged", "select 1 as n").status, 200);
}

#[test]
fn heads_that_are_too_long_are_not_read_to_their_end() {
    let service = service();
    let mut connection = Connection::open(service.address);
    // Heads that go on and on, without an end.
    let sent = (0..10_000).find_map(|n| {
        let (kind, flags) = if n == 0 { (HEADERS, 0) } else { (9, 0) };
        let mut bytes = vec![0, 1, b'x', 126];
        bytes.extend(vec![b'y'; 126]);
        connection.send(kind, flags, 1, &bytes.repeat(8)).err()
    });
    let is_over = sent.is_some()
        || std::iter::from_fn(|| connection.next())
            .any(|frame| matches!(frame.kind, GO_AWAY | RESET | HEADERS));
    assert!(is_over, "10 MB of heads were read");
    assert_eq!(service.query("merged", "select 1 as n").status, 200);
}
