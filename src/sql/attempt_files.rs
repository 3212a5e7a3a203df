//! Which files hold the rows of runs, and which attempts in them do not speak.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::{ColumnarValue, Expr, Volatility, create_udf};
use rustc_hash::FxHashSet;

use super::files::TableFile;
use super::judge::{Candidate, Precedence, judge};
use super::source::OpenRun;
use crate::store::{IndexedAttempt, IndexedFile, StoreError, repeated};

/// Files of one table.
#[derive(Debug, Default)]
pub(super) struct TableFiles {
    /// Files that hold one unit.
    pub(super) units: Vec<TableFile>,
    /// Files that hold several, by run.
    pub(super) groups: BTreeMap<usize, Vec<TableFile>>,
}

impl TableFiles {
    /// The files of a table of runs, without those that hold only an attempt that is silent.
    pub(super) fn of(runs: &[OpenRun], silent: &[Silent], table: &str) -> Result<Self, StoreError> {
        let mut files = Self::default();
        for (place, run) in runs.iter().enumerate() {
            let silent = silent.get(place);
            for file in run.index()?.files.iter().filter(|file| *file.table == *table) {
                match &file.owner {
                    None => files.groups.entry(place).or_default().push(found(run, file)),
                    Some((_, attempt)) if silent.is_none_or(|silent| !silent.has(attempt)) => {
                        files.units.push(found(run, file));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(files)
    }
}

fn found(run: &OpenRun, file: &IndexedFile) -> TableFile {
    TableFile {
        path: std::path::Path::new(&run.run.name()).join(&file.path),
        bytes: file.bytes,
        owner: file.owner.clone(),
        shard: file.shard,
        run: run.name.clone(),
    }
}

/// Attempts of a run that do not speak.
#[derive(Debug, Clone, Default)]
pub(super) struct Silent(Arc<FxHashSet<Box<str>>>);

impl Silent {
    /// Of each of some runs that are asked together: the last attempt of a unit that is ok speaks.
    pub(super) fn among(runs: &[OpenRun]) -> Result<Vec<Self>, StoreError> {
        let mut rows = several(runs)?;
        rows.sort_by(|(_, a), (_, b)| (&a.user_id, &a.feature_mode).cmp(&(&b.user_id, &b.feature_mode)));
        let mut silent: Vec<FxHashSet<Box<str>>> = vec![FxHashSet::default(); runs.len()];
        for unit in
            rows.chunk_by(|(_, a), (_, b)| (&a.user_id, &a.feature_mode) == (&b.user_id, &b.feature_mode))
        {
            let candidates: Vec<_> = unit.iter().map(|(run, row)| Candidate::of(*run, row)).collect();
            let winner = judge(&candidates, Precedence::Latest).winner;
            for (place, (run, row)) in unit.iter().enumerate() {
                if place != winner {
                    silent[*run].insert(row.attempt.as_str().into());
                }
            }
        }
        Ok(silent.into_iter().map(|silent| Self(Arc::new(silent))).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, attempt: &str) -> bool {
        self.0.contains(attempt)
    }

    /// Whether the attempt in a column is none of these. A list of them in the query would have to be planned.
    pub(super) fn is_not(&self, name: &str, attempt: Expr) -> Expr {
        let silent = Arc::clone(&self.0);
        let speaks = move |args: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(args)?;
            let mut last: Option<(&str, bool)> = None;
            let rows = arrays[0].as_string::<i32>();
            let mut found = Vec::with_capacity(rows.len());
            for attempt in rows.iter().map(Option::unwrap_or_default) {
                // Rows of an attempt are neighbours.
                let speaks = match last {
                    Some((known, known_speaks)) if known == attempt => known_speaks,
                    _ => !silent.contains(attempt),
                };
                last = Some((attempt, speaks));
                found.push(speaks);
            }
            Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(found))))
        };
        let function = create_udf(
            name,
            vec![DataType::Utf8],
            DataType::Boolean,
            Volatility::Immutable,
            Arc::new(speaks),
        );
        function.call(vec![attempt])
    }
}

/// The attempts of units that have more than one in all runs together, with the run's place.
fn several(runs: &[OpenRun]) -> Result<Vec<(usize, IndexedAttempt)>, StoreError> {
    if let [only] = runs {
        return Ok(only.index()?.several.iter().map(|row| (0, row.clone())).collect());
    }
    let mut units = Vec::new();
    for run in runs {
        units.extend(run.index()?.units());
    }
    let twice: HashSet<u64> = repeated(units);
    let mut attempts = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        let found = run.index()?.attempts_of(run.run.storage(), &twice)?;
        attempts.extend(found.into_iter().map(|attempt| (place, attempt)));
    }
    Ok(attempts)
}
