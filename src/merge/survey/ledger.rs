//! Plan and ledger of several runs as sorted files.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};

use super::books::Holding;
use crate::schema::{LEDGER, TableSchema};
use crate::sorted::{Order, Owner, SortedBatch, SortedFile};
use crate::sql::OpenRun;
use crate::store::{EXPECTED, StoreError, UnitState, expected_batch, is_group, parse_path, unit_ledgers};

/// Units of a plan that are read at once; larger plans are read in parts.
const SMALL: u64 = 50_000;

/// What both are sorted by.
const KEY: [&str; 2] = ["user_id", "feature_mode"];

/// The plans of runs. Runs of one plan have it in equal bytes; it is read once.
pub(super) fn plans(runs: &[OpenRun]) -> Result<Vec<SortedFile>, StoreError> {
    let mut seen = std::collections::BTreeSet::new();
    let mut files = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let input = &run.run.manifest().input;
        if !seen.insert(input.plan_fingerprint.as_str()) {
            continue;
        }
        files.push(if input.units > SMALL {
            let storage = run.run.shared_storage();
            SortedFile::stored(index, &run.name, 0, Owner::Group, &storage, EXPECTED)
        } else {
            // A plan that an older version wrote is in the order of positions.
            let mut units = run.run.expected()?.to_vec();
            units.sort_by(|a, b| (&a.user_id, &a.feature_mode).cmp(&(&b.user_id, &b.feature_mode)));
            SortedFile::rows(index, &run.name, expected_batch(&units)?)
        });
    }
    Ok(files)
}

/// The ledgers of runs.
#[derive(Debug, Default)]
pub(super) struct Ledgers {
    /// Their rows.
    pub(super) files: Vec<SortedFile>,
    /// Files that cannot be read: index of the run, path and cause.
    pub(super) corrupt: Vec<(usize, String, String)>,
}

impl Ledgers {
    /// Lists the ledgers; those of single units are read.
    pub(super) fn open(runs: &[OpenRun], schema: &TableSchema) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for (index, run) in runs.iter().enumerate() {
            let all = run.run.storage().list(LEDGER)?;
            let (groups, units): (Vec<_>, Vec<_>) = all.into_iter().partition(|entry| is_group(&entry.path));
            let (rows, corrupt) = unit_ledgers(run.run.storage(), &units, schema)?;
            found.corrupt.extend(corrupt.into_iter().map(|(path, cause)| (index, path, cause)));
            if rows.num_rows() > 0 {
                found.files.push(SortedFile::rows(index, &run.name, rows));
            }
            let storage = run.run.shared_storage();
            for group in groups {
                match parse_path(&group.path) {
                    Some((_, shard, _)) if group.bytes > 0 => found.files.push(SortedFile::stored(
                        index,
                        &run.name,
                        shard,
                        Owner::Group,
                        &storage,
                        &group.path,
                    )),
                    Some(_) => found.corrupt.push((index, group.path, "has 0 bytes".into())),
                    None => found.corrupt.push((index, group.path, "is not at a place of the ledger".into())),
                }
            }
        }
        Ok(found)
    }

    /// Takes a damaged file out; whether it is one of the ledger's.
    pub(super) fn without(&mut self, file: &str, cause: &str) -> bool {
        let Some(place) = self.files.iter().position(|f| f.name() == file) else { return false };
        let damaged = self.files.remove(place);
        self.corrupt.push((damaged.run, damaged.path().to_owned(), cause.to_owned()));
        true
    }
}

pub(super) fn plan_order() -> Result<Order, StoreError> {
    let columns = vec![
        text("user_id"),
        text("feature_mode"),
        Field::new("position", DataType::Int64, false),
        Field::new("shard", DataType::Int32, false),
        repeated("rows"),
    ];
    Order::new(Arc::new(Schema::new(columns)), KEY)
}

pub(super) fn ledger_order() -> Result<Order, StoreError> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns: SchemaRef = Arc::new(Schema::new(vec![
        text("user_id"),
        text("feature_mode"),
        text("attempt"),
        Field::new("input_fingerprint", DataType::Utf8, true),
        repeated("state"),
        repeated("reason"),
        repeated("config_fingerprint"),
        repeated("engine"),
        repeated("files"),
        Field::new("shard", DataType::Int32, false),
        Field::new("finished_at", time, false),
        Field::new("position", DataType::Int64, false),
    ]));
    Order::new(columns, KEY)
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, false)
}

/// A text that is the same in many rows.
fn repeated(name: &str) -> Field {
    Field::new(name, DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)), true)
}

/// Texts that repeat, each once.
#[derive(Debug)]
struct Repeated {
    keys: Int32Array,
    values: StringArray,
}

impl Repeated {
    fn read(batch: &RecordBatch, column: usize) -> Option<Self> {
        let texts = batch.column(column).as_dictionary_opt::<Int32Type>()?;
        Some(Self { keys: texts.keys().clone(), values: texts.values().as_string_opt::<i32>()?.clone() })
    }

    /// Place of a row's text among the texts.
    fn place(&self, row: usize) -> Option<usize> {
        self.keys.is_valid(row).then(|| self.keys.value(row) as usize)
    }

    fn value(&self, row: usize) -> &str {
        self.place(row).map_or("", |place| self.values.value(place))
    }
}

