//! Answers as they are sent: rows as they come, documents at once.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use serde::Serialize;

use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Format, Frame};
use crate::serve::desk::Begun;

/// What a format is called by programs, and how its files end.
pub(super) fn kind_of(format: Format) -> (&'static str, &'static str) {
    match format {
        Format::Json => ("application/json", "json"),
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Arrow | Format::Messages => ("application/vnd.apache.arrow.stream", "arrows"),
        Format::Parquet => ("application/vnd.apache.parquet", "parquet"),
    }
}

/// Something as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<Response, Ended> {
    let bytes = serde_json::to_vec(value).map_err(|e| Ended::new(Ending::Died, e.to_string()))?;
    Ok(of_kind("application/json", bytes))
}

/// Some bytes of a kind.
pub(super) fn of_kind(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A picture, or what it is made of, by itself: it has its style in it, and does nothing.
pub(super) fn picture(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = of_kind(kind, body);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";
    head(&mut response, "content-security-policy", policy);
    response
}

/// The rows of an answer as they come. One that breaks off does not look whole: the transfer is broken too.
pub(super) fn rows(begun: Begun, format: Format, name: Option<&str>) -> Response {
    let id = begun.snapshot.id().to_owned();
    let (kind, ending) = kind_of(format);
    let notes = begun.notes_in_a_head();
    // The state is in use until the last part is sent.
    let parts = stream::unfold(Some(begun), async |begun| part(begun?).await);
    let mut response = of_kind(kind, Body::from_stream(parts));
    if let Some(notes) = notes {
        head(&mut response, "x-notes", &notes);
    }
    of_state(&mut response, &id);
    if let Some(name) = name {
        file(&mut response, &format!("{name}.{ending}"), false);
    }
    response
}

/// That an answer is made of a state of its source, in the format that was asked for: others of it are made of other
/// bytes, so the mark of the state is a weak one.
pub(super) fn of_state(response: &mut Response, id: &str) {
    head(response, "etag", &format!("W/\"{id}\""));
    head(response, "vary", "Accept");
}

/// The name under which an answer is saved; whether a browser shows it first.
pub(super) fn file(response: &mut Response, name: &str, is_shown: bool) {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let how = if is_shown { "inline" } else { "attachment" };
    if let Ok(value) = HeaderValue::from_str(&format!("{how}; filename=\"{plain}\"")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
}

async fn part(mut begun: Begun) -> Option<(Result<Bytes, std::io::Error>, Option<Begun>)> {
    let broken = |words: String| Some((Err(std::io::Error::other(words)), None));
    match begun.next().await {
        Ok(Some(Frame::Bytes(bytes))) => Some((Ok(bytes.into()), Some(begun))),
        Ok(Some(Frame::Message(message))) => Some((Ok(message.body), Some(begun))),
        Ok(Some(Frame::Columns(_) | Frame::Notes(_))) => Some((Ok(Bytes::new()), Some(begun))),
        Ok(Some(Frame::Done(_))) => None,
        Ok(Some(Frame::Error(ended))) | Err(ended) => broken(ended.detail),
        Ok(None) => broken("the answer is not whole".into()),
    }
}

/// A head whose value is made of what others wrote; one that cannot be a value is left out.
pub(super) fn head(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// On to another page.
pub(super) fn on_to(place: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(value) = HeaderValue::from_str(place) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}
