//! The life of a run: made or joined, planned, worked on by shares, watched, gone on with, closed.
//!
//! ```text
//! create, or open ─▶ Work: shares, limits ─▶ Launcher: a worker a share ─▶ commits
//!                                       └──◀ events: told to readers ◀──┘
//!                      RunOutcome ◀─ supervised to the end, started again where that helps
//! ```

mod before;
mod committer;
mod create;
mod data;
mod decide;
mod error;
mod events;
mod heartbeat;
mod holding;
mod jobs;
mod launch;
mod launchers;
mod left;
mod living;
mod lock;
mod logs;
mod open;
mod orders;
mod outcome;
mod plan;
mod problem;
mod progress;
mod pulse;
mod said;
mod shard_status;
mod status;
mod stop;
mod supervise;
#[cfg(test)]
mod testing;
mod watchdog;
mod work;
mod worker;

pub use before::Idle;
pub use create::{Planned, Subject, create, create_control};
pub use data::{MovedData, move_data, newcomers};
pub use decide::{Basis, Decision, Redo, decide};
pub use error::{LaunchError, RunError, WorkerError};
pub use launch::{End, EndKind, Launcher, Live, Share, Urgency};
pub use launchers::{Here, Processes};
pub use left::shares_with_work;
pub use logs::{Log, logs, when_there_is_one};
pub use open::open;
pub use orders::{GivenUp, Orders, QUARANTINED, UnitKey};
pub use outcome::{Lost, RunOutcome};
pub use plan::{Decided, decisions};
pub use problem::{Problem, Problems};
pub use pulse::{Pulse, ShardPulse, pulse};
pub use shard_status::{ShardState, ShardStatus};
pub use status::{RunStatus, ShardProgress, status};
pub use stop::Stop;
pub use watchdog::Watchdog;
pub use work::Work;
pub use worker::{ShardOutcome, Worker};
