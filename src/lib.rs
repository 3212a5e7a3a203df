//! `results` runs a per-user analysis in shards, commits every user's results to Parquet the moment
//! they are done, and turns the shards into one table that can be trusted.
//!
//! ```text
//! per-user file ─▶ dataset ─▶ symbols ─▶ measures(numerics) ─▶ rows
//!    ─▶ store: commit(user) ─▶ Parquet partitions ─▶ sql: tables
//!    ─▶ merge: same experiment? ▸ dedupe ▸ complete? ▸ FDR ▸ checks ─▶ CSV, Parquet ; sql ; status
//! ```
//!
//! One direction; each room knows only those before it. The formulas are a package of their own
//! ([`results_numerics`]) and know neither files nor settings; the format of a run is another one
//! ([`results_store`]) and knows no query engine.
//! `store` knows no measure, `sql` and `merge` know no file layout except through `store`, and
//! `cli` only wires. What happens in a run is one stream of `event`s; `progress`, the status
//! files and the exit code are readers of it.
//!
//! Rooms, floors, words and what never happens: `ARCHITECTURE.md` at the root of the project.

mod batch;
mod check;
pub mod cli;
mod control;
pub mod dataset;
mod demo;
mod engine;
mod export;
mod init;
mod legacy;
pub mod measures;
pub mod merge;
mod progress;
mod queries;
mod report;
pub mod run;
#[cfg(feature = "serve")]
pub mod serve;
mod sources;
pub mod sql;
pub mod tables;
mod trees;

pub use results_plot::plot;
pub use results_store::{attempts, compact, config, error, event, leases, schema, sorted, store};
use results_store::{beside, failpoint, hidden, printable, system, text_file, yaml};
