//! Style and script, in the program itself.

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::Response;

use super::problem::Problem;
use super::send::of_kind;
use crate::serve::access::{Ended, Ending};

const STYLE: &str = include_str!("../../../assets/style.css");
const SCRIPT: &str = include_str!("../../../assets/script.js");

/// One of them.
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let mut response = match name.as_str() {
        "style.css" => of_kind("text/css; charset=utf-8", STYLE),
        "script.js" => of_kind("text/javascript; charset=utf-8", SCRIPT),
        name => {
            return Err(Ended::unknown(Ending::NotFound, "file", name, &["style.css", "script.js"]).into());
        }
    };
    // A new version may be served from the same address a moment later.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_script_is_small() {
        assert!(super::SCRIPT.len() <= 40_000, "{} bytes", super::SCRIPT.len());
    }
}
