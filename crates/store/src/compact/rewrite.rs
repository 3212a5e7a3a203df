//! Writing the rows of many files into few.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::number::take_number;
use crate::schema::{Schemas, TableSchema, columns};
use crate::sorted::{Choice, Everything, Merged, Order, Owner, SortedFile, gathered};
use crate::store::{
    GroupWriter, LedgerFile, LedgerRow, Made, Object, Run, StoreError, compaction_ledger, is_group,
    new_compaction_id, new_numbered_id, publish_by_names, rewritten,
};

/// Values that are written together, about: what is in memory, and the size of the files, follows it.
const VALUES: u64 = 16_000_000;

/// Attempts that are written together.
const ATTEMPTS: usize = 50_000;

/// Files of one shard and bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rewrite<'a> {
    pub(super) run: &'a Run,
    pub(super) schemas: &'a Schemas,
    pub(super) shard: u32,
    pub(super) bucket: u32,
}

impl Rewrite<'_> {
    /// Writes the attempts of whole files of the ledger; how many they were.
    pub(super) fn commit(&self, files: &[LedgerFile]) -> Result<u64, StoreError> {
        let rows = self.in_parts(files, new_compaction_id, |group, rows, mut objects| {
            objects.push(group.ledger(rows)?);
            self.run.publish(&objects)
        })?;
        Ok(rows.len() as u64)
    }

    /// Writes the attempts of whole files of the ledger as the compaction of a number, with one file of the ledger; how many
    /// they were, or none if another compaction has the number.
    pub(super) fn commit_numbered(
        &self,
        files: &[LedgerFile],
        number: u64,
    ) -> Result<Option<u64>, StoreError> {
        let storage = self.run.storage();
        let mut data = Vec::new();
        let rows = self.in_parts(
            files,
            || new_numbered_id(number),
            |_, _, objects| {
                data.extend(objects.iter().map(|object| object.path.clone()));
                match publish_by_names(storage, &objects)? {
                    Made::Ours => Ok(()),
                    Made::Theirs(_) => Err(StoreError::Damaged {
                        file: self.run.name(),
                        what: format!("another process has a name of compaction {number}"),
                    }),
                }
            },
        )?;
        let (run, schemas, shard, bucket) = (self.run, self.schemas, self.shard, self.bucket);
        let name = compaction_ledger(number);
        let ledger = GroupWriter { run, schemas, shard, bucket, name: &name }.ledger(&rows)?;
        Ok(take_number(storage, &ledger, &data)?.then_some(rows.len() as u64))
    }

    /// Goes through the attempts in parts of whole users, whose data files `write` is given; their rows say where they are
    /// then.
    fn in_parts(
        &self,
        files: &[LedgerFile],
        name: impl Fn() -> String,
        mut write: impl FnMut(&GroupWriter<'_>, &[LedgerRow], Vec<Object>) -> Result<(), StoreError>,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        let mut rows: Vec<LedgerRow> = files.iter().flat_map(|file| file.rows.iter().cloned()).collect();
        rows.sort_by(|a, b| {
            (&a.user_id, &a.feature_mode, &a.attempt).cmp(&(&b.user_id, &b.feature_mode, &b.attempt))
        });
        let mut tables = self.tables(&rows)?;
        let mut rest = rows.as_mut_slice();
        while !rest.is_empty() {
            let (part, after) = rest.split_at_mut(self.part(rest)?);
            let next = after.first().map(|row| row.user_id.as_str());
            let (run, schemas, shard, bucket) = (self.run, self.schemas, self.shard, self.bucket);
            let group = GroupWriter { run, schemas, shard, bucket, name: &name() };
            let objects = self.data_of(&group, part, &mut tables, next)?;
            write(&group, part, objects)?;
            rest = after;
        }
        Ok(rows)
    }

    /// How many of the attempts are written together: whole users.
    fn part(&self, rows: &[LedgerRow]) -> Result<usize, StoreError> {
        let mut values = 0;
        for (place, row) in rows.iter().enumerate() {
            let is_next_user = place > 0 && rows[place - 1].user_id != row.user_id;
            if is_next_user && (values >= VALUES || place >= ATTEMPTS) {
                return Ok(place);
            }
            for file in &row.files {
                values += file.rows * self.schemas.get(&file.table)?.columns.len() as u64;
            }
        }
        Ok(rows.len())
    }

    /// The data files of some attempts, whose rows are told.
    fn data_of(
        &self,
        group: &GroupWriter<'_>,
        rows: &mut [LedgerRow],
        tables: &mut [TableRows],
        next_user: Option<&str>,
    ) -> Result<Vec<Object>, StoreError> {
        let planned: Vec<BTreeMap<String, u64>> = rows.iter().map(rows_by_table).collect();
        for row in rows.iter_mut() {
            row.attempt = rewritten(&row.attempt);
            row.files.clear();
        }
        let mut objects: Vec<Object> = Vec::with_capacity(tables.len() + 1);
        for table in tables {
            let batch = table.before(next_user)?;
            let mut counts = count_attempts(&batch)?;
            let mut told = Vec::with_capacity(rows.len());
            for (row, planned) in rows.iter_mut().zip(&planned) {
                let found = counts.remove(&row.attempt).unwrap_or(0);
                if found != planned.get(&table.schema.table).copied().unwrap_or(0) {
                    return Err(self.uneven(row, &table.schema.table));
                }
                told.push((row, found));
            }
            if batch.num_rows() > 0 {
                objects.push(group.table(&table.schema, &batch, told)?);
            }
        }
        Ok(objects)
    }

    /// The tables that attempts have rows in, opened.
    fn tables(&self, rows: &[LedgerRow]) -> Result<Vec<TableRows>, StoreError> {
        let mut files: BTreeMap<&str, BTreeMap<&str, (SortedFile, u64)>> = BTreeMap::new();
        let storage = self.run.shared_storage();
        for row in rows {
            for file in &row.files {
                let owner = || {
                    let (user_id, attempt) = (row.user_id.clone(), row.attempt.clone());
                    if is_group(&file.file) { Owner::Group } else { Owner::Unit { user_id, attempt } }
                };
                files.entry(&file.table).or_default().entry(&file.file).or_insert_with(|| {
                    (SortedFile::stored(0, "", self.shard, owner(), &storage, &file.file), file.bytes)
                });
            }
        }
        let open = |(table, files): (&str, BTreeMap<&str, (SortedFile, u64)>)| {
            TableRows::open(self.schemas.get(table)?.clone(), files.into_values())
        };
        files.into_iter().map(open).collect()
    }

    fn uneven(&self, row: &LedgerRow, table: &str) -> StoreError {
        StoreError::Damaged {
            file: self.run.name(),
            what: format!(
                "the rows of user {} in table {table} differ from the ledger (shard {}, bucket {})",
                row.user_id, self.shard, self.bucket
            ),
        }
    }
}