/// A text, and what it says once somebody has read it.
#[derive(Debug)]
pub(super) struct Said<'a, T> {
    pub(super) text: &'a str,
    pub(super) read: &'a OnceCell<Rc<T>>,
}

impl<T> Clone for Said<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Said<'_, T> {}

/// Texts that repeat, each read once.
#[derive(Debug)]
struct Statements<T> {
    texts: Repeated,
    read: Vec<OnceCell<Rc<T>>>,
    none: OnceCell<Rc<T>>,
}

impl<T> Statements<T> {
    fn of(batch: &RecordBatch, column: usize) -> Option<Self> {
        let texts = Repeated::read(batch, column)?;
        let read = (0..texts.values.len()).map(|_| OnceCell::new()).collect();
        Some(Self { texts, read, none: OnceCell::new() })
    }

    fn row(&self, row: usize) -> Said<'_, T> {
        let read = self.texts.place(row).map_or(&self.none, |place| &self.read[place]);
        Said { text: self.texts.value(row), read }
    }
}

/// Columns of a batch of a plan.
#[derive(Debug)]
pub(super) struct PlanColumns {
    user_id: StringArray,
    feature_mode: StringArray,
    position: Int64Array,
    shard: Int32Array,
    rows: Statements<Plan>,
}

/// Rows by table that a unit must have.
pub(super) type Plan = Vec<(String, u64)>;

/// A unit of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned<'a> {
    pub(super) user_id: &'a str,
    pub(super) feature_mode: &'a str,
    pub(super) position: u64,
    pub(super) shard: u32,
    pub(super) rows: Said<'a, Plan>,
}

impl PlanColumns {
    pub(super) fn read(batch: &SortedBatch) -> Result<Self, StoreError> {
        let b = &batch.rows;
        let read = || {
            Some(Self {
                user_id: texts(b, 0)?,
                feature_mode: texts(b, 1)?,
                position: b.column(2).as_primitive_opt::<Int64Type>()?.clone(),
                shard: b.column(3).as_primitive_opt::<Int32Type>()?.clone(),
                rows: Statements::of(b, 4)?,
            })
        };
        read().ok_or_else(|| of_another_type(batch))
    }

    pub(super) fn row(&self, row: usize) -> Planned<'_> {
        Planned {
            user_id: self.user_id.value(row),
            feature_mode: self.feature_mode.value(row),
            position: self.position.value(row) as u64,
            shard: self.shard.value(row) as u32,
            rows: self.rows.row(row),
        }
    }
}

/// Columns of a batch of a ledger.
#[derive(Debug)]
pub(super) struct LedgerColumns {
    names: [StringArray; 4],
    /// State, reason, configuration and engine.
    repeated: [Repeated; 4],
    files: Statements<Holding>,
    shard: Int32Array,
    finished_at: TimestampMicrosecondArray,
    position: Int64Array,
}

/// A row of a ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) run: usize,
    pub(super) run_name: &'a str,
    pub(super) user_id: &'a str,
    pub(super) feature_mode: &'a str,
    pub(super) name: &'a str,
    pub(super) shard: u32,
    pub(super) position: u64,
    pub(super) state: UnitState,
    pub(super) reason: &'a str,
    pub(super) finished_us: i64,
    pub(super) basis: [&'a str; 3],
    pub(super) files: Said<'a, Holding>,
}

impl LedgerColumns {
    pub(super) fn read(batch: &SortedBatch) -> Result<Self, StoreError> {
        let b = &batch.rows;
        let read = || {
            let repeated = |column| Repeated::read(b, column);
            Some(Self {
                names: [texts(b, 0)?, texts(b, 1)?, texts(b, 2)?, texts(b, 3)?],
                repeated: [repeated(4)?, repeated(5)?, repeated(6)?, repeated(7)?],
                files: Statements::of(b, 8)?,
                shard: b.column(9).as_primitive_opt::<Int32Type>()?.clone(),
                finished_at: b.column(10).as_primitive_opt::<TimestampMicrosecondType>()?.clone(),
                position: b.column(11).as_primitive_opt::<Int64Type>()?.clone(),
            })
        };
        read().ok_or_else(|| of_another_type(batch))
    }

    /// A row; none if it has a state this version does not know.
    pub(super) fn row<'a>(&'a self, row: usize, file: &'a SortedFile) -> Option<Attempt<'a>> {
        let [user_id, feature_mode, attempt, input] =
            self.names.each_ref().map(|t| if t.is_null(row) { "" } else { t.value(row) });
        let [state, reason, config, engine] = self.repeated.each_ref().map(|t| t.value(row));
        Some(Attempt {
            run: file.run,
            run_name: &file.run_name,
            user_id,
            feature_mode,
            name: attempt,
            shard: self.shard.value(row) as u32,
            position: self.position.value(row) as u64,
            state: UnitState::parse(state)?,
            reason,
            finished_us: self.finished_at.value(row),
            basis: [input, config, engine],
            files: self.files.row(row),
        })
    }
}

fn texts(batch: &RecordBatch, column: usize) -> Option<StringArray> {
    batch.column(column).as_string_opt::<i32>().cloned()
}

fn of_another_type(batch: &SortedBatch) -> StoreError {
    batch.file.damaged("a column is of another type")
}
