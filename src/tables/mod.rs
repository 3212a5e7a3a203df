//! The tables of runs: which there are, and what is made of them when somebody asks.

mod catalog;
mod listed;

pub use catalog::{Catalog, Listed, PUBLIC, Table};
pub use listed::listed;
