//! One row a key: that of the attempt that counts, compared with its duplicates in passing.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::{Deserialize, Serialize};

use super::chain::SortedBatch;
use super::choice::{Choice, Choose};
use super::file::SortedFile;
use super::merge::{Chunk, Merged, column, gather};
use super::order::Order;
use crate::schema::{OF_UNITS, USER};
use crate::store::StoreError;

/// Findings of a kind that are kept; the rest are counted.
const KEPT: usize = 1000;

/// A value in which a duplicate differs from the row that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The user.
    pub user_id: String,
    /// The rest of the key, as text.
    pub row_key: String,
    /// The column.
    pub column: String,
    /// The value that counts.
    pub one: String,
    /// The other value.
    pub other: String,
    /// Run and attempt of the first.
    pub one_source: String,
    /// Run and attempt of the other.
    pub other_source: String,
}

/// A key of which several rows count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// The user.
    pub user_id: String,
    /// The rest of the key, as text.
    pub row_key: String,
    /// Runs and attempts of the rows.
    pub sources: Vec<String>,
}

/// What was seen in passing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Rows that count.
    pub rows: u64,
    /// The first differences.
    pub differences: Vec<Difference>,
    /// How many there are.
    pub differing: u64,
    /// The first keys that are there twice.
    pub repeated: Vec<Repeated>,
    /// How many there are.
    pub repeating: u64,
}

impl Findings {
    /// Adds those of rows that come after.
    pub fn add(&mut self, later: Self) {
        self.rows += later.rows;
        self.differing += later.differing;
        self.repeating += later.repeating;
        self.differences.extend(later.differences);
        self.differences.truncate(KEPT);
        self.repeated.extend(later.repeated);
        self.repeated.truncate(KEPT);
    }
}

/// Rows of one chunk that count, where they are.
#[derive(Debug)]
pub struct Picked {
    batches: Vec<Arc<SortedBatch>>,
    picks: Vec<(usize, usize)>,
}

impl Picked {
    /// How many.
    pub fn rows(&self) -> usize {
        self.picks.len()
    }

    /// The rows in some of the columns that were read.
    pub fn batch(&self, columns: &SchemaRef) -> Result<RecordBatch, StoreError> {
        gather(&self.batches, &self.picks, columns)
    }
}

/// The rows of sorted files, one a key, in its order.
#[derive(Debug)]
pub struct SortedRows {
    merged: Merged,
    key: Vec<String>,
    /// Columns in which duplicates must agree; none if they are not compared.
    compared: Vec<String>,
    findings: Findings,
}

impl SortedRows {
    /// Opens the files of a table for its columns, sorted by user and key.
    ///
    /// `columns` must have `user_id`, `attempt` and the key; duplicates are compared in the others if asked.
    pub fn open(
        files: Vec<SortedFile>,
        columns: SchemaRef,
        key: &[String],
        choice: &Arc<dyn Choice>,
        compare: bool,
    ) -> Result<Self, StoreError> {
        // What says where a row is from differs in duplicates.
        let is_compared =
            |name: &String| compare && !OF_UNITS.contains(&name.as_str()) && !key.contains(name);
        let compared = columns.fields().iter().map(|f| f.name().clone()).filter(is_compared).collect();
        let order = Order::new(columns, std::iter::once(USER).chain(key.iter().map(String::as_str)))?;
        let merged = Merged::open(files, order, choice)?;
        Ok(Self { merged, key: key.to_vec(), compared, findings: Findings::default() })
    }

    /// The next rows; never none of them.
    pub fn next_rows(&mut self) -> Result<Option<Picked>, StoreError> {
        while let Some(chunk) = self.merged.next_chunk()? {
            let picked = self.pick(chunk)?;
            if !picked.picks.is_empty() {
                self.findings.rows += picked.picks.len() as u64;
                return Ok(Some(picked));
            }
        }
        Ok(None)
    }

    /// What was seen so far.
    pub fn findings(self) -> Findings {
        self.findings
    }

    fn pick(&mut self, chunk: Chunk) -> Result<Picked, StoreError> {
        let Chunk { batches, picks, starts } = chunk;
        let all_count = batches.iter().all(|batch| batch.choices.is_none());
        if self.key.is_empty() {
            // A list: the rows of a user in the order written, none of which is another's duplicate.
            let counts = |&(batch, row): &(usize, usize)| {
                batches[batch].choices.as_ref().is_none_or(|choices| choices[row] == Choose::Take)
            };
            let picks = picks.into_iter().filter(counts).collect();
            return Ok(Picked { batches, picks });
        }
        if all_count && starts.len() == picks.len() {
            return Ok(Picked { batches, picks });
        }
        let mut counting = Vec::with_capacity(starts.len());
        let mut compared = Compared::default();
        let ends = starts.iter().skip(1).copied().chain([picks.len()]);
        for (start, end) in starts.iter().zip(ends) {
            let same_key = &picks[*start..end];
            let choice = |&(batch, row): &(usize, usize)| {
                batches[batch].choices.as_ref().map_or(Choose::Take, |choices| choices[row])
            };
            let mut taken = same_key.iter().filter(|pick| choice(pick) == Choose::Take);
            let first = taken.next();
            counting.extend(first);
            let such = |what| {
                let such = same_key.iter().filter(move |pick| choice(pick) == what).copied();
                by_attempt(&batches, such.collect())
            };
            if taken.next().is_some() {
                self.note_repeated(&batches, &such(Choose::Take))?;
            }
            for other in such(Choose::Compare) {
                compared.push(first.copied(), other);
            }
        }
        if !self.compared.is_empty() {
            self.compare(&batches, &compared)?;
        }
        Ok(Picked { batches, picks: counting })
    }

