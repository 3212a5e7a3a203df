//! What is told where no answer comes, or one that cannot be read.

use std::error::Error as StdError;
use std::io;

use object_store::Error;

use super::facts::{Facts, Known, cause, seconds};

/// No answer, or one that could not be read.
pub(super) fn unanswered(error: &Error, text: &str, facts: &Facts, known: &Known) -> io::Error {
    use io::ErrorKind as K;
    let server = &facts.server;
    let tried = seconds(known.tried);
    let low = text.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| low.contains(part));
    let reach = "is the server running, and is AWS_ENDPOINT_URL right?";
    if io_kind(error) == Some(K::ConnectionRefused) || has(&["connection refused"]) {
        cause(K::ConnectionRefused, format!("nobody listens at {server}; tried for {tried}"), reach)
    } else if has(&["dns error", "failed to lookup address"]) {
        cause(
            K::NotFound,
            format!("the host of {server} is not known"),
            "check AWS_ENDPOINT_URL, and that this machine has a name server",
        )
    } else if has(&["certificate"]) {
        cause(
            K::InvalidData,
            format!("the certificate of {server} is not trusted: {}", last_of(text)),
            "install the package ca-certificates; for an authority of your own, set SSL_CERT_FILE to a file with its certificate",
        )
    } else if has(&["invalidcontenttype", "corrupt message", "handshake", "tls"]) {
        cause(
            K::InvalidData,
            format!("no encrypted connection to {server}: {}", last_of(text)),
            "is it http:// and not https:// that is spoken there?",
        )
    } else if has(&["no route", "unreachable"]) {
        cause(
            K::HostUnreachable,
            format!("{server} cannot be reached from this machine"),
            "check the network and AWS_ENDPOINT_URL",
        )
    } else if has(&["timed out", "timeout", "no answer within"]) {
        cause(K::TimedOut, format!("no answer from {server}; tried for {tried}"), reach)
    } else if has(&[
        "invalid list response",
        "invalid multipart response",
        "non-partial response",
        "content-range",
        "content-length",
        "last-modified",
        "got invalid",
    ]) {
        cause(
            K::InvalidData,
            format!("what answers at {server} is not an S3 server: {}", last_of(text)),
            "check AWS_ENDPOINT_URL",
        )
    } else if has(&[
        "connection closed",
        "incomplete",
        "reset by peer",
        "broken pipe",
        "end of file",
        "error decoding",
        "error sending request",
        "sendrequest",
    ]) {
        cause(
            K::ConnectionAborted,
            format!("the connection to {server} broke; tried for {tried}"),
            "look at the network and the server; continue with `results run --resume`, nothing finished is lost",
        )
    } else {
        cause(K::Other, format!("{server}: {}", last_of(text)), "look at the network and at the server")
    }
}

/// The kind of the operating system's error below another.
fn io_kind(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    let mut kind = None;
    while let Some(error) = next {
        kind = error.downcast_ref::<io::Error>().map(io::Error::kind).or(kind);
        next = error.source();
    }
    kind
}

fn last_of(text: &str) -> &str {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it gives no reason")
}
