//! Tags of YAML, as `!!str` and `!!python/tuple`: what they make of a node.

use serde_saphyr::granit_parser::Tag;

/// How a scalar is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadAs {
    /// By the way it is written.
    Written,
    /// As a text, with or without quotes.
    Text,
    /// As a number, a truth value or nothing, with or without quotes.
    Plain,
}

/// What the tags of YAML are written for short.
const CORE: &str = "tag:yaml.org,2002:";

/// How a node with a tag is read.
///
/// # Errors
/// Only another program can say what the tag makes of the node: taken as it stands, it would be another value.
pub(super) fn read_as(tag: Option<&Tag>) -> Result<ReadAs, String> {
    let Some(tag) = tag else { return Ok(ReadAs::Written) };
    let shown = match tag.suffix_in_namespace(CORE) {
        Some(suffix) => format!("!!{suffix}"),
        None => tag.to_string(),
    };
    match shown.strip_prefix("!!").map(|name| name.strip_prefix("python/").unwrap_or(name)) {
        Some("str" | "unicode") => Ok(ReadAs::Text),
        Some("int" | "long" | "float" | "bool" | "null" | "none") => Ok(ReadAs::Plain),
        Some("seq" | "map" | "tuple" | "list" | "dict") => Ok(ReadAs::Written),
        _ if shown == "!" => Ok(ReadAs::Text),
        _ => Err(format!(
            "the tag `{shown}` stands for a value that another program makes (hint: write the value itself; in Python \
             `yaml.safe_dump` writes no such tags)"
        )),
    }
}
