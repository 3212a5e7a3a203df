//! The life of a run: made or joined, planned, worked on by shares, watched, gone on with, closed.
//!
//! ```text
//! create, or open ─▶ Work: shares, limits ─▶ Launcher: a worker a share ─▶ commits
//!                                       └──◀ events: told to readers ◀──┘
//!                      RunOutcome ◀─ supervised to the end, started again where that helps
//! ```

mod committer;
mod create;
mod data;
mod decide;
mod error;
mod events;
mod heartbeat;
mod launch;
mod launchers;
mod living;
mod lock;
mod open;
mod orders;
mod outcome;
mod plan;
mod progress;
mod pulse;
mod status;
mod stop;
mod supervise;
mod watchdog;
mod work;
mod worker;

pub use create::{Planned, Subject, create, create_control};
pub use data::{MovedData, move_data, newcomers};
pub use decide::{Basis, Decision, Redo, decide};
pub use error::{LaunchError, RunError, WorkerError};
pub use heartbeat::{Heartbeat, ShardState, ShardStatus};
pub use launch::{End, EndKind, Launcher, Live, Share, Urgency};
pub use launchers::{Here, Processes};
pub use open::open;
pub use orders::{GivenUp, Orders, QUARANTINED, UnitKey};
pub use outcome::{Lost, RunOutcome};
pub use plan::{Decided, decisions};
pub use pulse::{Pulse, ShardPulse, pulse};
pub use status::{Problem, RunStatus, ShardProgress, status};
pub use stop::Stop;
pub use watchdog::Watchdog;
pub use work::Work;
pub use worker::{ShardOutcome, Worker};
