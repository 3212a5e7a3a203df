//! Events of a run that is being worked on.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::super::world::World;
use super::Service;

/// Names and data of events, as they come.
pub(super) struct Events(BufReader<TcpStream>);

impl Events {
    pub(super) fn of(service: &Service, run: &str) -> Self {
        Self::of_token(service, &service.token, run)
    }

    pub(super) fn of_token(service: &Service, token: &str, run: &str) -> Self {
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let head = format!(
            "GET /api/v1/runs/{run}/events HTTP/1.1\r\n{}\r\nAuthorization: Bearer {token}\r\n\r\n",
            service.host(),
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self(BufReader::new(stream))
    }

    pub(super) fn next(&mut self) -> Option<(String, Value)> {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            // The last part has no bytes; the connection may be used again.
            if line == "0" {
                return None;
            }
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

/// Says for a worker of another machine that it is at work, and has done so many.
fn says(world: &World, run: &str, done: u64) {
    let path = world.path(run).join("_status/shard-0.json");
    let mut told: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    told["state"] = "running".into();
    told["host"] = "elsewhere".into();
    told["updated_us"] = (chrono::Utc::now().timestamp_micros()).into();
    told["counts"]["ok"] = done.into();
    told["current_user"] = format!("u{done}").into();
    std::fs::write(path.with_extension("new"), told.to_string()).unwrap();
    std::fs::rename(path.with_extension("new"), path).unwrap();
}

#[test]
#[ignore = "long"]
fn one_reading_is_for_all_who_watch() {
    let world = World::new(12);
    world.analyse("run", &["--shard", "0/2"]);
    says(&world, "run", 1);
    let service = Service::start(&[world.path("run")], |settings| settings.look = Duration::from_hours(1));
    let looks = || super::metric(&service, "results_source_looks_total");
    let (before, since) = (looks(), std::time::Instant::now());
    let mut all: Vec<Events> = (0..30).map(|_| Events::of(&service, "run")).collect();
    for events in &mut all {
        assert_eq!(events.next().unwrap().0, "status");
    }
    for done in 2..5 {
        says(&world, "run", done);
        for events in &mut all {
            // Each of them sees it, and the user that it is on.
            while events.next().unwrap().1["done"] != done {}
        }
    }
    let (after, took) = (looks(), since.elapsed().as_secs());
    assert!(after - before <= took + 2, "{} readings in {took} s", after - before);
    drop(all);
    service.until("nobody watches", |service| super::metric(service, "results_watchers") == 0);
    // Nobody watches, and nobody looks.
    let settled = {
        let mut last = looks();
        service.until("it is looked at no more", |_| {
            std::thread::sleep(Duration::from_millis(1200));
            std::mem::replace(&mut last, looks()) == last
        });
        last
    };
    assert_eq!(looks(), settled);
}

#[test]
fn what_befell_a_worker_is_told_while_one_watches() {
    let world = World::new(4);
    world.analyse("run", &["--shard", "0/2"]);
    says(&world, "run", 1);
    let service = Service::start(&[world.path("run")], |_| {});
    let mut events = Events::of(&service, "run");
    let (_, first) = events.next().unwrap();
    assert_eq!((&first["shards"][0]["restarts"], &first["mishaps"]), (&0.into(), &serde_json::json!([])));
    assert_eq!(first["shards"][0]["current_user"], "u1");
    let line = serde_json::json!({
        "at_us": 0, "shard": 0, "counts": {"total": 1, "ok": 0, "skipped": 0, "failed": 0, "running": 0},
        "kind": {
            "event": "shard_restarting", "cause": "killed by <signal> 9", "users": ["u07"], "restart": 1, "of": 3,
            "wait_ms": 0
        }
    });
    let mut events_file =
        std::fs::OpenOptions::new().append(true).open(world.path("run/_logs/events.ndjson")).unwrap();
    writeln!(events_file, "{line}").unwrap();
    let (mut restarts, mut problem) = (Value::Null, Value::Null);
    while restarts.is_null() || problem.is_null() {
        let (name, data) = events.next().unwrap();
        match name.as_str() {
            "change" if data["shards"][0]["restarts"] == 1 => restarts = data["mishaps"].clone(),
            "problem" => problem = data["mishaps"].clone(),
            _ => {}
        }
    }
    assert_eq!(restarts, problem);
    let words = restarts[0].as_str().unwrap();
    assert!(words.ends_with("shard 0 restarted at u07: killed by <signal> 9"), "{words}");
    service.until("the page has it", |service| service.get("/run/run").text().contains("restarted at u07"));
    let page = service.get("/run/run").text();
    assert!(page.contains("data-live=\"restarts\">1<") && !page.contains("<signal>"), "{page}");
    assert_eq!(service.get("/api/v1/runs/run").json()["shards"][0]["restarts"], 1);
}
