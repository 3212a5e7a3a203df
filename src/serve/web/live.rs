//! Live runs: one look at a run each second for all who watch it, and to each of them only what changed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::run::ShardPulse;
use crate::serve::access::{Ended, Ending};
use crate::serve::catalog::{Catalog, Source};

/// How often is looked.
const LOOK: Duration = Duration::from_secs(1);

/// Runs that are watched.
#[derive(Debug)]
pub(super) struct Live {
    catalog: Arc<Catalog>,
    most: usize,
    watchers: Arc<AtomicUsize>,
    runs: Runs,
}

type Runs = Arc<Mutex<HashMap<String, watch::Sender<Arc<Told>>>>>;

/// What is told of a run, made once for all who watch it.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    /// Which one of those that were told.
    pub(super) number: u64,
    state: Value,
    /// All of it.
    pub(super) whole: String,
    /// What is not as it was told before.
    change: String,
}

impl Told {
    fn first(state: Value) -> Self {
        Self { number: 1, whole: state.to_string(), change: String::new(), state }
    }

    /// What is told after another; none if nothing changed.
    fn after(before: &Self, state: Value) -> Option<Self> {
        if before.state == state {
            return None;
        }
        let change = changes(&before.state, &state).to_string();
        Some(Self { number: before.number + 1, whole: state.to_string(), change, state })
    }

    /// What is new to whoever was told another one.
    pub(super) fn since(&self, known: &Self) -> String {
        // Whoever reads slowly has missed some.
        if known.number + 1 == self.number {
            return self.change.clone();
        }
        changes(&known.state, &self.state).to_string()
    }

    /// Problems that there were not before.
    pub(super) fn problem_since(&self, known: &Self) -> Option<String> {
        let is_new = |key: &str| known.state[key] != self.state[key];
        (is_new("not_ok") || is_new("mishaps"))
            .then(|| json!({"not_ok": self.state["not_ok"], "mishaps": self.state["mishaps"]}).to_string())
    }

    /// Whether nothing follows.
    pub(super) fn is_last(&self) -> bool {
        self.state["state"] == "complete"
    }
}

/// Somebody who watches a run.
#[derive(Debug)]
pub(super) struct Watcher {
    /// The state of the run.
    pub(super) now: watch::Receiver<Arc<Told>>,
    watchers: Arc<AtomicUsize>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Live {
    pub(super) fn new(catalog: Arc<Catalog>, most: usize) -> Self {
        Self { catalog, most, watchers: Arc::default(), runs: Runs::default() }
    }

    /// How many watch.
    pub(super) fn watchers(&self) -> usize {
        self.watchers.load(Ordering::Relaxed)
    }

    /// Watches a run.
    pub(super) fn watch(&self, source: &Source) -> Result<Watcher, Ended> {
        let before = self.watchers.fetch_add(1, Ordering::Relaxed);
        if before >= self.most {
            self.watchers.fetch_sub(1, Ordering::Relaxed);
            let words = format!(
                "{before} readers watch already\n(hint: --watchers lets more in; the page shows the rest without)"
            );
            return Err(Ended::new(Ending::QueueFull, words));
        }
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let now = if let Some(run) = runs.get(&source.name) {
            run.subscribe()
        } else {
            let (send, receive) = watch::channel(Arc::new(Told::first(state(source))));
            runs.insert(source.name.clone(), send);
            tokio::spawn(look(Arc::clone(&self.catalog), source.name.clone(), Arc::clone(&self.runs)));
            receive
        };
        Ok(Watcher { now, watchers: Arc::clone(&self.watchers) })
    }
}

/// Looks at a run as long as somebody watches it.
async fn look(catalog: Arc<Catalog>, name: String, runs: Runs) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (catalog, of) = (Arc::clone(&catalog), name.clone());
        let source = tokio::task::spawn_blocking(move || catalog.look_at(&of)).await.ok().flatten();
        let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(run) = runs.get(&name) else { return };
        let Some(source) = source.filter(|_| run.receiver_count() > 0) else {
            // A run that is gone ends the streams of those who watch it.
            runs.remove(&name);
            return;
        };
        let now = state(&source);
        run.send_if_modified(|told| match Told::after(told, now) {
            Some(next) => {
                *told = Arc::new(next);
                true
            }
            None => false,
        });
    }
}

/// The workers of a run, with how often each was started again.
pub(super) fn shards(source: &Source) -> Vec<Value> {
    let all = source.pulse.iter().flat_map(|pulse| &pulse.shards);
    let one = |shard: &ShardPulse| {
        let mut told = serde_json::to_value(shard).unwrap_or_default();
        told["restarts"] = source.happened.restarts.get(&shard.shard).copied().unwrap_or_default().into();
        told
    };
    all.map(one).collect()
}

/// What a watcher sees of a run.
fn state(source: &Source) -> Value {
    let summary = &source.summary;
    json!({
        "state": summary.state,
        "units": summary.units,
        "done": summary.done,
        "not_ok": summary.not_ok,
        "running": source.pulse.as_ref().map(|pulse| pulse.counts.running),
        "per_minute": summary.per_minute.map(|rate| (rate * 10.0).round() / 10.0),
        "eta_seconds": summary.eta_seconds,
        "problem": summary.problem,
        "mark": summary.mark,
        "mishaps": source.happened.last,
        "shards": shards(source),
    })
}

/// The fields of an object that are others than before; of the shards those that changed.
fn changes(before: &Value, now: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, now) else { return now.clone() };
    let mut changed = Map::new();
    for (key, value) in new {
        if old.get(key) == Some(value) {
            continue;
        }
        let value = match (key.as_str(), old.get(key), value) {
            ("shards", Some(Value::Array(before)), Value::Array(now)) => {
                now.iter().filter(|shard| !before.contains(shard)).cloned().collect()
            }
            (.., value) => value.clone(),
        };
        changed.insert(key.clone(), value);
    }
    Value::Object(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_sent() {
        let before =
            json!({"done": 1, "state": "running", "shards": [{"shard": 0, "n": 1}, {"shard": 1, "n": 1}]});
        let mut now = before.clone();
        assert_eq!(changes(&before, &now), json!({}));
        now["done"] = 2.into();
        now["shards"][1]["n"] = 2.into();
        assert_eq!(changes(&before, &now), json!({"done": 2, "shards": [{"shard": 1, "n": 2}]}));
    }
    #[test]
    fn whoever_missed_some_is_told_all_that_changed() {
        let state = |done: u64, not_ok: u64| json!({"done": done, "not_ok": not_ok, "state": "running"});
        let first = Told::first(state(1, 0));
        assert!(Told::after(&first, state(1, 0)).is_none());
        let second = Told::after(&first, state(2, 0)).unwrap();
        let third = Told::after(&second, state(2, 1)).unwrap();
        assert_eq!(third.since(&second), r#"{"not_ok":1}"#);
        assert_eq!(third.since(&first), r#"{"done":2,"not_ok":1}"#);
        assert_eq!(second.problem_since(&first), None);
        assert!(third.problem_since(&first).unwrap().contains("\"not_ok\":1"));
        assert_eq!((third.number, third.is_last()), (3, false));
    }
}
