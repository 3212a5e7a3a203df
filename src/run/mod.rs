//! Shards: who does which users, the worker that does them, and the status it leaves behind.

mod committer;
mod decide;
mod error;
mod heartbeat;
pub mod launchers;
mod orders;
mod plan;
mod progress;
mod status;
mod stop;
mod watchdog;
mod worker;

pub use decide::{Basis, Decision, Redo, decide};
pub use error::WorkerError;
pub use heartbeat::{Heartbeat, ShardState, ShardStatus};
pub use orders::{GivenUp, Orders, QUARANTINED, UnitKey};
pub use plan::{Decided, decisions};
pub use status::{RunStatus, ShardProgress, run_status};
pub use stop::Stop;
pub use watchdog::Watchdog;
pub use worker::{ShardOutcome, Worker};
