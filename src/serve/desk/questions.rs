//! Questions on their way to an answer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use super::begun::Begun;
use super::caller::Caller;
use super::held::At;
use super::line::Line;
use super::metrics::Metrics;
use super::named::names;
use crate::serve::access::{Access, Ended, Ending, Login, May, Secret};
use crate::serve::answer::{Ask, Asker, Beside, Done, Frame, Job, Pool, Running};
use crate::serve::catalog::{Catalog, Snapshot, Source, gone};

/// What all doors share.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Who may do what.
    pub access: Access,
    /// What is served.
    pub catalog: Arc<Catalog>,
    /// Who answers.
    pub pool: Pool,
    /// What was asked so far.
    pub metrics: Arc<Metrics>,
    tables: Mutex<HashMap<String, (String, Arc<Value>)>>,
    stop: watch::Sender<bool>,
}

impl Desk {
    /// For sources, answers and those who ask.
    pub(crate) fn new(access: Access, catalog: Arc<Catalog>, pool: Pool) -> Self {
        Self {
            access,
            catalog,
            pool,
            metrics: Arc::default(),
            tables: Mutex::default(),
            stop: watch::channel(false).0,
        }
    }

    /// No more questions; what never ends by itself ends now.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether there are no more questions.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Becomes true when the service stops.
    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Who a token is.
    pub(crate) fn login(&self, sent: &Secret, from: IpAddr, protocol: &'static str) -> Result<Login, Ended> {
        self.access.by_token(sent, from, protocol).inspect_err(|_| {
            self.metrics.refused.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// The sources that somebody sees.
    pub(crate) fn sources(&self, who: &Caller) -> Vec<Arc<Source>> {
        self.catalog.list().iter().filter(|source| who.login.sees(&source.name)).map(Arc::clone).collect()
    }

    /// A source by its name, which must be one that somebody sees: of others nothing is told. What was to be asked of it is
    /// written down where it ends here.
    pub(crate) fn source(&self, who: &Caller, name: &str, what: &str) -> Result<Arc<Source>, Ended> {
        self.seen(who, name).inspect_err(|ended| self.refused(who, name, what, ended.ending))
    }

    /// The same, which must be one that can be asked.
    pub(crate) fn whole(&self, who: &Caller, name: &str, what: &str) -> Result<Arc<Source>, Ended> {
        self.seen_whole(who, name).inspect_err(|ended| self.refused(who, name, what, ended.ending))
    }

    /// Writes down a question that ends before it is asked; without a source or a text, if it is not known which.
    pub(crate) fn refused(&self, who: &Caller, source: &str, what: &str, ending: Ending) {
        self.line(who, source, what).refused(ending);
    }

    fn line(&self, who: &Caller, source: &str, what: &str) -> Line {
        Line::begin(&self.access, &self.metrics, who, source, what)
    }

    fn seen(&self, who: &Caller, name: &str) -> Result<Arc<Source>, Ended> {
        let sources = self.sources(who);
        let found = sources.iter().find(|source| source.name == name);
        found.map(Arc::clone).ok_or_else(|| {
            let known: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
            Ended::unknown(Ending::NotFound, "run", name, &known)
        })
    }

    fn seen_whole(&self, who: &Caller, name: &str) -> Result<Arc<Source>, Ended> {
        let source = self.seen(who, name)?;
        if source.summary.problem.is_none() {
            return Ok(source);
        }
        // Whoever merges anew takes the old output away first: it may have been looked at just then.
        let now = self.catalog.look_at(name).unwrap_or(source);
        match &now.summary.problem {
            None => Ok(now),
            Some(problem) if !now.is_there => {
                Err(gone(&format!("{name}: {}", problem.lines().next().unwrap_or_default())))
            }
            Some(problem) => Err(Ended::new(Ending::SourceDamaged, format!("{name}: {problem}"))),
        }
    }

    /// Asks, and waits until it is known whether there is an answer.
    pub(crate) async fn begin(
        &self,
        who: &Caller,
        source: &Arc<Source>,
        at: At<'_>,
        ask: Ask,
        what: &str,
    ) -> Result<Begun, Ended> {
        match self.try_begin(who, source, at, ask.clone(), what).await {
            Err(ended) => {
                let now = self.replacing(source, ended).await?;
                self.try_begin(who, &now, at, ask, what).await
            }
            begun => begun,
        }
    }

    /// Asks, and reads the answer to its end.
    pub(crate) async fn read(
        &self,
        who: &Caller,
        source: &Arc<Source>,
        at: At<'_>,
        ask: Ask,
        what: &str,
    ) -> Result<(Vec<u8>, Done, Begun), Ended> {
        match self.read_once(who, source, at, ask.clone(), what).await {
            Err(ended) => {
                let now = self.replacing(source, ended).await?;
                self.read_once(who, &now, at, ask, what).await
            }
            read => read,
        }
    }

    async fn read_once(
        &self,
        who: &Caller,
        source: &Arc<Source>,
        at: At<'_>,
        ask: Ask,
        what: &str,
    ) -> Result<(Vec<u8>, Done, Begun), Ended> {
        self.try_begin(who, source, at, ask, what).await?.whole().await
    }

    /// What stands in the place of a source that was replaced before anything of its answer was sent: it is asked, once.
    /// Any other end stays what it is.
    async fn replacing(&self, source: &Source, ended: Ended) -> Result<Arc<Source>, Ended> {
        if ended.ending != Ending::SourceChanged {
            return Err(ended);
        }
        let (catalog, name) = (Arc::clone(&self.catalog), source.name.clone());
        let now = tokio::task::spawn_blocking(move || catalog.look_at(&name)).await;
        now.ok().flatten().ok_or(ended)
    }

    /// A state of a source.
    pub(crate) async fn snapshot(&self, source: &Arc<Source>, at: At<'_>) -> Result<Snapshot, Ended> {
        let told = match at {
            At::Held(held) => match held.get(&source.name) {
                Some(snapshot) => return Ok(snapshot),
                None => None,
            },
            At::Told(id) => Some(id.trim_matches('"').to_owned()),
            At::Now => None,
        };
        let (catalog, of) = (Arc::clone(&self.catalog), Arc::clone(source));
        let take = move || match told {
            Some(id) => catalog.snapshot_at(&of, &id),
            None => catalog.snapshot(&of),
        };
        let taken = tokio::task::spawn_blocking(take).await;
        let taken = taken.map_err(|error| Ended::new(Ending::Died, error.to_string()))??;
        Ok(if let At::Held(held) = at { held.hold(&source.name, taken) } else { taken })
    }

    async fn try_begin(
        &self,
        who: &Caller,
        source: &Arc<Source>,
        at: At<'_>,
        ask: Ask,
        what: &str,
    ) -> Result<Begun, Ended> {
        let line = self.line(who, &source.name, what);
        let ready = match self.ready(who, source, at, ask).await {
            Ok(ready) => ready,
            Err(ended) => {
                line.refused(ended.ending);
                return Err(ended);
            }
        };
        let Ready { job, source, snapshot, others } = ready;
        let asker = Asker {
            token: who.login.token.name.clone(),
            ended: who.login.ended.clone(),
            source: source.name.clone(),
            what: what.to_owned(),
        };
        let mut answer = self.pool.ask(asker, job, move |finished| line.finished(&finished)).await?;
        let (mut columns, mut notes) = (Vec::new(), Vec::new());
        loop {
            match answer.next().await.map_err(|ended| source.hide_ended(ended))? {
                Some(Frame::Columns(of)) => columns = of,
                Some(Frame::Notes(of)) => notes = of.iter().map(|note| source.hide(note)).collect(),
                Some(first) => {
                    return Ok(Begun {
                        answer,
                        first: Some(first),
                        columns,
                        notes,
                        source,
                        snapshot,
                        _others: others,
                    });
                }
                None => return Err(Ended::new(Ending::Died, "the answer is missing")),
            }
        }
    }

    /// A question as a child is asked.
    async fn ready(&self, who: &Caller, source: &Arc<Source>, at: At<'_>, ask: Ask) -> Result<Ready, Ended> {
        let snapshot = self.snapshot(source, at).await?;
        let (beside, others, named) = self.beside(who, source, at, &ask).await?;
        // Nor is it told where the others are.
        let source = if named.is_empty() { Arc::clone(source) } else { Arc::new(source.with(&named)) };
        if self.is_stopping() {
            let words = "the service is stopping\n(hint: ask again when it is back)";
            return Err(Ended::new(Ending::Stopping, words));
        }
        let job = self.job(&source, &snapshot, beside, ask);
        Ok(Ready { job, source, snapshot, others })
    }

    /// The other sources that a query names, and that somebody sees.
    async fn beside(
        &self,
        who: &Caller,
        source: &Source,
        at: At<'_>,
        ask: &Ask,
    ) -> Result<(Vec<Beside>, Vec<Snapshot>, Vec<Arc<Source>>), Ended> {
        let Some(sql) = ask.sql() else { return Ok(Default::default()) };
        let all = self.sources(who);
        let named = all.iter().filter(|other| other.name != source.name && names(sql, &other.name));
        let (mut beside, mut snapshots, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        for other in named {
            let other = self.seen_whole(who, &other.name)?;
            // What was told was told of the query's own source.
            let at = if let At::Told(_) = at { At::Now } else { at };
            let snapshot = self.snapshot(&other, at).await?;
            let (name, dir) = (other.name.clone(), other.dir.clone());
            beside.push(Beside { name, dir, moment: snapshot.moment().clone() });
            snapshots.push(snapshot);
            sources.push(other);
        }
        Ok((beside, snapshots, sources))
    }

    /// A small answer, whole, as JSON.
    pub(crate) async fn document(
        &self,
        who: &Caller,
        source: &Arc<Source>,
        ask: Ask,
        what: &str,
    ) -> Result<Value, Ended> {
        let (body, ..) = self.read(who, source, At::Now, ask, what).await?;
        serde_json::from_slice(&body)
            .map_err(|e| Ended::new(Ending::Died, format!("the answer is torn: {e}")))
    }

    /// The tables of a source, asked for once a state of it.
    pub(crate) async fn tables(&self, who: &Caller, source: &Arc<Source>) -> Result<Arc<Value>, Ended> {
        let known = self.known_tables().get(&source.name).cloned();
        if let Some((_, tables)) = known.filter(|(mark, _)| *mark == source.summary.mark) {
            return Ok(tables);
        }
        let tables = Arc::new(self.document(who, source, Ask::Tables, "tables").await?);
        let kept = (source.summary.mark.clone(), Arc::clone(&tables));
        self.known_tables().insert(source.name.clone(), kept);
        Ok(tables)
    }

    fn known_tables(&self) -> MutexGuard<'_, HashMap<String, (String, Arc<Value>)>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn job(&self, source: &Source, snapshot: &Snapshot, beside: Vec<Beside>, ask: Ask) -> Job {
        let limits = self.pool.limits();
        Job {
            name: source.name.clone(),
            dir: source.dir.clone(),
            moment: snapshot.moment().clone(),
            is_called: ask.sql().is_some_and(|sql| names(sql, &source.name)),
            beside,
            definitions: limits.definitions.clone(),
            seconds: limits.flow.as_secs(),
            disk: limits.disk,
            ask,
        }
    }

    /// Questions at work that somebody may know of: their own, or all for an administrator.
    pub(crate) fn running(&self, who: &Caller) -> Vec<Running> {
        let token = &who.login.token;
        let mut all = self.pool.running();
        all.retain(|running| running.token == token.name || token.may(May::Admin));
        all
    }

    /// Ends one of them.
    pub(crate) fn cancel(&self, who: &Caller, id: u64) -> Result<(), Ended> {
        // Of others it is not told whether they are there.
        if self.running(who).iter().any(|running| running.id == id) {
            self.pool.cancel(id);
            return Ok(());
        }
        let words = format!("no query {id} is at work\n(hint: it may be done already)");
        Err(Ended::new(Ending::NotFound, words))
    }
}

/// A question as a child is asked, and what is held for it.
struct Ready {
    job: Job,
    source: Arc<Source>,
    snapshot: Snapshot,
    others: Vec<Snapshot>,
}