fn rows_by_table(row: &LedgerRow) -> BTreeMap<String, u64> {
    let mut rows = BTreeMap::new();
    for file in &row.files {
        *rows.entry(file.table.clone()).or_default() += file.rows;
    }
    rows
}

/// Rows of each attempt.
fn count_attempts(batch: &RecordBatch) -> Result<HashMap<String, u64>, StoreError> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut last: Option<(&str, u64)> = None;
    for attempt in attempts(batch)?.iter().map(Option::unwrap_or_default) {
        match &mut last {
            Some((known, rows)) if *known == attempt => *rows += 1,
            last => {
                if let Some((known, rows)) = last.replace((attempt, 1)) {
                    *counts.entry(known.to_owned()).or_default() += rows;
                }
            }
        }
    }
    if let Some((known, rows)) = last {
        *counts.entry(known.to_owned()).or_default() += rows;
    }
    Ok(counts)
}

fn attempts(batch: &RecordBatch) -> Result<&StringArray, StoreError> {
    Ok(batch.column(batch.schema_ref().index_of("attempt")?).as_string::<i32>())
}

/// The rows of a table, in order.
struct TableRows {
    schema: TableSchema,
    columns: SchemaRef,
    merged: Merged,
    /// Rows that were read and not yet taken.
    waiting: Option<RecordBatch>,
}

impl TableRows {
    fn open(schema: TableSchema, files: impl Iterator<Item = (SortedFile, u64)>) -> Result<Self, StoreError> {
        let columns = columns::grouped(&schema);
        let (files, bytes): (Vec<_>, Vec<_>) = files.unzip();
        let files = gathered(files, bytes.iter().sum(), &columns, &schema.key)?;
        let order = Order::new(Arc::clone(&columns), schema.full_key())?;
        let everything: Arc<dyn Choice> = Arc::new(Everything);
        let merged = Merged::open(files, order, &everything)?;
        Ok(Self { schema, columns, merged, waiting: None })
    }

    /// The rows of users before one, or all, under the new names of their attempts.
    fn before(&mut self, user: Option<&str>) -> Result<RecordBatch, StoreError> {
        let mut taken = Vec::new();
        loop {
            let batch = match self.waiting.take() {
                Some(batch) => batch,
                None => match self.merged.next_chunk()? {
                    Some(chunk) => chunk.rows(&self.columns)?,
                    None => break,
                },
            };
            let users = batch.column(0).as_string::<i32>();
            let end = user.map_or(batch.num_rows(), |user| first_from(users, user));
            taken.push(renamed(&batch.slice(0, end))?);
            if end < batch.num_rows() {
                self.waiting = Some(batch.slice(end, batch.num_rows() - end));
                break;
            }
        }
        Ok(concat_batches(&self.columns, &taken)?)
    }
}

/// The first row of a user or one after it, in rows that are sorted by user.
fn first_from(users: &StringArray, user: &str) -> usize {
    let (mut low, mut high) = (0, users.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if users.value(middle) < user { low = middle + 1 } else { high = middle }
    }
    low
}

fn renamed(batch: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let place = batch.schema_ref().index_of("attempt")?;
    let mut last: Option<(&str, String)> = None;
    let mut names = Vec::with_capacity(batch.num_rows());
    for attempt in attempts(batch)?.iter().map(Option::unwrap_or_default) {
        let name = match &last {
            Some((known, name)) if *known == attempt => name.clone(),
            _ => last.insert((attempt, rewritten(attempt))).1.clone(),
        };
        names.push(name);
    }
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns[place] = Arc::new(StringArray::from(names));
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}
