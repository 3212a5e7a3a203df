//! The values of a key, as they are drawn.

use super::error::{DrawError, HeaderError, unknown};
use super::number;
use super::rows::{Rows, Values};
use super::scale::shows;
use super::spec::{Field, Mark, Plot, ScaleKind};

/// What stands for a word that is absent.
pub(super) const NONE: &str = "(none)";

/// The values of a key.
#[derive(Debug)]
pub(super) enum Cells {
    Numbers(ScaleKind, Vec<Option<f64>>),
    Words(Vec<String>),
}

impl Cells {
    pub(super) fn number(&self, row: usize) -> Option<f64> {
        match self {
            Self::Numbers(_, values) => values[row],
            Self::Words(_) => None,
        }
    }

    pub(super) fn word(&self, row: usize) -> Option<&String> {
        match self {
            Self::Words(words) => words.get(row),
            Self::Numbers(..) => None,
        }
    }

    pub(super) fn kind(&self) -> ScaleKind {
        match self {
            Self::Numbers(kind, _) => *kind,
            Self::Words(_) => ScaleKind::Category,
        }
    }
}

/// How a value fits its scale; the worst comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Shown,
    Beyond,
    Infinite,
    Absent,
}

pub(super) fn fit(cells: &Cells, row: usize) -> Fit {
    match cells {
        Cells::Words(_) => Fit::Shown,
        Cells::Numbers(kind, values) => match values[row] {
            None => Fit::Absent,
            Some(value) if !value.is_finite() => Fit::Infinite,
            Some(value) if !shows(*kind, value) => Fit::Beyond,
            Some(_) => Fit::Shown,
        },
    }
}

pub(super) fn column<'b>(
    plot: &Plot,
    line: usize,
    name: &str,
    rows: &'b Rows,
) -> Result<&'b Values, HeaderError> {
    rows.column(name).ok_or_else(|| {
        let what = unknown("column", name, &rows.names());
        HeaderError { file: plot.file.clone(), line, what: format!("{what}\n(hint: the query gives them)") }
    })
}

pub(super) fn numbers(
    plot: &Plot,
    line: usize,
    name: &str,
    rows: &Rows,
) -> Result<Vec<Option<f64>>, DrawError> {
    match column(plot, line, name, rows)? {
        Values::Numbers(values) => Ok(values[..rows.len()].to_vec()),
        Values::Times(values) => {
            Ok(values[..rows.len()].iter().map(|value| value.map(|v| v as f64)).collect())
        }
        Values::Texts(_) => {
            let what = format!("`{name}` is text, and numbers are drawn there");
            Err(HeaderError { file: plot.file.clone(), line, what }.into())
        }
    }
}

pub(super) fn cells_of(plot: &Plot, key: &str, field: &Field, rows: &Rows) -> Result<Cells, DrawError> {
    let values = column(plot, field.line, &field.column, rows)?;
    let axis = match key {
        "low" | "high" if plot.field("y").is_some() && plot.mark == Mark::Pair => "x-scale".to_owned(),
        "low" | "high"
            if matches!(plot.field("y").and_then(|y| rows.column(&y.column)), Some(Values::Texts(_))) =>
        {
            "x-scale".to_owned()
        }
        "low" | "high" => "y-scale".to_owned(),
        key => format!("{key}-scale"),
    };
    let asked = plot.scale(&axis);
    if key == "label" || asked == Some(ScaleKind::Category) {
        return Ok(Cells::Words(words_of(values, rows.len())));
    }
    let wrong = |what: String| HeaderError { file: plot.file.clone(), line: plot.scale_line(&axis), what };
    match (values, asked) {
        (Values::Texts(_), Some(_)) => {
            let what = format!("`{}` is text, whose scale is `category`", field.column);
            Err(wrong(what).into())
        }
        (Values::Texts(_), None) => Ok(Cells::Words(words_of(values, rows.len()))),
        (Values::Numbers(_), Some(ScaleKind::Time)) => {
            Err(wrong(format!("`{}` is a number, and `time` is the scale of times", field.column)).into())
        }
        (Values::Numbers(values), asked) => {
            Ok(Cells::Numbers(asked.unwrap_or(ScaleKind::Linear), values[..rows.len()].to_vec()))
        }
        (Values::Times(values), _) => {
            let values = values[..rows.len()].iter().map(|value| value.map(|value| value as f64));
            Ok(Cells::Numbers(ScaleKind::Time, values.collect()))
        }
    }
}

pub(super) fn words_of(values: &Values, rows: usize) -> Vec<String> {
    let none = || NONE.to_owned();
    match values {
        Values::Texts(words) => words[..rows].iter().map(|word| word.clone().unwrap_or_else(none)).collect(),
        Values::Numbers(values) => {
            values[..rows].iter().map(|v| v.map_or_else(none, number::short)).collect()
        }
        Values::Times(values) => {
            values[..rows].iter().map(|v| v.map_or_else(none, super::ticks::moment)).collect()
        }
    }
}
