//! Starting the shards of a run: here as processes of this machine.

mod local;

pub use local::{Launch, LaunchError, LaunchOutcome};
