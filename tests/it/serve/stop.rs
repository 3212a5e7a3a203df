//! How a service ends: nobody is let in, queries have a while, then all is gone.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::client::{Download, parse};
use super::{ANY_PORTS, ENDLESS, encoded, first_line, merged, service, service_with};

#[test]
fn an_answer_on_its_way_has_a_while_and_nobody_else_is_let_in() {
    let mut service = service_with(|settings| settings.grace = Duration::from_mins(1));
    let sql = "select n, repeat('x', 100) as x from (select unnest(range(1, 300001)) as n)";
    let path = format!("/api/v1/query?run=merged&sql={}&format=csv", encoded(sql));
    let mut download = Download::begin(&service, &path);
    assert!(download.read(1000) > 0);
    let address = service.address;
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| service.stop());
        let since = Instant::now();
        while TcpStream::connect(address).is_ok() {
            assert!(since.elapsed() < Duration::from_secs(50), "they are let in still");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(!stopping.is_finished());
        let reply = download.rest();
        assert!(reply.is_whole && reply.status == 200);
        assert_eq!(reply.body.split(|b| *b == b'\n').count(), 300_002);
        stopping.join().unwrap();
    });
}

#[test]
fn a_query_that_does_not_end_is_ended() {
    let mut service = service_with(|settings| settings.grace = Duration::from_millis(700));
    let path = format!("/api/v1/query?run=merged&sql={}", encoded(ENDLESS));
    let download = Download::begin(&service, &path);
    service.until("it is at work", |service| service.get("/api/v1/queries").text() != "[]");
    let since = Instant::now();
    service.stop();
    let took = since.elapsed();
    assert!(took >= Duration::from_millis(700) && took < Duration::from_secs(50), "{took:?}");
    let reply = download.rest();
    assert_eq!((reply.status, reply.problem().as_str()), (503, "stopping"), "{reply:?}");
    assert!(reply.is_whole && reply.head("retry-after").is_some(), "{reply:?}");
}

#[test]
#[ignore = "long"]
fn rows_that_do_not_end_break_off_and_what_waits_is_told() {
    let mut service = service_with(|settings| {
        settings.grace = Duration::from_millis(700);
        settings.limits.queries = 1;
    });
    let sql = "select n, repeat('x', 1000) as x from (select unnest(range(1, 2000000)) as n)";
    let mut flowing =
        Download::begin(&service, &format!("/api/v1/query?run=merged&sql={}&format=csv", encoded(sql)));
    assert!(flowing.read(1000) > 0);
    let waiting = Download::begin(&service, "/api/v1/query?run=merged&sql=select%201%20as%20n");
    service.until("it waits", |service| super::metric(service, "results_queries_waiting") == 1);
    service.stop();
    let reply = waiting.rest();
    assert_eq!((reply.status, reply.problem().as_str()), (503, "stopping"), "{reply:?}");
    assert!(!flowing.rest().is_whole);
}

#[test]
#[ignore = "long"]
fn what_comes_while_it_stops_is_told_to_come_again() {
    let mut service = service_with(|settings| settings.grace = Duration::from_secs(3));
    let path = format!("/api/v1/query?run=merged&sql={}", encoded(ENDLESS));
    let _download = Download::begin(&service, &path);
    service.until("it is at work", |service| service.get("/api/v1/queries").text() != "[]");
    // A connection that has not asked yet, and one that asks for another query.
    let mut open = TcpStream::connect(service.address).unwrap();
    let begin = format!("GET /readyz HTTP/1.1\r\n{}\r\n", service.host());
    open.write_all(begin.as_bytes()).unwrap();
    std::thread::scope(|scope| {
        let address = service.address;
        let stopping = scope.spawn(|| service.stop());
        while TcpStream::connect(address).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = open.write_all(b"Connection: close\r\n\r\n");
        let mut bytes = Vec::new();
        let _ = open.read_to_end(&mut bytes);
        let reply = parse(&bytes);
        assert!(
            reply.status == 0 || (reply.status, reply.problem().as_str()) == (503, "stopping"),
            "{reply:?}"
        );
        stopping.join().unwrap();
    });
}

/// The command, its address and token, with its scratch in a folder of its own.
fn started(name: &str) -> (Child, SocketAddr, String) {
    let world = merged();
    let state = format!("state-{name}");
    std::fs::create_dir_all(world.path(name)).unwrap();
    let mut child = world
        .command(&[&["serve", "merged", "--state", &state, "--json", "--queries", "2"], ANY_PORTS].concat())
        .env("TMPDIR", world.path(name))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told = first_line(&mut child);
    let token = std::fs::read_to_string(world.path(&state).join("token")).unwrap();
    (child, told["address"].as_str().unwrap().parse().unwrap(), token.trim().to_owned())
}

/// Processes that another one started.
fn children(of: u32) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_of = |number: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{number}/status")).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("PPid:").is_some_and(|id| id.trim() == of.to_string()))
    };
    numbers.filter(is_of).collect()
}

#[test]
fn told_to_end_it_ends_well_and_leaves_nothing_behind() {
    let (mut child, address, token) = started("told");
    let (host, auth) = (format!("Host: {address}"), format!("Authorization: Bearer {token}"));
    let get = |path: &str| super::exchange(address, &[&format!("GET {path} HTTP/1.1"), &host, &auth], b"");
    assert_eq!(get("/api/v1/query?run=merged&sql=select%201%20as%20n").status, 200);
    let all = children(child.id());
    assert!(!all.is_empty());
    // The service lives still; whoever answered has ended some time behind its answer.
    merged().wait_until("what queries wrote is gone with them", |world| world.files("told").is_empty());
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let since = Instant::now();
    while all.iter().any(|one| !children_are_gone(*one)) {
        assert!(since.elapsed() < Duration::from_secs(50), "they are there still");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(std::fs::read_dir(merged().path("told")).unwrap().count(), 0, "scratch is left behind");
}

fn children_are_gone(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.is_empty() || stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim().starts_with(['Z', 'X']))
}

#[test]
fn killed_it_takes_its_queries_with_it() {
    let (mut child, address, token) = started("killed");
    let path = format!("/api/v1/query?run=merged&sql={}", encoded(ENDLESS));
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let (host, auth) = (format!("Host: {address}"), format!("Authorization: Bearer {token}"));
    let since = Instant::now();
    while super::exchange(address, &["GET /api/v1/queries HTTP/1.1", &host, &auth], b"").text() == "[]" {
        assert!(since.elapsed() < Duration::from_mins(5));
    }
    let all = children(child.id());
    assert!(!all.is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let since = Instant::now();
    while all.iter().any(|one| !children_are_gone(*one)) {
        assert!(since.elapsed() < Duration::from_secs(50), "a query goes on without its service");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn health_needs_no_token_and_tells_nothing() {
    let service = service();
    let plain = |path: &str| service.send(&[&format!("GET {path} HTTP/1.1"), &service.host()], b"");
    for path in ["/healthz", "/readyz"] {
        let reply = plain(path);
        assert_eq!((reply.status, reply.text().as_str()), (200, "ok\n"), "{path}");
    }
}
