//! Events that say why time was lost, in the words of the table `events`.

use super::{Event, EventKind};

/// What befell a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mishap {
    /// What.
    pub what: &'static str,
    /// The users that it was on.
    pub users: Option<String>,
    /// Why.
    pub cause: Option<String>,
}

impl Event {
    /// What it says of lost time; none if it says nothing of it.
    pub fn mishap(self) -> Option<Mishap> {
        let (what, users, cause) = match self.kind {
            EventKind::UnitTimedOut { user_id, limit_ms, .. } => {
                ("timed out", Some(user_id), Some(format!("took longer than {} s", limit_ms as f64 / 1000.0)))
            }
            EventKind::SetAside { file, cause } => {
                ("ledger file set aside", None, Some(format!("{file}: {cause}")))
            }
            EventKind::Damaged { what } => ("data file damaged", None, Some(what)),
            EventKind::ShardRestarting { cause, users, .. } => {
                ("restarted", (!users.is_empty()).then(|| users.join(", ")), Some(cause))
            }
            EventKind::ShardLost { cause, last_user } => ("lost", last_user, Some(cause)),
            EventKind::UnitCommitted { user_id, reason, .. } => ("quarantined", Some(user_id), reason),
            _ => return None,
        };
        Some(Mishap { what, users, cause })
    }
}
