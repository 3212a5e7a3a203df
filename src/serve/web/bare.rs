//! Addresses that take no parameters: one that has some is a problem like every other, told as such.

use axum::extract::{FromRequestParts, OriginalUri, Query};
use axum::http::request;

use super::problem::Problem;
use crate::serve::access::{Ended, Ending};

/// That an address has no parameters.
#[derive(Debug)]
pub(super) struct Bare;

impl<S: Send + Sync> FromRequestParts<S> for Bare {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut request::Parts, _: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = pairs.map_err(|error| Ended::new(Ending::Invalid, error.to_string()))?;
        let Some((name, _)) = pairs.first() else { return Ok(Self) };
        // Routes below others see what is left of the address.
        let whole = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |whole| &whole.0);
        let hint = Some(format!("{} takes none", whole.path()));
        Err(Ended { hint, ..Ended::unknown(Ending::Invalid, "parameter", name, &[]) }.into())
    }
}
