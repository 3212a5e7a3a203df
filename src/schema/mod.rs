//! The contracts of the tables: `schemas/*.yaml` read, checked, and turned into Arrow.
//!
//! A schema file is the only place where a table is described. The writer, the merge, the checks,
//! the export and `results schema show` derive from it; adding a table is adding a file.

mod batch;
mod cell;
mod facts;
mod load;
mod table;

pub use batch::{BatchError, record_batch, stored_arrow_schema};
pub use cell::{Cell, Row};
pub use facts::{ColumnFacts, Facts, Lists};
pub use load::{SchemaError, Schemas};
pub use table::{Column, ColumnType, Derived, TableSchema};
