//! Connections: how many there are, how long they may say nothing, and who is behind them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use results::serve::Settings;

use super::super::world::World;
use super::{Service, service, service_with};

/// Connects from another address of this machine.
fn from(address: [u8; 4], to: SocketAddr) -> std::io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((address, 0)))?;
        socket.connect(to).await
    })?;
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// What comes back on a connection.
fn answer(service: &Service, stream: &mut TcpStream) -> String {
    let _ = stream.write_all(format!("GET /healthz HTTP/1.1\r\n{}\r\n\r\n", service.host()).as_bytes());
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut bytes = [0; 4096];
    let read = stream.read(&mut bytes).unwrap_or_default();
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

#[test]
fn the_limits_are_those_that_are_written_down() {
    let settings = Settings::new(Vec::new(), "state".into(), "results".into());
    assert_eq!((settings.connections, settings.of_address, settings.watchers), (512, 64, 1000));
    assert_eq!((settings.head.as_secs(), settings.idle.as_secs()), (10, 300));
    assert_eq!((settings.grace.as_secs(), settings.look.as_secs(), settings.keep.as_secs()), (10, 5, 600));
    let limits = settings.limits;
    assert_eq!(
        (limits.queue, limits.wait.as_secs(), limits.memory, limits.disk),
        (200, 30, 1_000_000_000, 4_000_000_000)
    );
    assert_eq!((limits.time.as_secs(), limits.flow.as_secs(), limits.stall.as_secs()), (60, 3600, 30));
    assert!((2..=8).contains(&limits.queries));
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8787");
}

#[test]
fn one_address_does_not_take_all_connections() {
    let service = service_with(|settings| {
        settings.connections = 5;
        settings.of_address = 3;
        settings.head = Duration::from_mins(10);
    });
    let open = |address: [u8; 4]| from(address, service.address).unwrap();
    let mut held: Vec<TcpStream> = (0..3).map(|_| open([127, 0, 0, 1])).collect();
    // Those of one address are so many, whatever is free.
    service_says_no(&service, open([127, 0, 0, 1]), "3 of your address are open");
    let mut other = open([127, 0, 0, 2]);
    assert!(answer(&service, &mut other).starts_with("HTTP/1.1 200"), "another address is let in");
    held.push(other);
    held.push(open([127, 0, 0, 3]));
    // Before anybody has said who they are: 5 in all.
    service_says_no(
        &service,
        open([127, 0, 0, 4]),
        "5 are open; close some, or let more in with --connections",
    );
    drop(held);
    service.until("somebody is let in again", |service| {
        answer(service, &mut open([127, 0, 0, 1])).starts_with("HTTP/1.1 200")
    });
}

fn service_says_no(service: &Service, mut stream: TcpStream, why: &str) {
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    let (head, body) =
        told.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{told:?} of {}", service.address));
    assert!(head.starts_with("HTTP/1.1 503") && body.contains(why), "{told}");
    let length = format!("Content-Length: {}", body.len());
    assert!(head.lines().any(|line| line == length), "{told}");
}

#[test]
#[ignore = "long"]
fn a_connection_that_does_nothing_is_closed_and_one_that_watches_is_not() {
    let world = World::new(2);
    world.analyse("run", &["--shard", "0/2"]);
    let idle = Duration::from_millis(1500);
    let service = Service::start(&[world.path("run")], |settings| {
        settings.idle = idle;
        settings.head = Duration::from_mins(10);
    });
    let mut events = super::live::Events::of(&service, "run");
    assert_eq!(events.next().unwrap().0, "status");
    let mut stream = TcpStream::connect(service.address).unwrap();
    // From before it asks: it is idle from when that is answered.
    let since = Instant::now();
    assert!(answer(&service, &mut stream).starts_with("HTTP/1.1 200"));
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    let took = since.elapsed();
    assert!(rest.is_empty() && took >= idle && took < Duration::from_secs(50), "{took:?}");
    assert_eq!(super::metric(&service, "results_watchers"), 1, "whoever watches is not idle");
}

#[test]
fn whoever_says_to_stand_behind_another_is_taken_for_who_they_are() {
    let service = service();
    let wrong = |n: u8| {
        let forwarded = format!("X-Forwarded-For: 10.0.0.{n}");
        let real = format!("Forwarded: for=10.0.0.{n}");
        let auth = "Authorization: Bearer rs_wrong";
        service.send(&["GET /api/v1/runs HTTP/1.1", &service.host(), auth, &forwarded, &real], b"").status
    };
    assert_eq!([0, 1, 2, 3, 4].map(wrong), [401; 5]);
    // Where one takes as long as the delay, that grows with each that gets through.
    let mut n = 5;
    service.until("the next waits", |_| {
        n += 1;
        wrong(n) == 429
    });
    let audit = service.audit();
    let refused: Vec<_> = audit.iter().filter(|line| line["event"] == "refused").collect();
    assert!(refused.len() >= 5 && refused.iter().all(|line| line["address"] == "127.0.0.1"), "{refused:?}");
    // Nor does a name that another one heard count.
    let reply = service.send(
        &["GET /healthz HTTP/1.1", "Host: evil.example", &format!("X-Forwarded-Host: {}", service.address)],
        b"",
    );
    assert_eq!(reply.status, 421);
}

#[test]
fn a_head_has_so_many_bytes() {
    let service = service();
    for bytes in [8 << 10, 20 << 10, 1 << 20] {
        let long = format!("X: {}", "x".repeat(bytes));
        let reply = service.send(&["GET /healthz HTTP/1.1", &service.host(), &long], b"");
        if bytes < 16 << 10 {
            assert_eq!(reply.status, 200);
        } else {
            assert!(matches!(reply.status, 0 | 400 | 431), "{bytes}: {reply:?}");
        }
    }
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}: y")).collect();
    let host = service.host();
    let lines: Vec<&str> =
        ["GET /healthz HTTP/1.1", &host].into_iter().chain(many.iter().map(String::as_str)).collect();
    assert!(matches!(service.send(&lines, b"").status, 0 | 400 | 431));
}
