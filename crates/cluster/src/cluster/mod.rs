//! Scheduler and executors of a Ballista cluster that does parts of merges and of queries, and the commands that ask it to.
//!
//! A stage of a merge is a plan of one leaf, [`plan::PartExec`], a partition a part: an executor that is given a partition
//! does what `results merge --stage S --part k` does, and has one row to say of it. Ballista spreads the parts and gives
//! them to others when executors are lost; no rows of a table pass through it. What is done lies in the output, so that a
//! part that is done twice does no harm, and one whose row is lost is found there.
//!
//! ```text
//! results merge --engine ballista ─▶ results-cluster merge: driver ─▶ job ─▶ scheduler ─▶ executor: plan ─▶ Division
//! results sql --cluster           ─▶ results-cluster sql:  helper ─▶ job ─▶ scheduler ─▶ executor: plan ─▶ Share
//! ```
//!
//! A piece of a query is such a leaf too, a partition a part. Its rows come before the row that says what came of it, as
//! bytes that nobody on the way looks into, and are fetched from the executor once the piece is done.

mod ballista;
mod cli;
mod codec;
mod door;
mod driver;
mod executor;
mod found;
mod helper;
mod job;
mod listen;
mod log;
mod plan;
mod said;
mod scheduler;
mod signals;
mod slices;
mod versions;
mod watch;
mod work;

pub(crate) use cli::main;
