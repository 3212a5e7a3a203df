//! How the text of input files is read, where it is not the usual: keys of `data` that most files need none of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::encodings;
use super::read::Section;
use super::tree::{Kind, Node};

/// Settings of the text of input files; what is absent is recognised, or is as in most files.
///
/// Absent ones are not written, so that the fingerprint of a configuration without them stays what it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// What stands between two fields; recognised by the names of the needed columns if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// Decimal mark, a point or a comma; a point if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// Name of the text's encoding; UTF-8, or what a byte-order mark says, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Lines before the header; the header is looked for if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_lines: Option<u32>,
    /// Words and numbers that mean a missing value, besides the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_values: Vec<String>,
    /// Words that usually mean a missing value and here do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_missing: Vec<String>,
}

/// The keys, for sections that cannot have them.
pub(super) const KEYS: [&str; 6] =
    ["separator", "decimal", "encoding", "skip_lines", "missing_values", "not_missing"];

/// Characters that can stand between fields, with the words that name them.
const SEPARATORS: [(char, &str); 5] =
    [(',', "comma"), (';', "semicolon"), ('\t', "tab"), ('|', "bar"), (' ', "blank")];

/// Reads the keys.
pub(super) fn read(s: &mut Section<'_>, reading: &mut Reading) {
    if let Some(node) = s.get("separator") {
        match one_text(node) {
            None => reading.separator = None,
            Some(text) => match separator(&text) {
                Some(separator) => reading.separator = Some(separator),
                None => {
                    s.fault("separator", &format!("must be one of {}, not {}", separators(), node.shown()));
                }
            },
        }
    }
    if let Some(node) = s.get("decimal") {
        match one_text(node).as_deref() {
            None => reading.decimal = None,
            Some("." | "point") => reading.decimal = Some('.'),
            Some("," | "comma") => reading.decimal = Some(','),
            Some(_) => s.fault("decimal", &format!("must be \".\" or \",\", not {}", node.shown())),
        }
    }
    s.set("encoding", "the name of an encoding such as windows-1252", &mut reading.encoding);
    if let Some(name) = &reading.encoding {
        let known = encoding_rs::Encoding::for_label_no_replacement(name.as_bytes()).is_some();
        let near = if known { None } else { encodings::nearest(name) };
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let unknown = format!(
            "is `{name}`, which is not the name of an encoding that can be read{near} (hint: windows-1252, utf-16le, \
             utf-16be, shift_jis, gbk, koi8-r and the others that browsers know)"
        );
        s.require("encoding", known, &unknown);
    }
    s.set("skip_lines", "a whole number of lines, or null", &mut reading.skip_lines);
    words(s, "missing_values", &mut reading.missing_values);
    words(s, "not_missing", &mut reading.not_missing);
    let both = reading.missing_values.iter().find(|word| reading.not_missing.contains(word));
    if let Some(word) = both {
        s.fault("not_missing", &format!("holds `{word}`, and so does `missing_values`"));
    }
}

/// A scalar as it was written; none for null.
fn one_text(node: &Node) -> Option<String> {
    match node.value() {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn separator(text: &str) -> Option<char> {
    let lower = text.to_lowercase();
    let lower = match lower.trim() {
        "pipe" | "vertical bar" => "bar",
        "space" | "whitespace" => "blank",
        "tabulator" | "tsv" => "tab",
        other => other,
    };
    let named = SEPARATORS.iter().find(|(_, name)| *name == lower || format!("{name}s") == lower);
    let written = || SEPARATORS.iter().find(|(c, _)| text.chars().eq([*c]));
    named.or_else(written).map(|(c, _)| *c).or_else(|| (text == "\\t").then_some('\t'))
}

fn separators() -> String {
    let names: Vec<String> = SEPARATORS.iter().map(|(_, name)| (*name).to_owned()).collect();
    names.join(", ")
}

/// Reads a list of words; numbers, truth values and null stand for their text.
fn words(s: &mut Section<'_>, key: &'static str, target: &mut Vec<String>) {
    let Some(node) = s.get(key) else { return };
    let one = |node: &Node| match &node.kind {
        Kind::Scalar(Value::Null) => Some("null".to_owned()),
        Kind::Scalar(_) => one_text(node).map(|text| text.trim().to_owned()),
        _ => None,
    };
    let read = match &node.kind {
        Kind::Scalar(Value::Null) => Some(Vec::new()),
        Kind::Scalar(_) => one(node).map(|word| vec![word]),
        Kind::List(items) => items.iter().map(one).collect::<Option<Vec<_>>>(),
        Kind::Map(_) => None,
    };
    match read {
        Some(words) => *target = words,
        None => s.fault(
            key,
            &format!("must be a list of words and numbers such as [\".\", -999], not {}", node.shown()),
        ),
    }
}