    /// Notes what differs, row by row: what comes first does not depend on how many rows are looked at together.
    fn compare(&mut self, batches: &[Arc<SortedBatch>], compared: &Compared) -> Result<(), StoreError> {
        // A duplicate may have a row that the attempt that counts has not.
        let mut found: Vec<(usize, Option<usize>)> = compared.lonely.iter().map(|at| (*at, None)).collect();
        if !compared.pairs.is_empty() {
            let place = |at: &usize| compared.others[*at];
            let ones: Vec<_> = compared.pairs.iter().map(|(_, one)| *one).collect();
            let others: Vec<_> = compared.pairs.iter().map(|(at, _)| place(at)).collect();
            for (index, name) in self.compared.iter().enumerate() {
                let differ = distinct(&column(batches, &ones, name)?, &column(batches, &others, name)?)?;
                let differing =
                    differ.iter().zip(&compared.pairs).filter(|(differs, _)| *differs == Some(true));
                found.extend(differing.map(|(_, (at, _))| (*at, Some(index))));
            }
        }
        self.findings.differing += found.len() as u64;
        found.sort_unstable();
        for (at, index) in found.into_iter().take(KEPT - self.findings.differences.len().min(KEPT)) {
            let difference = self.difference(batches, compared, at, index)?;
            self.findings.differences.push(difference);
        }
        Ok(())
    }

    /// What differs in a row: one of the compared columns, or that nothing counts there.
    fn difference(
        &self,
        batches: &[Arc<SortedBatch>],
        compared: &Compared,
        at: usize,
        index: Option<usize>,
    ) -> Result<Difference, StoreError> {
        let other = compared.others[at];
        let (user_id, row_key) = self.key_text(batches, other)?;
        let other_source = source(batches, other);
        let one =
            compared.pairs.binary_search_by_key(&at, |(at, _)| *at).map(|place| compared.pairs[place].1);
        let (Some(name), Ok(one)) = (index.map(|index| &self.compared[index]), one) else {
            return Ok(Difference {
                user_id,
                row_key,
                column: "(whole row)".into(),
                one: "(no such row)".into(),
                other: "(a row)".into(),
                one_source: String::new(),
                other_source,
            });
        };
        let value = |at| text(&column(batches, &[at], name)?, 0);
        Ok(Difference {
            user_id,
            row_key,
            column: name.clone(),
            one: value(one)?,
            other: value(other)?,
            one_source: source(batches, one),
            other_source,
        })
    }

    fn note_repeated(
        &mut self,
        batches: &[Arc<SortedBatch>],
        rows: &[(usize, usize)],
    ) -> Result<(), StoreError> {
        self.findings.repeating += 1;
        if let Some(first) = rows.first().filter(|_| self.findings.repeated.len() < KEPT) {
            let (user_id, row_key) = self.key_text(batches, *first)?;
            let sources = rows.iter().map(|row| source(batches, *row)).collect();
            self.findings.repeated.push(Repeated { user_id, row_key, sources });
        }
        Ok(())
    }

    fn key_text(
        &self,
        batches: &[Arc<SortedBatch>],
        at: (usize, usize),
    ) -> Result<(String, String), StoreError> {
        let value = |name: &str| text(&column(batches, &[at], name)?, 0);
        let parts = self
            .key
            .iter()
            .map(|name| Ok(format!("{name} {}", value(name)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok((value("user_id")?, parts.join(", ")))
    }
}

/// Rows of duplicates, in the order of their keys, and what each must equal.
#[derive(Debug, Default)]
struct Compared {
    /// Where they are.
    others: Vec<(usize, usize)>,
    /// Those with a row that counts, by their places among the others.
    pairs: Vec<(usize, (usize, usize))>,
    /// Those without.
    lonely: Vec<usize>,
}

impl Compared {
    fn push(&mut self, one: Option<(usize, usize)>, other: (usize, usize)) {
        let at = self.others.len();
        match one {
            Some(one) => self.pairs.push((at, one)),
            None => self.lonely.push(at),
        }
        self.others.push(other);
    }
}

fn source(batches: &[Arc<SortedBatch>], at: (usize, usize)) -> String {
    let file: &SortedFile = &batches[at.0].file;
    format!("{} {}", file.run_name, attempt(batches, at))
}

fn attempt(batches: &[Arc<SortedBatch>], at: (usize, usize)) -> String {
    column(batches, &[at], "attempt").and_then(|a| text(&a, 0)).unwrap_or_default()
}

/// Rows of one key by run and attempt: in which files they lie, and with which others, tells nobody anything.
fn by_attempt(batches: &[Arc<SortedBatch>], mut rows: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    if rows.len() > 1 {
        rows.sort_by_cached_key(|at| (batches[at.0].file.run, attempt(batches, *at)));
    }
    rows
}

fn text(array: &ArrayRef, at: usize) -> Result<String, StoreError> {
    let options = FormatOptions::default().with_null("(null)");
    Ok(ArrayFormatter::try_new(array, &options)?.value(at).to_string())
}
