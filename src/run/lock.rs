//! One worker a share of the users.
//!
//! A worker `i/M` holds `_status/shard-i-of-M.lock` alone, and `_status/division-M.lock` together with
//! the other workers of the same division: workers that divide the users in another way could
//! overlap with it and are refused. A crash gives locks up.
//! Looking at another division's lock means taking it for a moment, so workers look one at a time,
//! behind `_status/locks.guard`: else two that start together would each take the other for a holder.
//!
//! Who was killed may hold its locks for a while, and so may a worker whose supervisor was, until its unit
//! is done. Such a holder is waited for; one that is at work is not.

use std::time::{Duration, Instant};

use super::shard_status::ShardStatus;
use crate::event::now_us;
use crate::store::{Assignment, Held, Hold, Holder, ReadLock, Storage, StoreError};

/// How long a holder that is about to end is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take until it can be seen that a holder is about to end.
const DOUBT: Duration = Duration::from_millis(500);

/// How often it is looked again.
const AGAIN: Duration = Duration::from_millis(20);

/// Others hold the guard for a moment each.
const GUARD: Duration = Duration::from_mins(1);

/// Held while a process works on a share of a run; given up when it is dropped or the process dies.
#[derive(Debug)]
pub(super) struct ShardLock {
    _share: Held,
    _division: Held,
}

/// Who has what was asked for.
struct Refused {
    /// In words.
    holder: String,
    /// The processes, as far as they are known.
    processes: Vec<Holder>,
}

impl ShardLock {
    /// Takes the locks of a share. `wait` is told once of whom is waited for.
    ///
    /// # Errors
    /// Another living process has the share, or works on shares of another division.
    pub(super) fn take(
        storage: &dyn Storage,
        share: Assignment,
        wait: impl Fn(&str),
    ) -> Result<Self, StoreError> {
        let start = Instant::now();
        let mut told = false;
        loop {
            let refused = match Self::try_take(storage, share)? {
                Ok(lock) => return Ok(lock),
                Err(refused) => refused,
            };
            let ending = refused.is_ending(storage)?;
            if ending && !told {
                told = true;
                wait(&refused.holder);
            }
            if start.elapsed() >= if ending { PATIENCE } else { DOUBT } {
                return Err(StoreError::Locked { shard: share.to_string(), holder: refused.holder });
            }
            std::thread::sleep(AGAIN);
        }
    }

    fn try_take(storage: &dyn Storage, share: Assignment) -> Result<Result<Self, Refused>, StoreError> {
        ReadLock::prepare(storage)?;
        let refused = |holder: String, processes| Ok(Err(Refused { holder, processes }));
        let at_once = |name: &str, hold| storage.lock(name, hold, Duration::ZERO);
        let Some(_guard) = storage.lock("_status/locks.guard", Hold::Exclusive, GUARD)? else {
            return refused("another process, on _status/locks.guard".into(), Vec::new());
        };
        let own = format!("_status/division-{}.lock", share.of);
        let Some(division) = at_once(&own, Hold::Shared)? else {
            return refused(format!("a program that is not results, on {own}"), Vec::new());
        };
        for (other, of) in divisions(storage, &own)? {
            if at_once(&other, Hold::Exclusive)?.is_none() {
                let processes = workers(storage, &of)?;
                let words: Vec<String> = processes.iter().map(Holder::to_string).collect();
                let words = if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) };
                return refused(format!("a worker that divides the users by {of}{words}"), processes);
            }
        }
        let own = format!("_status/shard-{}-of-{}.lock", share.index, share.of);
        let Some(held) = at_once(&own, Hold::Exclusive)? else {
            let holder = holder(storage, &own)?;
            let words = holder.as_ref().map_or_else(|| "a process without a name".into(), Holder::to_string);
            return refused(words, holder.into_iter().collect());
        };
        Ok(Ok(Self { _share: held, _division: division }))
    }
}

impl Refused {
    /// Whether all of them are about to end, or have not been heard of for long.
    fn is_ending(&self, storage: &dyn Storage) -> Result<bool, StoreError> {
        if self.processes.is_empty() {
            return Ok(false);
        }
        let workers = ShardStatus::beside_locks(storage)?;
        let told = |holder: &Holder| workers.iter().find(|w| w.is_of(holder));
        Ok(self.processes.iter().all(|holder| {
            holder.is_ending() || told(holder).is_some_and(|w| w.is_ending() || w.is_silent(now_us()))
        }))
    }
}

