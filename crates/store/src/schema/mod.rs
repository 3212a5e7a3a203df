//! The contracts of the tables: `schemas/*.yaml` read, checked, and turned into Arrow.
//!
//! A schema file is the only place where a table is described. The writer, the merge, the checks,
//! the export and `results schema show` derive from it; adding a table is adding a file.

mod batch;
mod cell;
pub mod columns;
mod facts;
mod kept;
mod load;
mod table;
mod words;

pub use batch::{BatchError, record_batch};
pub use cell::{Cell, Row};
pub use facts::{ColumnFacts, Facts, Lists};
pub use kept::{
    ATTEMPT, CONTROL, LEDGER, LEDGER_ATTEMPT, LEDGER_USER, MadeOf, OF_GROUPS, OF_UNITS, RUN, SHARD, USER,
    is_kept_by_the_store, is_name, ledger_column, made_of,
};
pub use load::{SchemaError, Schemas};
pub use table::{Column, ColumnType, Derived, Only, TableSchema};
