//! What all requests share.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use super::begun::Begun;
use super::kept::Kept;
use super::live::Live;
use super::metrics::Metrics;
use crate::serve::access::{Access, Ended, Ending, Entry, Login};
use crate::serve::answer::{Answer, Ask, Asker, Done, Frame, Job, Pool};
use crate::serve::catalog::{Catalog, Snapshot, Source};
use crate::serve::settings::Settings;

/// By what requests come.
const PROTOCOL: &str = "http";

/// Who sent a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub SocketAddr);

/// Somebody who may ask, and from where.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) login: Login,
    pub(super) address: IpAddr,
    /// Whether a page elsewhere made the browser ask.
    pub(super) from_elsewhere: bool,
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    /// Who may do what.
    pub access: Access,
    /// What is served.
    pub catalog: Arc<Catalog>,
    pub(super) pool: Pool,
    pub(super) live: Live,
    pub(super) metrics: Arc<Metrics>,
    pub(super) address: SocketAddr,
    pub(super) host_names: Vec<String>,
    pub(super) is_tls: bool,
    /// Whether others on the wire can read it.
    pub(super) is_open: bool,
    /// Where the token of the first start is, for commands as one types them.
    pub(super) token_file: String,
    /// Reports that were made.
    pub(super) reports: Kept,
    tables: Mutex<HashMap<String, (String, Arc<Value>)>>,
    stop: watch::Sender<bool>,
}

impl App {
    /// For sources, answers and those who ask.
    pub(crate) fn new(
        access: Access,
        catalog: Arc<Catalog>,
        pool: Pool,
        address: SocketAddr,
        settings: &Settings,
    ) -> Self {
        Self {
            access,
            live: Live::new(Arc::clone(&catalog), settings.watchers),
            catalog,
            pool,
            metrics: Arc::default(),
            address,
            host_names: settings.host_names.iter().map(|name| name.to_lowercase()).collect(),
            is_tls: settings.tls.is_some(),
            is_open: settings.tls.is_none() && !address.ip().is_loopback(),
            token_file: settings.state.join("token").display().to_string(),
            reports: Kept::default(),
            tables: Mutex::default(),
            stop: watch::channel(false).0,
        }
    }

