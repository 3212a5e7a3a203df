//! The table `control`: what pairs of strangers say about each test.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use serde::Serialize;

use super::error::SessionError;
use super::session::Session;
use crate::schema::CONTROL;
use crate::tables::CALLED;

/// What pairs of strangers say about a test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlRow {
    /// The table of the measure.
    pub measure: String,
    /// How the source was computed.
    pub feature_mode: Option<String>,
    /// The lag.
    pub tau: Option<i64>,
    /// The direction.
    pub direction: Option<String>,
    /// The null, or [`CALLED`].
    pub null: String,
    /// Pairs with a p.
    pub pairs: i64,
    /// Those at or below alpha.
    pub rejected: i64,
    /// Their share.
    pub share: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// Distance of the p from uniform.
    pub ks: Option<f64>,
    /// `holds` or `too many`; none without pairs.
    pub verdict: Option<String>,
}

impl ControlRow {
    /// Whether it is the p that is used.
    pub fn is_called(&self) -> bool {
        self.null == CALLED
    }

    /// Whether more strangers are called than alpha allows.
    pub fn has_too_many(&self) -> bool {
        self.verdict.as_deref() == Some("too many")
    }
}

impl Session {
    /// The rows of the table `control`; none where no control went into the session.
    pub async fn control(&self) -> Result<Vec<ControlRow>, SessionError> {
        let sql = format!(
            r#"SELECT measure, feature_mode, tau, direction, "null", pairs, rejected, share, low, high, ks, verdict
               FROM {CONTROL} ORDER BY measure, feature_mode, tau, direction, "null""#
        );
        Ok(self.collect(&sql).await?.iter().flat_map(rows_of).collect())
    }
}

fn rows_of(batch: &RecordBatch) -> Vec<ControlRow> {
    let text = |column: usize, row: usize| {
        let texts = arrow::compute::cast(batch.column(column), &arrow::datatypes::DataType::Utf8).ok()?;
        let texts = texts.as_string_opt::<i32>()?;
        texts.is_valid(row).then(|| texts.value(row).to_owned())
    };
    let whole = |column: usize, row: usize| {
        let values = batch.column(column).as_primitive_opt::<Int64Type>()?;
        values.is_valid(row).then(|| values.value(row))
    };
    let float = |column: usize, row: usize| {
        let values = batch.column(column).as_primitive_opt::<Float64Type>()?;
        values.is_valid(row).then(|| values.value(row))
    };
    let row = |row: usize| ControlRow {
        measure: text(0, row).unwrap_or_default(),
        feature_mode: text(1, row),
        tau: whole(2, row),
        direction: text(3, row),
        null: text(4, row).unwrap_or_default(),
        pairs: whole(5, row).unwrap_or_default(),
        rejected: whole(6, row).unwrap_or_default(),
        share: float(7, row),
        low: float(8, row),
        high: float(9, row),
        ks: float(10, row),
        verdict: text(11, row),
    };
    (0..batch.num_rows()).map(row).collect()
}
