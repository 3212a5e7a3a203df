//! YAML that the program writes and reads as values of its own.
//!
//! Whatever is read or written, the parser and the writer are compiled once: a copy of them for each type was a third of the
//! code of this package.

use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_saphyr::{Error, Options, options, with_deserializer_from_str_with_options};

/// What a text is not, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(String);

/// A value from its text.
///
/// # Errors
/// The text is no YAML, or not of such a value: line, column and fault.
pub fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    let options: Options = options! { with_snippet: false };
    let read = with_deserializer_from_str_with_options(text, options, |yaml| {
        let mut yaml = <dyn erased_serde::Deserializer<'_>>::erase(yaml);
        erased_serde::deserialize(&mut yaml).map_err(Error::custom)
    });
    read.map_err(|error| YamlError(placed(&error.to_string())))
}

/// The text of a value.
///
/// # Errors
/// It has something in it that YAML cannot say.
pub fn to_yaml(value: &impl Serialize) -> Result<String, YamlError> {
    let value: &dyn erased_serde::Serialize = value;
    serde_saphyr::to_string(&value).map_err(|error| YamlError(error.to_string()))
}

/// A fault with the place in front. Each level that it passes adds its own place behind; the first is the innermost.
fn placed(message: &str) -> String {
    let (mut what, mut place) = (message, None);
    while let Some((before, line, column)) = last_place(what) {
        (what, place) = (before, Some((line, column)));
    }
    match place {
        Some((line, column)) => format!("line {line}, column {column}: {what}"),
        None => what.to_owned(),
    }
}

/// The place at the end of a message, and what is before it.
fn last_place(message: &str) -> Option<(&str, u64, u64)> {
    let (before, place) = message.rsplit_once(" at line ")?;
    let (line, column) = place.split_once(", column ")?;
    Some((before, line.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "snake_case")]
    enum Kind {
        Plain,
        Named(String),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        kind: Kind,
        #[serde(default)]
        counts: std::collections::BTreeMap<u32, f64>,
        text: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        inner: Vec<Inner>,
        far: Option<u64>,
    }

    #[test]
    fn what_is_written_is_read() {
        let inner =
            |kind, text: &str| Inner { kind, counts: [(3, 0.1), (7, -1e300)].into(), text: text.into() };
        let value = Outer {
            inner: vec![inner(Kind::Plain, "yes"), inner(Kind::Named("a: b".into()), "0.10\n# no\ttext")],
            far: Some(u64::MAX),
        };
        let text = to_yaml(&value).unwrap();
        assert_eq!(text, serde_saphyr::to_string(&value).unwrap());
        assert_eq!(from_yaml::<Outer>(&text).unwrap(), value);
        assert_eq!(
            from_yaml::<Outer>("inner: [{kind: !plain , text: 0.10}]\nfar:").unwrap().inner[0].text,
            "0.10"
        );
    }

    #[test]
    fn a_fault_has_its_place() {
        let said = |text: &str| from_yaml::<Outer>(text).unwrap_err().to_string();
        let all = [
            "inner:\n- kind: other\n  text: x",
            "inner:\n- kind: plain\n  text: x\n  more: 1",
            "inner:\n- kind: plain",
            "inner: [{kind: plain, text: x, counts: {1: x}}]",
            "inner: 3",
            "inner: [",
            "",
            "inner: []\n---\ninner: []",
            "inner:\n- kind: 'x at line 3, column 4'\n  text: x",
        ];
        insta::assert_snapshot!(all.map(said).join("\n"), @r"
        line 2, column 9: unknown variant `other`, expected one of plain, named
        line 4, column 3: unknown field `more`, expected one of kind, counts, text
        line 2, column 3: missing field `text`
        line 1, column 44: invalid floating point
        line 1, column 8: expected sequence start
        line 1, column 8: unclosed bracket '['
        line 1, column 1: unexpected end of input
        line 3, column 1: multiple YAML documents detected; use from_str_multiple or from_str_multiple_with_options
        line 2, column 9: unknown variant `x at line 3, column 4`, expected one of plain, named
        ");
    }
}
