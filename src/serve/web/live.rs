//! Live runs: one look at a run each second for all who watch it, and to each of them only what changed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::watch;

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
    runs: Arc<Mutex<HashMap<String, watch::Sender<Arc<Value>>>>>,
}

/// Somebody who watches a run.
#[derive(Debug)]
pub(super) struct Watcher {
    /// The state of the run.
    pub(super) now: watch::Receiver<Arc<Value>>,
    watchers: Arc<AtomicUsize>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Live {
    pub(super) fn new(catalog: Arc<Catalog>, most: usize) -> Self {
        Self { catalog, most, watchers: Arc::default(), runs: Arc::default() }
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
            let (send, receive) = watch::channel(Arc::new(state(source)));
            runs.insert(source.name.clone(), send);
            tokio::spawn(look(Arc::clone(&self.catalog), source.name.clone(), Arc::clone(&self.runs)));
            receive
        };
        Ok(Watcher { now, watchers: Arc::clone(&self.watchers) })
    }
}

/// Looks at a run as long as somebody watches it.
async fn look(
    catalog: Arc<Catalog>,
    name: String,
    runs: Arc<Mutex<HashMap<String, watch::Sender<Arc<Value>>>>>,
) {
    let mut ticks = tokio::time::interval(LOOK);
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
        let now = Arc::new(state(&source));
        run.send_if_modified(|before| {
            let has_changed = **before != *now;
            *before = Arc::clone(&now);
            has_changed
        });
    }
}

/// What a watcher sees of a run.
pub(super) fn state(source: &Source) -> Value {
    let summary = &source.summary;
    let shards = source.pulse.as_ref().map_or_else(Vec::new, |pulse| {
        pulse.shards.iter().map(|shard| serde_json::to_value(shard).unwrap_or_default()).collect()
    });
    json!({
        "state": summary.state,
        "units": summary.units,
        "done": summary.done,
        "not_ok": summary.not_ok,
        "running": source.pulse.as_ref().map(|pulse| pulse.counts.running),
        "per_minute": summary.per_minute.map(|rate| (rate * 10.0).round() / 10.0),
        "eta_seconds": summary.eta_seconds,
        "problem": summary.problem,
        "snapshot": summary.snapshot,
        "shards": shards,
    })
}

/// The fields of an object that are others than before; of the shards those that changed.
pub(super) fn changes(before: &Value, now: &Value) -> Value {
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
}
