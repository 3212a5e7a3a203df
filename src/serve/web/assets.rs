//! Style and script, in the program itself.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::Response;

use super::bare::Bare;
use super::path::Path;
use super::problem::Problem;
use super::send::of_kind;
use super::tag::Tag;
use crate::plot::page_style;
use crate::serve::access::{Ended, Ending};

/// With the colours of plots.
static STYLE: LazyLock<String> =
    LazyLock::new(|| format!("{}{}", page_style(), include_str!("../../../assets/style.css")));
const SCRIPT: &str = include_str!("../../../assets/script.js");

/// One of them.
pub(super) async fn asset(Path(name): Path<String>, _: Bare, heads: HeaderMap) -> Result<Response, Problem> {
    let (kind, text): (_, &'static str) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", STYLE.as_str()),
        "script.js" => ("text/javascript; charset=utf-8", SCRIPT),
        name => {
            return Err(Ended::unknown(Ending::NotFound, "file", name, &["style.css", "script.js"]).into());
        }
    };
    // A new version may be served from the same address a moment later.
    let tag = Tag::of_bytes(text.as_bytes());
    Ok(tag.known_to(&heads).unwrap_or_else(|| tag.on(of_kind(kind, text))))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_script_is_small() {
        assert!(super::SCRIPT.len() <= 40_000, "{} bytes", super::SCRIPT.len());
    }
}
