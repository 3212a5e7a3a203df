//! What is wrong with a plot.

use thiserror::Error;

/// A header that says nothing that could be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}: {what}")]
pub struct HeaderError {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong there, and what would be right.
    pub what: String,
}

/// Rows that cannot be drawn as the header says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DrawError {
    /// The header names what the rows do not have.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// More than a picture holds.
    #[error(
        "{file}: draws {marks} marks, and a plot has at most {most}\n(hint: aggregate in its SQL: bins, quantiles, or a \
         limit that the caption states)"
    )]
    TooMany {
        /// The file.
        file: String,
        /// Marks it would draw.
        marks: usize,
        /// The most there may be.
        most: usize,
    },
    /// More panels than a picture holds.
    #[error(
        "{file}:{line}: draws {panels} panels, and a plot has at most {most}\n(hint: facet by fewer columns, or select some of them)"
    )]
    TooManyPanels {
        /// The file.
        file: String,
        /// The line of the facets.
        line: usize,
        /// Panels it would draw.
        panels: usize,
        /// The most there may be.
        most: usize,
    },
}

/// The word of those there are that is most like one that is not there.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let begins = |other: &&str| word.len() > 1 && other.starts_with(word);
    if let Some(longer) = known.clone().into_iter().find(begins) {
        return Some(longer);
    }
    let scored = known.into_iter().map(|other| (strsim::damerau_levenshtein(word, other), other));
    let (distance, other) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= (other.chars().count() / 2).min(3)).then_some(other)
}

/// `unknown key `x` (did you mean `y`?); the keys are …`
pub(super) fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    let meant = nearest(word, known.iter().copied());
    let meant = meant.map_or_else(String::new, |other| format!(" (did you mean `{other}`?)"));
    let plural = if what == "axis" { "axes".to_owned() } else { format!("{what}s") };
    format!("unknown {what} `{}`{meant}; the {plural} are {}", super::text::shown(word, 60), known.join(", "))
}
