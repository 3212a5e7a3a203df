//! Requests without an answer.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::serve::access::{Ended, Ending};

/// A request without an answer. How it is told depends on the address, which is known further out.
#[derive(Debug)]
pub(super) struct Problem(pub(super) Ended);

impl From<Ended> for Problem {
    fn from(ended: Ended) -> Self {
        Self(ended)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status(&self.0);
        response.extensions_mut().insert(self.0);
        response
    }
}

/// An address that is none.
pub(super) async fn no_page(uri: axum::http::Uri) -> Problem {
    let words = format!("there is nothing at {}\n(hint: / lists what is served)", uri.path());
    Problem(Ended::new(Ending::NotFound, words))
}

/// A method that an address does not have.
pub(super) async fn no_method(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    Problem(Ended::new(Ending::Method, format!("{} has no {method}", uri.path())))
}

pub(super) fn status(ended: &Ended) -> StatusCode {
    StatusCode::from_u16(ended.ending.http().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Who sent what is refused whatever token there is.
pub(super) const ELSEWHERE: &str = "a page elsewhere";

/// What it is called.
pub(super) fn title(ended: &Ended) -> &'static str {
    match ended.ending {
        Ending::Forbidden if ended.detail.starts_with(ELSEWHERE) => "Not allowed from a page elsewhere",
        ending => ending.http().1,
    }
}

/// The problem as RFC 9457 has it.
pub(super) fn json(ended: &Ended) -> Value {
    let (status, _) = ended.ending.http();
    let mut object = Map::new();
    object.insert("type".into(), format!("/problems/{}", ended.ending.name()).into());
    object.insert("title".into(), title(ended).into());
    object.insert("status".into(), status.into());
    object.insert("detail".into(), ended.detail.clone().into());
    if let Some(hint) = &ended.hint {
        object.insert("hint".into(), hint.clone().into());
    }
    if let Some((line, column)) = ended.place {
        object.insert("line".into(), line.into());
        object.insert("column".into(), column.into());
    }
    Value::Object(object)
}