/// Locks of other divisions, and by how many each divides.
fn divisions(storage: &dyn Storage, own: &str) -> Result<Vec<(String, String)>, StoreError> {
    let others = storage.list("_status")?.into_iter().filter(|entry| entry.path != own);
    let number = |path: &str| {
        let of = path.strip_prefix("_status/division-")?.strip_suffix(".lock")?;
        Some(of.to_owned())
    };
    Ok(others.filter_map(|entry| number(&entry.path).map(|of| (entry.path, of))).collect())
}

/// The workers of another division that hold a share.
fn workers(storage: &dyn Storage, of: &str) -> Result<Vec<Holder>, StoreError> {
    let mut all = Vec::new();
    for entry in storage.list("_status")? {
        let is_one =
            entry.path.starts_with("_status/shard-") && entry.path.ends_with(&format!("-of-{of}.lock"));
        if is_one && storage.lock(&entry.path, Hold::Exclusive, Duration::ZERO)?.is_none() {
            all.extend(holder(storage, &entry.path)?);
        }
    }
    Ok(all)
}

fn holder(storage: &dyn Storage, lock: &str) -> Result<Option<Holder>, StoreError> {
    let bytes = storage.read(lock)?.unwrap_or_default();
    Ok(Holder::parse(&String::from_utf8_lossy(&bytes)))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::store::{LocalStorage, MemoryStorage, Object};

    fn take(storage: &dyn Storage, index: u32, of: u32) -> Result<ShardLock, StoreError> {
        ShardLock::take(storage, Assignment { index, of }, |holder| panic!("waits for {holder}"))
    }

    /// Every worker of a division gets its lock at once, though a lock file of an older division is there.
    fn start_together(storage: &dyn Storage) {
        drop(take(storage, 0, 2).unwrap());
        for _ in 0..50 {
            let all = std::sync::Barrier::new(8);
            let start = |i| {
                all.wait();
                let lock = take(storage, i, 8);
                all.wait();
                lock.map(drop)
            };
            std::thread::scope(|scope| {
                let start = &start;
                let workers: Vec<_> = (0..8).map(|i| scope.spawn(move || start(i))).collect();
                for worker in workers {
                    worker.join().unwrap().unwrap();
                }
            });
        }
        let _held = take(storage, 0, 8).unwrap();
        let me = Holder::this_process();
        assert!(take(storage, 0, 8).unwrap_err().to_string().contains(&format!("another process: {me}")));
        let divided = format!("divides the users by 8 ({me})");
        assert!(take(storage, 0, 2).unwrap_err().to_string().contains(&divided));
    }

    #[test]
    fn workers_that_start_together_do_not_refuse_each_other() {
        let dir = tempfile::tempdir().unwrap();
        start_together(&LocalStorage::new(dir.path()));
        start_together(&MemoryStorage::new());
    }

    #[test]
    fn a_worker_that_was_told_to_stop_is_waited_for() {
        let storage = MemoryStorage::new();
        let held = take(&storage, 0, 1).unwrap();
        let me = Holder::this_process();
        let status = serde_json::json!({
            "shard": 0, "of": 1, "state": "running", "pid": me.process, "host": me.host, "boot_id": "",
            "started_us": 0, "updated_us": now_us(), "stopping": true, "already_done": 0,
            "counts": {"total": 4, "ok": 2, "skipped": 0, "failed": 0, "running": 1},
        });
        let bytes = serde_json::to_vec(&status).unwrap();
        storage.note(&Object { path: "_status/shard-0.json".into(), bytes }).unwrap();
        let told = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let next = scope.spawn(|| {
                let wait = |holder: &str| told.lock().unwrap().push(holder.to_owned());
                // Of another division, which takes another way.
                ShardLock::take(&storage, Assignment { index: 1, of: 2 }, wait).map(drop)
            });
            std::thread::sleep(DOUBT + Duration::from_millis(300));
            assert!(!next.is_finished());
            drop(held);
            next.join().unwrap().unwrap();
        });
        let told = told.into_inner().unwrap();
        assert_eq!(told, [format!("a worker that divides the users by 1 ({me})")]);
    }
}
