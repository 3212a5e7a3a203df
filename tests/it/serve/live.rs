//! Events of a run that is being worked on.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::super::world::World;
use super::Service;

/// Names and data of events, as they come.
struct Events(BufReader<TcpStream>);

impl Events {
    fn of(service: &Service, run: &str) -> Self {
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let head = format!(
            "GET /api/v1/runs/{run}/events HTTP/1.1\r\n{}\r\nAuthorization: Bearer {}\r\n\r\n",
            service.host(),
            service.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self(BufReader::new(stream))
    }

    fn next(&mut self) -> Option<(String, Value)> {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(event) = line.strip_prefix("event: ") {
                event.clone_into(&mut name);
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).unwrap()));
            }
        }
    }
}

#[test]
fn a_watcher_sees_the_run_to_its_end() {
    let world = World::new(30);
    let mut child = world.started(&[
        "run",
        "--config",
        "quick.yaml",
        "--data",
        "data",
        "--out",
        "out/run",
        "--shards",
        "2",
    ]);
    world.wait_for_commits("out/run", 1);
    let service = Service::start(&[world.path("out")], |_| {});
    let mut events = Events::of(&service, "run");
    let (first, mut run) = events.next().unwrap();
    assert_eq!(first, "status");
    assert_eq!(run["units"], 30);
    let mut last = String::new();
    while let Some((name, data)) = events.next() {
        if name == "change" {
            let before = run["done"].as_u64().unwrap();
            for (key, value) in data.as_object().unwrap() {
                assert_ne!(run[key], *value, "only what changed is sent");
                run[key] = value.clone();
            }
            assert!(run["done"].as_u64().unwrap() >= before);
        }
        last = name;
    }
    assert_eq!(last, "finished");
    assert_eq!((&run["state"], &run["done"]), (&"complete".into(), &30.into()));
    assert!(child.wait().unwrap().success());
    // Nothing was written into it but its lock.
    assert!(!world.path("out/run").join("state").exists());
}

#[test]
fn watchers_are_so_many_and_no_more() {
    let world = World::new(2);
    world.analyse("run", &[]);
    let service = Service::start(&[world.path("run")], |settings| settings.watchers = 0);
    let reply = service.get("/api/v1/runs/run/events");
    assert_eq!((reply.status, reply.problem().as_str()), (503, "queue-full"));
    assert!(reply.text().contains("--watchers"));
}

#[test]
fn stopping_ends_watchers_and_queries() {
    let world = World::new(2);
    world.analyse("run", &["--shard", "0/2"]);
    let mut service = Service::start(&[world.path("run")], |_| {});
    let mut events = Events::of(&service, "run");
    assert_eq!(events.next().unwrap().0, "status");
    service.stop();
    while events.next().is_some() {}
}