    /// The address of its pages.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        match self.host_names.first() {
            Some(name) => format!("{scheme}://{name}:{}", self.address.port()),
            None => format!("{scheme}://{}", self.address),
        }
    }

    /// No more questions; what never ends by itself ends now.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Becomes true when the service stops.
    pub(super) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// The sources that somebody sees.
    pub(super) fn sources(&self, who: &Who) -> Vec<Arc<Source>> {
        self.catalog.list().iter().filter(|source| who.login.sees(&source.name)).map(Arc::clone).collect()
    }

    /// A source by its name, which must be one that somebody sees: of others nothing is told.
    pub(super) fn source(&self, who: &Who, name: &str) -> Result<Arc<Source>, Ended> {
        let sources = self.sources(who);
        let found = sources.iter().find(|source| source.name == name);
        found.map(Arc::clone).ok_or_else(|| {
            let known: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
            Ended::unknown(Ending::NotFound, "run", name, &known)
        })
    }

    /// The same, which must be one that can be asked.
    pub(super) fn whole(&self, who: &Who, name: &str) -> Result<Arc<Source>, Ended> {
        let source = self.source(who, name)?;
        match &source.summary.problem {
            Some(problem) => Err(Ended::new(Ending::SourceDamaged, format!("{name}: {problem}"))),
            None => Ok(source),
        }
    }

    /// Asks, and waits until it is known whether there is an answer.
    pub(super) async fn begin(
        &self,
        who: &Who,
        source: &Arc<Source>,
        ask: Ask,
        what: &str,
    ) -> Result<Begun, Ended> {
        self.begin_at(who, source, None, ask, what).await
    }

    /// The same of a state that was told, if one is named.
    pub(super) async fn begin_at(
        &self,
        who: &Who,
        source: &Arc<Source>,
        at: Option<&str>,
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

    /// Asks, and reads the answer to its end; of a state that was told, if one is named.
    pub(super) async fn read(
        &self,
        who: &Who,
        source: &Arc<Source>,
        at: Option<&str>,
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
        who: &Who,
        source: &Arc<Source>,
        at: Option<&str>,
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

    /// The state of a source now, or the one that was told.
    pub(super) async fn snapshot(&self, source: &Arc<Source>, at: Option<&str>) -> Result<Snapshot, Ended> {
        let (catalog, source, at) =
            (Arc::clone(&self.catalog), Arc::clone(source), at.map(|at| at.trim_matches('"').to_owned()));
        let take = move || match at {
            Some(id) => catalog.snapshot_at(&source, &id),
            None => catalog.snapshot(&source),
        };
        let taken = tokio::task::spawn_blocking(take).await;
        taken.map_err(|error| Ended::new(Ending::Died, error.to_string()))?
    }

    async fn try_begin(
        &self,
        who: &Who,
        source: &Arc<Source>,
        at: Option<&str>,
        ask: Ask,
        what: &str,
    ) -> Result<Begun, Ended> {
        let snapshot = self.snapshot(source, at).await?;
        let mut answer = self.ask(who, source, &snapshot, ask, what).await?;
        let mut columns = Vec::new();
        loop {
            match answer.next().await.map_err(|ended| source.hide_ended(ended))? {
                Some(Frame::Columns(of)) => columns = of,
                Some(first) => {
                    return Ok(Begun { answer, first, columns, source: Arc::clone(source), snapshot });
                }
                None => return Err(Ended::new(Ending::Died, "the answer is missing")),
            }
        }
    }

    /// A small answer, whole, as JSON.
    pub(super) async fn document(
        &self,
        who: &Who,
        source: &Arc<Source>,
        ask: Ask,
        what: &str,
    ) -> Result<Value, Ended> {
        let (body, ..) = self.read(who, source, None, ask, what).await?;
        serde_json::from_slice(&body)
            .map_err(|e| Ended::new(Ending::Died, format!("the answer is torn: {e}")))
    }

    /// The tables of a source, asked for once a state of it.
    pub(super) async fn tables(&self, who: &Who, source: &Arc<Source>) -> Result<Arc<Value>, Ended> {
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

    async fn ask(
        &self,
        who: &Who,
        source: &Source,
        snapshot: &Snapshot,
        ask: Ask,
        what: &str,
    ) -> Result<Answer, Ended> {
        if self.is_stopping() {
            return Err(Ended::new(
                Ending::Stopping,
                "the service is stopping\n(hint: ask again when it is back)",
            ));
        }
        let limits = self.pool.limits();
        let job = Job {
            dir: source.dir.clone(),
            ask,
            moment: snapshot.moment().clone(),
            definitions: limits.definitions.clone(),
            seconds: limits.flow.as_secs(),
            disk: limits.disk,
        };
        let token = who.login.token.name.clone();
        let asker = Asker {
            token: token.clone(),
            ended: who.login.ended.clone(),
            source: source.name.clone(),
            what: what.to_owned(),
        };
        let mut entry = Entry {
            event: "query",
            token: Some(token),
            address: who.address.to_string(),
            protocol: PROTOCOL,
            source: Some(source.name.clone()),
            sql: Some(what.to_owned()),
            sql_hash: Some(blake3::hash(what.as_bytes()).to_hex().to_string()),
            ..Entry::default()
        };
        let (audit, metrics) = (self.access.audit.clone(), Arc::clone(&self.metrics));
        let finished = move |finished: crate::serve::answer::Finished| {
            entry.ending = finished.ended.as_ref().map_or_else(|| "ok".into(), |ended| ended.ending.name());
            entry.rows = Some(finished.rows);
            entry.bytes = Some(finished.bytes);
            entry.ms = u64::try_from(finished.took.as_millis()).ok();
            metrics.query(PROTOCOL, &entry.ending, finished.took);
            audit.note(&entry);
        };
        self.pool.ask(asker, job, finished).await
    }
}
