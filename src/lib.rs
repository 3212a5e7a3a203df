//! `results` runs a per-user analysis in shards, commits every user's results to Parquet the moment
//! they are done, and turns the shards into one table that can be trusted.
//!
//! ```text
//! per-user file ─▶ dataset ─▶ symbols ─▶ analysis(measures) ─▶ rows
//!    ─▶ store: commit(user) ─▶ Parquet partitions ─▶ query: tables
//!    ─▶ merge: same experiment? ▸ dedupe ▸ complete? ▸ FDR ▸ checks ─▶ CSV, Parquet ; sql ; status
//! ```
//!
//! One direction; each room knows only those before it. `measures` and `stats` are pure numerics,
//! `store` knows no measure, `query` and `merge` know no file layout except through `store`, and
//! `cli` only wires. What happens in a run is one stream of `event`s; `report`, the status
//! files and the exit code are readers of it.

pub mod analysis;
pub mod check;
pub mod cli;
pub mod compact;
pub mod config;
pub mod dataset;
pub mod demo;
pub mod engine;
pub mod error;
pub mod event;
pub mod export;
mod failpoint;
pub mod launch;
pub mod legacy;
pub mod measures;
pub mod merge;
mod pages;
pub mod query;
pub mod report;
pub mod schema;
pub mod shard;
pub mod sorted;
pub mod stats;
pub mod store;
