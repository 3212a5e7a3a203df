//! Batch systems: a run's shards as tasks of a scheduler, and what becomes of them.
//!
//! ```text
//! engine file ─▶ Engine ─▶ scripts, commands ─▶ _submit/<n>/ of the run ─▶ the scheduler
//!                   └─▶ one question for all jobs ─▶ states in our words ─▶ beside the run's own view
//! ```
//!
//! What a scheduler's commands are called, and what they print, stands in its engine file and nowhere else. A task is
//! `run --resume --shard`: whatever happens to it, the run's ledger says what is done.

mod array;
mod ask;
mod cancel;
mod command;
mod engine;
mod error;
mod heard;
mod load;
mod record;
mod scheduler;
mod script;
mod shell;
mod steps;
mod submit;
mod template;
mod view;
mod watch;
mod word;
mod work;

pub(crate) use cancel::cancel;
pub(crate) use engine::Engine;
pub(crate) use error::BatchError;
pub(crate) use load::{Engines, engine, engine_names};
pub(crate) use record::{MergeStages, StageJob};
pub(crate) use script::{MergeParts, Wish};
pub(crate) use shell::quoted;
pub(crate) use submit::{Preview, Submit, Submitted};
pub(crate) use view::{BatchView, JobView, MergeView, PartView, TaskView};
pub(crate) use watch::Watch;
pub(crate) use word::Word;
