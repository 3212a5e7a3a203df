//! Files whose users do not overlap, read one after the other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::record_batch::RecordBatch;
use arrow::row::Rows;
use rayon::prelude::*;

use super::choice::{Choice, Choose};
use super::file::{OpenFile, Owner, SortedFile};
use super::order::Order;
use crate::store::StoreError;

/// Chains that are made even if one would do, since each is decoded by itself.
const LEAST: usize = 4;

/// Rows of one file in the order of the key.
#[derive(Debug)]
pub struct SortedBatch {
    /// In the columns asked for.
    pub rows: RecordBatch,
    /// Their keys, which compare as bytes.
    pub(super) keys: Rows,
    /// What is done with each row; none if all are taken.
    pub(super) choices: Option<Vec<Choose>>,
    /// Where they are from.
    pub file: Arc<SortedFile>,
}

/// Puts files into as few chains as their users allow.
pub(super) fn chains(files: Vec<SortedFile>) -> Result<Vec<VecDeque<Arc<SortedFile>>>, StoreError> {
    let ranges = files.par_iter().map(SortedFile::users).collect::<Result<Vec<_>, _>>()?;
    let mut known = Vec::new();
    let mut chains: Vec<VecDeque<Arc<SortedFile>>> = Vec::new();
    for (file, range) in files.into_iter().zip(ranges) {
        match range {
            Some((low, high)) => known.push((low, high, Arc::new(file))),
            None => chains.push(VecDeque::from([Arc::new(file)])),
        }
    }
    known.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    // The chain that ended first takes the next file if it ended before that begins.
    let mut ends: BinaryHeap<Reverse<(String, usize)>> = BinaryHeap::new();
    for (low, high, file) in known {
        let free = ends.len() >= LEAST && ends.peek().is_some_and(|Reverse((end, _))| *end < low);
        let place = if free && let Some(Reverse((_, place))) = ends.pop() {
            place
        } else {
            chains.push(VecDeque::new());
            chains.len() - 1
        };
        chains[place].push_back(file);
        ends.push(Reverse((high, place)));
    }
    Ok(chains)
}

/// A chain that is being read.
#[derive(Debug)]
pub(super) struct Chain {
    files: VecDeque<Arc<SortedFile>>,
    current: Option<(Arc<SortedFile>, OpenFile)>,
    order: Arc<Order>,
    choice: Arc<dyn Choice>,
    batch_rows: usize,
    last: Option<Vec<u8>>,
}

impl Chain {
    pub(super) fn new(
        files: VecDeque<Arc<SortedFile>>,
        order: Arc<Order>,
        choice: Arc<dyn Choice>,
        batch_rows: usize,
    ) -> Self {
        Self { files, current: None, order, choice, batch_rows, last: None }
    }

    /// The next rows; never none of them.
    pub(super) fn next(&mut self) -> Result<Option<SortedBatch>, StoreError> {
        loop {
            let Some((file, open)) = &mut self.current else {
                let Some(file) = self.files.pop_front() else { return Ok(None) };
                if !self.is_left(&file) {
                    let open = file.open(&self.order.columns, self.batch_rows)?;
                    self.current = Some((file, open));
                }
                continue;
            };
            match open.next(file, &self.order.columns, &self.order.key)? {
                None => self.current = None,
                Some(rows) if rows.num_rows() == 0 => {}
                Some(rows) => {
                    let file = Arc::clone(file);
                    return self.batch(file, rows).map(Some);
                }
            }
        }
    }

    /// Whether no row of a unit's file is needed.
    fn is_left(&self, file: &SortedFile) -> bool {
        match &file.owner {
            Owner::Unit { attempt, .. } => self.choice.of(file.run, attempt) == Choose::Leave,
            Owner::Group => false,
        }
    }

    fn batch(&mut self, file: Arc<SortedFile>, rows: RecordBatch) -> Result<SortedBatch, StoreError> {
        let keys = self.order.keys(&rows)?;
        let mut last = self.last.as_deref();
        for key in &keys {
            if last.is_some_and(|last| last > key.data()) {
                return Err(file.damaged("its rows are not in the order of the table's key"));
            }
            last = Some(key.data());
        }
        self.last = last.map(<[u8]>::to_vec);
        let choices = self.choices(&file, &rows);
        Ok(SortedBatch { rows, keys, choices, file })
    }

    fn choices(&self, file: &SortedFile, rows: &RecordBatch) -> Option<Vec<Choose>> {
        if self.choice.takes_all(file.run) {
            return None;
        }
        let attempts = rows.column_by_name("attempt")?.as_string_opt::<i32>()?;
        let mut known: Option<(&str, Choose)> = None;
        let choice_of = |attempt: Option<_>| {
            let attempt = attempt.unwrap_or_default();
            let (_, choice) = *match &mut known {
                Some(known) if known.0 == attempt => known,
                known => known.insert((attempt, self.choice.of(file.run, attempt))),
            };
            choice
        };
        let choices: Vec<Choose> = attempts.iter().map(choice_of).collect();
        choices.iter().any(|choice| *choice != Choose::Take).then_some(choices)
    }
}
