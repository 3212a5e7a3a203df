//! The columns of plans and ledgers, read batch by batch.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};

use super::rule::{Attempt, Basis};
use crate::sorted::{Order, SortedBatch, SortedFile};
use crate::store::{DataFile, EXPECTED, StoreError, UnitState};

/// What both are sorted by.
const KEY: [&str; 2] = ["user_id", "feature_mode"];

/// What an attempt has: rows by table, and the files they are in.
#[derive(Debug, Default)]
pub struct Holding {
    /// Rows by table.
    pub rows: Vec<(String, u64)>,
    files: Vec<DataFile>,
    /// The run for which they are written down already.
    added: Cell<Option<usize>>,
}

impl Holding {
    /// What the column `files` of a ledger row says; none if it cannot be understood.
    pub fn parse(text: &str) -> Option<Self> {
        let files: Vec<DataFile> = serde_json::from_str(text).ok()?;
        let rows = files.iter().map(|file| (file.table.clone(), file.rows)).collect();
        Some(Self { rows, files, added: Cell::new(None) })
    }

    /// Rows of a table.
    pub fn rows_of(&self, table: &str) -> u64 {
        self.rows.iter().filter(|(name, _)| name == table).map(|(_, rows)| rows).sum()
    }

    /// Its files.
    pub fn files(&self) -> &[DataFile] {
        &self.files
    }

    /// Whether its files were written down for a run already; they are now.
    pub fn is_written_down(&self, run: usize) -> bool {
        self.added.replace(Some(run)) == Some(run)
    }

    /// Their paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.file.as_str())
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
pub(super) struct Repeated {
    keys: Int32Array,
    values: StringArray,
}

impl Repeated {
    pub(super) fn read(column: &dyn Array) -> Option<Self> {
        let texts = column.as_dictionary_opt::<Int32Type>()?;
        Some(Self { keys: texts.keys().clone(), values: texts.values().as_string_opt::<i32>()?.clone() })
    }

    /// Place of a row's text among the texts.
    fn place(&self, row: usize) -> Option<usize> {
        self.keys.is_valid(row).then(|| self.keys.value(row) as usize)
    }

    /// Every text once.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.values.iter().flatten()
    }

    /// The text of a row; an absent one is empty.
    pub(super) fn value(&self, row: usize) -> &str {
        self.place(row).map_or("", |place| self.values.value(place))
    }
}

/// A text, and what it says once somebody has read it.
#[derive(Debug)]
pub(super) struct Said<'a, T> {
    pub text: &'a str,
    pub read: &'a OnceCell<Rc<T>>,
}

impl<T> Clone for Said<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Said<'_, T> {}

impl<'a, T> Said<'a, T> {
    /// What the text says; it is read once for all rows that have it.
    pub(super) fn read(self, parse: fn(&str) -> Option<T>) -> Option<&'a Rc<T>> {
        if self.read.get().is_none() {
            let _ = self.read.set(Rc::new(parse(self.text)?));
        }
        self.read.get()
    }
}

/// Texts that repeat, each read once.
#[derive(Debug)]
struct Statements<T> {
    texts: Repeated,
    read: Vec<OnceCell<Rc<T>>>,
    none: OnceCell<Rc<T>>,
}

impl<T> Statements<T> {
    fn of(batch: &RecordBatch, column: usize) -> Option<Self> {
        let texts = Repeated::read(batch.column(column))?;
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

fn parse_plan(text: &str) -> Option<Plan> {
    let rows: BTreeMap<String, u64> = serde_json::from_str(text).ok()?;
    Some(rows.into_iter().collect())
}

/// A unit of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// The user.
    pub user_id: &'a str,
    /// The feature mode.
    pub feature_mode: &'a str,
    /// Its position in the plan.
    pub position: u64,
    /// Its shard.
    pub shard: u32,
    rows: Said<'a, Plan>,
}

impl<'a> Planned<'a> {
    /// Rows by table that it must have.
    pub fn rows(&self) -> Result<&'a Rc<Plan>, StoreError> {
        self.rows.read(parse_plan).ok_or_else(|| StoreError::Damaged {
            file: EXPECTED.into(),
            what: format!("the rows of {} cannot be understood", self.user_id),
        })
    }
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
pub struct StreamedAttempt<'a> {
    /// The run, by its place among the runs.
    pub run: usize,
    /// Name of the run.
    pub run_name: &'a str,
    /// The user.
    pub user_id: &'a str,
    /// The feature mode.
    pub feature_mode: &'a str,
    /// Name of the attempt.
    pub name: &'a str,
    /// Its shard.
    pub shard: u32,
    /// Its position in the plan.
    pub position: u64,
    /// How it ended.
    pub state: UnitState,
    /// Why, unless it is ok.
    pub reason: &'a str,
    finished_us: i64,
    input: &'a str,
    config: &'a str,
    engine: &'a str,
    files: Said<'a, Holding>,
}

impl<'a> StreamedAttempt<'a> {
    /// As the rule sees it.
    pub(super) fn attempt(&self, is_damaged: bool) -> Attempt<'a> {
        let input = (!self.input.is_empty()).then_some(self.input);
        let basis = Basis { input, config: self.config, engine: self.engine };
        let Self { run, name, state, finished_us, .. } = *self;
        Attempt { run, name, state, finished_us, basis, is_damaged }
    }

    /// Fingerprint of its settings and version of its estimators.
    pub fn made_by(&self) -> [&'a str; 2] {
        [self.config, self.engine]
    }

    /// What it has.
    pub fn holding(&self) -> Result<&'a Rc<Holding>, StoreError> {
        self.files.read(Holding::parse).ok_or_else(|| StoreError::Damaged {
            file: format!("the ledger of {}", self.run_name),
            what: format!("the files of attempt {} cannot be understood", self.name),
        })
    }
}

impl LedgerColumns {
    pub(super) fn read(batch: &SortedBatch) -> Result<Self, StoreError> {
        let b = &batch.rows;
        let read = || {
            let repeated = |column: usize| Repeated::read(b.column(column));
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
    pub(super) fn row<'a>(&'a self, row: usize, file: &'a SortedFile) -> Option<StreamedAttempt<'a>> {
        let [user_id, feature_mode, attempt, input] =
            self.names.each_ref().map(|t| if t.is_null(row) { "" } else { t.value(row) });
        let [state, reason, config, engine] = self.repeated.each_ref().map(|t| t.value(row));
        Some(StreamedAttempt {
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
            input,
            config,
            engine,
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
