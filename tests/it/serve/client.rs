//! HTTP/1.1 as plain as it is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) heads: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to its end.
    pub(crate) is_whole: bool,
}

impl Reply {
    pub(crate) fn head(&self, name: &str) -> Option<&str> {
        self.heads.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The kind of a problem, `unknown-table` say.
    pub(crate) fn problem(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.trim_start_matches("/problems/").to_owned()
    }
}

/// Sends a request on a connection of its own.
pub(crate) fn exchange(address: SocketAddr, lines: &[&str], body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(10))).unwrap();
    let mut head = lines.join("\r\n");
    head.push_str("\r\nConnection: close\r\n");
    if !body.is_empty() || lines[0].starts_with('P') || lines[0].starts_with("DELETE") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    // Whoever refuses a head or a body closes before it has come.
    let _ = stream.write_all((head + "\r\n").as_bytes());
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    parse(&bytes)
}

/// Takes an answer apart.
pub(crate) fn parse(bytes: &[u8]) -> Reply {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Reply { status: 0, heads: Vec::new(), body: bytes.to_vec(), is_whole: false };
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let heads: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.to_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let find = |name: &str| heads.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let (body, is_whole) = if find("transfer-encoding").is_some_and(|value| value == "chunked") {
        chunks(rest)
    } else {
        let length = find("content-length").and_then(|value| value.parse::<usize>().ok());
        (rest.to_vec(), length.is_none_or(|length| length == rest.len()))
    };
    Reply { status, heads, body, is_whole }
}

fn chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else { return (body, false) };
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        rest = &rest[end + 2..];
        if rest.len() < size {
            body.extend_from_slice(rest);
            return (body, false);
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[(size + 2).min(rest.len())..];
    }
}

/// An answer that is read as slowly as one likes.
pub(crate) struct Download {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Download {
    /// Asks for an address with the token of a service.
    pub(crate) fn begin(service: &super::Service, path: &str) -> Self {
        Self::begin_as(service, &service.token, path)
    }

    /// The same with another token.
    pub(crate) fn begin_as(service: &super::Service, token: &str, path: &str) -> Self {
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
        let host = service.host();
        let head = format!(
            "GET {path} HTTP/1.1\r\n{host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self { stream, bytes: Vec::new() }
    }

    /// Reads some of it; how much there was.
    pub(crate) fn read(&mut self, most: usize) -> usize {
        let mut part = vec![0; most];
        let read = self.stream.read(&mut part).unwrap_or_default();
        self.bytes.extend_from_slice(&part[..read]);
        read
    }

    /// Reads all that there is still.
    pub(crate) fn rest(mut self) -> Reply {
        let _ = self.stream.read_to_end(&mut self.bytes);
        parse(&self.bytes)
    }
}
