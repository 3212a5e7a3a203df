//! The tables of runs: which there are, and what is made of them when somebody asks. The one chain from files to rows,
//! for SQL, merge, export and checks.

mod catalog;
mod control;
mod derived;
mod error;
mod events;
mod groups;
mod in_order;
mod lazy;
mod ledger;
mod listed;
mod merged;
mod parquet;
mod run_files;
mod run_tables;
mod runs;
mod scan;
mod shown;
mod small;
mod sorted;
mod user_tests;

pub use catalog::{Catalog, Listed, PUBLIC, Table};
pub use control::CALLED;
pub use error::{ChangedFile, TableError};
pub(crate) use in_order::{Compare, SortedTables};
pub use listed::listed;
pub use merged::merged;
pub(crate) use run_files::RunFiles;
pub use run_tables::RunTables;
pub use runs::Runs;
pub use shown::{Definitions, put_around_merged};
