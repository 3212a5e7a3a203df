//! The service, in this process, asked through sockets.

mod api;
mod client;
mod commands;
mod doors;
#[cfg(feature = "flight")]
mod flight;
mod h2;
mod hostile;
mod list;
mod live;
mod pages;
mod plots;
#[cfg(feature = "pg")]
mod postgres;
mod report;
mod snapshots;
mod stop;
mod threats;
mod tls;
mod tokens;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::Duration;

use results::serve::{Server, Settings};
use tokio::sync::oneshot;

use super::world::World;
use client::{Reply, exchange};

/// The first line of a service that was started with `--json`.
fn first_line(service: &mut Child) -> serde_json::Value {
    let mut line = String::new();
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// Ports that are free, so that several services stand beside each other.
#[cfg(feature = "pg")]
const ANY_PORTS: &[&str] = &["--listen", "0", "--postgres", "0"];
#[cfg(not(feature = "pg"))]
const ANY_PORTS: &[&str] = &["--listen", "0"];

/// A service that listens at a free port and stops when it is dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) postgres: Option<SocketAddr>,
    pub(crate) token: String,
    pub(crate) link: String,
    pub(crate) state: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _own: tempfile::TempDir,
}

impl Service {
    /// Serves directories of a world.
    pub(crate) fn start(dirs: &[PathBuf], change: impl FnOnce(&mut Settings)) -> Self {
        let own = tempfile::tempdir().unwrap();
        let state = own.path().join("state");
        let mut settings =
            Settings::new(dirs.to_vec(), state.clone(), PathBuf::from(env!("CARGO_BIN_EXE_results")));
        settings.listen = "127.0.0.1:0".parse().unwrap();
        settings.look = Duration::from_millis(200);
        settings.grace = Duration::from_secs(2);
        settings.limits.queries = 2;
        // However slow a machine is, none of these ends what a test waits for.
        settings.limits.time = Duration::from_mins(10);
        settings.limits.wait = Duration::from_mins(10);
        change(&mut settings);
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let server = Server::bind(settings).await.unwrap();
                let token = server.first_token().unwrap_or_default().to_owned();
                tell.send((server.addr(), server.postgres(), token, server.link().unwrap().unwrap()))
                    .unwrap();
                server.run(async move { drop(stopped.await) }).await;
            });
        };
        let thread = std::thread::spawn(serve);
        let (address, postgres, token, link) = told.recv().unwrap();
        Self { address, postgres, token, link, state, stop: Some(stop), thread: Some(thread), _own: own }
    }

    /// Sends a request of `lines` (the first and the heads) and a body.
    pub(crate) fn send(&self, lines: &[&str], body: &[u8]) -> Reply {
        exchange(self.address, lines, body)
    }

    /// Asks for an address with the token.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.get_as(&self.token, path)
    }

    /// The same with another token.
    pub(crate) fn get_as(&self, token: &str, path: &str) -> Reply {
        let (host, auth) = (self.host(), format!("Authorization: Bearer {token}"));
        self.send(&[&format!("GET {path} HTTP/1.1"), &host, &auth], b"")
    }

    /// Sends a body with the token.
    pub(crate) fn put(&self, method: &str, path: &str, body: &str) -> Reply {
        let (host, auth) = (self.host(), format!("Authorization: Bearer {}", self.token));
        let kind = "Content-Type: application/json";
        self.send(&[&format!("{method} {path} HTTP/1.1"), &host, &auth, kind], body.as_bytes())
    }

    /// The head with its own name.
    pub(crate) fn host(&self) -> String {
        format!("Host: {}", self.address)
    }

    /// Signs in by the link; gives the head with the cookie.
    pub(crate) fn cookie(&self) -> String {
        let path = self.link.split_once("/login").unwrap().1;
        let reply = self.send(&[&format!("GET /login{path} HTTP/1.1"), &self.host()], b"");
        assert_eq!(reply.status, 303, "{reply:?}");
        let cookie = reply.head("set-cookie").unwrap();
        format!("Cookie: {}", cookie.split(';').next().unwrap())
    }

    /// Asks a query of a source, with the token.
    pub(crate) fn query(&self, run: &str, sql: &str) -> Reply {
        self.get(&format!("/api/v1/query?run={run}&sql={}", encoded(sql)))
    }

    /// The number of a query of one's own, from when it is at work.
    pub(crate) fn at_work(&self, token: &str, sql: &str) -> u64 {
        let mut number = None;
        self.until("it is at work", |service| {
            let running = service.get_as(token, "/api/v1/queries").json();
            let ours = running.as_array().unwrap().iter().find(|query| query["sql"] == sql);
            number = ours.map(|query| query["id"].as_u64().unwrap());
            number.is_some()
        });
        number.unwrap()
    }

    /// Ends a query as an administrator.
    pub(crate) fn cancel(&self, number: u64) {
        let reply = self.put("POST", &format!("/api/v1/queries/{number}/cancel"), "");
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    /// Lines of the audit log.
    pub(crate) fn audit(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.state.join("audit.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until something holds.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let deadline = std::time::Instant::now() + Duration::from_mins(5);
        while !holds(self) {
            assert!(std::time::Instant::now() < deadline, "never: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops it and waits for its end.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What is broken is told already.
            drop(self.stop.take());
        } else {
            self.stop();
        }
    }
}

/// A part of an address.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The address of the next page.
pub(crate) fn next(reply: &Reply) -> Option<String> {
    reply.head("link").map(|link| link.trim_start_matches('<').split('>').next().unwrap().to_owned())
}

/// A number of the metrics, by the name of its line.
pub(crate) fn metric(service: &Service, line: &str) -> u64 {
    let text = service.get("/metrics").text();
    let value = text.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

/// A query that goes on for ever.
pub(crate) const ENDLESS: &str = "with recursive t(n) as (select 1 union all select n + 1 from t where n < 1000000000) select max(n) from t";

/// Has no limit of time end a query.
pub(crate) fn patient(settings: &mut Settings) {
    let limits = &mut settings.limits;
    for limit in [&mut limits.time, &mut limits.flow, &mut limits.stall] {
        *limit = Duration::from_hours(1);
    }
}

/// A run of three users, merged: made once for all tests that only read it.
pub(crate) fn merged() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let world = World::new(3);
        assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
        world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
        world
    })
}

/// A service of that run and its merged output.
pub(crate) fn service() -> Service {
    service_with(|_| {})
}

/// The same, changed.
pub(crate) fn service_with(change: impl FnOnce(&mut Settings)) -> Service {
    let world = merged();
    Service::start(&[world.path("run"), world.path("merged")], change)
}
