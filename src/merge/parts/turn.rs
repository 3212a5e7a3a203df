//! Of several processes of a machine that begin parts at once, one goes through plan and ledger, and the others wait for what
//! it hands on.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::attempts::OpenRun;

/// How often is looked whether it is one's turn.
const AGAIN: Duration = Duration::from_millis(20);

/// After so long nobody is waited for: whoever goes through plan and ledger as well does no harm.
const PATIENCE: Duration = Duration::from_mins(5);

/// The turn of this process, until it is dropped or the process dies.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "held until it is dropped")] File);

impl Turn {
    /// Waits for it; none where there are no locks, or nothing to lock.
    pub(super) fn take(runs: &[OpenRun]) -> Option<Self> {
        let folder = File::open(runs.first()?.place.folder()?).ok()?;
        let since = Instant::now();
        while let Err(why) = folder.try_lock() {
            if !matches!(why, std::fs::TryLockError::WouldBlock) || since.elapsed() > PATIENCE {
                return None;
            }
            std::thread::sleep(AGAIN);
        }
        Some(Self(folder))
    }
}
