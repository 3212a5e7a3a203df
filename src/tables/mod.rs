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
mod passed;
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
pub use error::{ChangedFile, FileError, TableError};
pub(crate) use groups::GROUP_TESTS;
pub(crate) use in_order::{Compare, Piece, SortedTables};
pub(crate) use ledger::FILES;
pub use listed::listed;
pub use merged::{merged, merged_of};
pub(crate) use passed::{PASSED, Passed, Step};
pub(crate) use run_files::RunFiles;
pub use run_tables::RunTables;
pub use runs::Runs;
pub use scan::reads_files;
pub use shown::{Definitions, put_around_merged};
