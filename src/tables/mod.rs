//! The tables of runs: which there are, and what is made of them when somebody asks.

mod catalog;
mod listed;
mod sorted;

pub use catalog::{Catalog, Listed, PUBLIC, Table};
pub use listed::listed;
pub(crate) use sorted::sorted_table;
