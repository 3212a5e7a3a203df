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

pub use cancel::{Cancelled, cancel};
pub use engine::Engine;
pub use error::BatchError;
pub use load::{Engines, engine, engine_names};
pub use record::{MergeStages, StageJob, Submission, submissions};
pub use script::{MergeParts, Wish};
pub use shell::quoted;
pub use submit::{Preview, Submit, Submitted};
pub use view::{BatchView, JobView, MergeView, PartView, TaskView};
pub use watch::Watch;
pub use word::Word;
