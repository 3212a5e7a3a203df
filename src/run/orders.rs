//! What a supervisor tells a worker before it begins: one line of JSON on its standard input.

use std::io::BufRead;

use serde::{Deserialize, Serialize};

/// Start of the reason of a unit that was given up; `run --resume` leaves it unless told otherwise.
pub const QUARANTINED: &str = "quarantined: ";

/// A unit by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UnitKey {
    /// The user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
}

/// A unit that is not tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// The unit.
    pub unit: UnitKey,
    /// Why; it becomes the reason in the ledger.
    pub reason: String,
}

/// What is to be done differently because an earlier worker did not live.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Units one of which may have ended the earlier worker: first, and one at a time, so that the next
    /// end tells which.
    pub alone: Vec<UnitKey>,
    /// Units to be committed as failed.
    pub give_up: Vec<GivenUp>,
}

impl Orders {
    /// Reads the line; none if the other end is closed already.
    pub fn read(mut from: impl BufRead) -> std::io::Result<Self> {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(Self::default());
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// The line.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// Whether the unit is not to be tried.
    pub(super) fn gives_up(&self, user_id: &str, feature_mode: &str) -> bool {
        self.give_up.iter().any(|g| g.unit.user_id == user_id && g.unit.feature_mode == feature_mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_survive_the_pipe() {
        let unit = UnitKey { user_id: "a\nb".into(), feature_mode: "m".into() };
        let orders = Orders {
            alone: vec![unit.clone()],
            give_up: vec![GivenUp { unit, reason: "killed its worker twice".into() }],
        };
        let line = orders.to_line();
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(Orders::read(line.as_bytes()).unwrap(), orders);
        assert_eq!(Orders::read(&b""[..]).unwrap(), Orders::default());
        assert!(Orders::read(&b"half"[..]).is_err());
    }
}
