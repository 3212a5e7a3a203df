//! The tables of runs: which there are, and what is made of them when somebody asks.

mod catalog;
mod listed;
mod merged;
mod parquet;
mod runs;
mod scan;
mod small;
mod sorted;

pub use catalog::{Catalog, Listed, PUBLIC, Table};
pub use listed::listed;
pub use merged::merged;
pub use runs::{LazyAttempts, Present, Runs};
pub use scan::Scan;
pub(crate) use sorted::sorted_table;
