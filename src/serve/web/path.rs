//! The parts of an address, as what they must be. One that is none is a problem like every other, told as such.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, OriginalUri, Path as Parts};
use axum::http::request;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::serve::access::{Ended, Ending};

/// The parts of an address.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, state: &S) -> Result<Self, Problem> {
        match Parts::<T>::from_request_parts(parts, state).await {
            Ok(Parts(value)) => Ok(Self(value)),
            Err(rejection) => {
                // Routes below others see what is left of the address.
                let whole = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |whole| &whole.0);
                Err(refused(whole.path(), rejection).into())
            }
        }
    }
}

fn refused(path: &str, rejection: PathRejection) -> Ended {
    let words = match rejection {
        PathRejection::FailedToDeserializePathParams(failed) => match failed.into_kind() {
            ErrorKind::InvalidUtf8InPathParam { .. } => {
                format!("{path} isn't a text\n(hint: names are percent-encoded bytes of UTF-8)")
            }
            ErrorKind::ParseErrorAtIndex { value, .. } | ErrorKind::ParseError { value, .. } => {
                format!("{path} has a whole number in the place of `{value}`")
            }
            kind => kind.to_string(),
        },
        rejection => rejection.to_string(),
    };
    Ended::new(Ending::Invalid, words)
}
