//! A service as a process, asked over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::Instant;

use super::data::Data;
use super::process::{Ended, family, must, results, share_of_memory, worked};
use super::{median, most};

pub(crate) struct Service {
    child: Ended,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

impl Service {
    /// Serves directories at a free port.
    pub(crate) fn start(data: &Data, dirs: &[&str]) -> Self {
        Self::start_with(data, dirs, &[])
    }

    pub(crate) fn start_with(data: &Data, dirs: &[&str], more: &[&str]) -> Self {
        let args = [&["serve"], dirs, &["--listen", "0", "--state", "state", "--json"], more].concat();
        let mut child = results(&data.dir, &args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = told["address"].as_str().unwrap().parse().unwrap();
        let token = std::fs::read_to_string(data.dir.join("state/token")).unwrap().trim().to_owned();
        Self { child: Ended(child), address, token }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// Megabytes of the process and its children, shared pages by their share.
    pub(crate) fn memory(&self) -> f64 {
        family(self.id()).into_iter().map(share_of_memory).sum::<u64>() as f64 / 1000.0
    }

    /// Asks for an address whose answer does not end.
    pub(crate) fn open(&self, path: &str) -> TcpStream {
        ask(TcpStream::connect(self.address).unwrap(), self.address, &self.token, path)
    }

    /// Asks for an address; gives the whole answer, which must be 200.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        answer(self.open(path), path)
    }

    /// Asks several times for an address.
    pub(crate) fn often(&self, count: usize, path: &str) -> Answers {
        let before = worked(self.id(), true);
        let one = |_| {
            let since = Instant::now();
            self.get(path);
            since.elapsed().as_secs_f64() * 1000.0
        };
        let times = (0..count).map(one).collect();
        Answers { times, core: (worked(self.id(), true) - before) * 1000.0 / count as f64 }
    }
}

/// What several answers took.
pub(crate) struct Answers {
    /// Milliseconds of each.
    pub(crate) times: Vec<f64>,
    /// Milliseconds of a core of one, with the process that comes after it.
    pub(crate) core: f64,
}

impl Answers {
    pub(crate) fn words(&self) -> String {
        let (most, median) = (most(self.times.clone()), median(self.times.clone()));
        format!("{most:.0} ms ({median:.0} at the median, {:.0} of a core)", self.core)
    }
}

/// A further token: of a queue nobody has more than half.
pub(crate) fn token(data: &Data, name: &str) -> String {
    let _ = results(&data.dir, &["token", "revoke", name, "--state", "state"]).status();
    let made =
        results(&data.dir, &["token", "new", name, "--state", "state"]).stdout(Stdio::piped()).output();
    String::from_utf8(made.unwrap().stdout).unwrap().trim().to_owned()
}

/// A state folder with a first token.
pub(crate) fn state(data: &Data) {
    data.once("state", |dir, name| {
        must(dir, &["demo", "--users", "1", "--data-only", "--out", "first"]);
        drop(Service::start(data, &["first"]));
        assert!(dir.join(name).join("token").exists());
    });
}

/// A connection that comes from one of our own addresses: so many of one are let in.
pub(crate) fn connect(to: SocketAddr, from: IpAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let connected = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from, 0)).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    connected.set_nonblocking(false).unwrap();
    connected
}

/// One of our own addresses.
pub(crate) fn address(number: usize) -> IpAddr {
    IpAddr::from([127, 0, 0, 1 + number as u8])
}

/// Sends a request.
pub(crate) fn ask(mut stream: TcpStream, host: SocketAddr, token: &str, path: &str) -> TcpStream {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Reads an answer to its end.
pub(crate) fn answer(mut stream: TcpStream, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(600)]);
    assert!(start.starts_with("HTTP/1.1 200"), "{path}: {start}");
    bytes
}
