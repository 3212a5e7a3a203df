//! A bucket: its clients, and what is known of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path as ObjectPath;
use object_store::{BackoffConfig, ClientConfigKey, Error, ObjectStore, ObjectStoreExt, RetryConfig};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use super::answer;
use super::error::{in_words, is_mute, is_without_bucket, no_key};
use super::facts::{Asked, Facts, Known};
use super::http::{Connector, Manners};
use super::runtime;
use super::settings::{Environment, StoreSettings};
use crate::config::StoreConfig;
use crate::store::error::StoreError;
use crate::store::remote::url::RemoteUrl;

/// Status is told anew soon: a late one is of no use.
const NOTE: Duration = Duration::from_secs(10);

/// How long a store that asks for less is given time before that is an error.
const SLOW: Duration = Duration::from_mins(2);

/// A bucket, as this process speaks to it.
#[derive(Debug)]
pub(super) struct Bucket {
    /// What messages say of it.
    pub(super) facts: Facts,
    /// The client.
    pub(super) store: Arc<dyn ObjectStore>,
    /// One that gives up soon and tries nothing twice.
    pub(super) hasty: Arc<dyn ObjectStore>,
    /// Where requests are made.
    pub(super) runtime: Handle,
    /// The first pause before a create is made again.
    pub(super) pause: Duration,
    /// After so long no request is made again.
    pub(super) give_up: Duration,
    /// By which the server itself is asked what buckets it has.
    set: Option<(Environment, StoreSettings)>,
    there: OnceCell<()>,
    listed: AtomicBool,
}

impl Bucket {
    /// That of a URL, as a configuration has it reached; the same one for all URLs in it.
    pub(super) fn of(url: &RemoteUrl, config: &StoreConfig) -> Result<Arc<Self>, StoreError> {
        static ALL: Mutex<BTreeMap<(String, StoreConfig), Arc<Bucket>>> = Mutex::new(BTreeMap::new());
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (url.bucket().to_owned(), config.clone());
        if let Some(bucket) = all.get(&key) {
            return Ok(Arc::clone(bucket));
        }
        let made = Arc::new(Self::make(url, &Environment::of_process(), config)?);
        all.insert(key, Arc::clone(&made));
        Ok(made)
    }

    pub(super) fn make(url: &RemoteUrl, env: &Environment, config: &StoreConfig) -> Result<Self, StoreError> {
        let wrong =
            |fault: String, hint: String| StoreError::RemoteSettings { url: url.to_string(), fault, hint };
        let settings = StoreSettings::read(env, config).map_err(|(fault, hint)| wrong(fault, hint))?;
        let look = || "look at the variables AWS_… of the environment".to_owned();
        let runtime = runtime::handle().map_err(|e| wrong(e.to_string(), "end other processes".into()))?;
        let make = |hurry| client(env, url.bucket(), &settings, hurry, &runtime);
        let store = make(false).map_err(|e| wrong(e.to_string(), look()))?;
        let hasty = make(true).map_err(|e| wrong(e.to_string(), look()))?;
        let facts = Facts {
            bucket: url.bucket().to_owned(),
            server: settings.server(),
            region: settings.region.clone(),
            who: settings.who.clone(),
        };
        let give_up = settings.give_up();
        let set = Some((env.clone(), settings));
        Ok(Self { give_up, set, ..Self::on(store, hasty, facts, runtime, Duration::from_secs(1)) })
    }

    /// A bucket behind given clients.
    pub(super) fn on(
        store: Arc<dyn ObjectStore>,
        hasty: Arc<dyn ObjectStore>,
        facts: Facts,
        runtime: Handle,
        pause: Duration,
    ) -> Self {
        let (there, listed) = (OnceCell::new(), AtomicBool::new(false));
        Self { facts, store, hasty, runtime, pause, give_up: pause * 4000, set: None, there, listed }
    }

    /// Asks once whether the bucket is there: some stores make it when something is written to it.
    pub(super) async fn there(&self, prefix: &str) -> io::Result<()> {
        self.there.get_or_try_init(|| self.ask(prefix)).await.map(drop)
    }

    /// It has given what was asked for. If that was in it, whoever writes need not ask whether it is there.
    pub(super) fn has_answered(&self, asked: Asked) {
        if matches!(asked, Asked::Get | Asked::Head | Asked::List) {
            self.listed.fetch_or(asked == Asked::List, Ordering::Relaxed);
            // Somebody may be asking just now, and learns the same.
            let _ = self.there.set(());
        }
    }

    async fn ask(&self, prefix: &str) -> io::Result<()> {
        let begun = Instant::now();
        // Nothing has such a name: the answer is short.
        let nothing = ObjectPath::parse(format!("{prefix}/.nothing")).map_err(|e| no_key(&e))?;
        if let Some(Err(error)) = self.store.list(Some(&nothing)).next().await {
            let buckets = if is_without_bucket(&error) { self.buckets().await } else { Vec::new() };
            let known =
                Known { tried: begun.elapsed(), buckets, prefix: prefix.to_owned(), ..Known::default() };
            return Err(in_words(&error, Asked::List, &self.facts, &known));
        }
        self.listed.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// An error of the store in words. What it does not say itself is asked by a listing.
    pub(super) async fn explain(
        &self,
        error: Error,
        asked: Asked,
        begun: Instant,
        prefix: &str,
    ) -> io::Error {
        let tried = begun.elapsed();
        if asked != Asked::List
            && (is_mute(&error) || is_without_bucket(&error))
            && let Err(said) = self.ask(prefix).await
        {
            return said;
        }
        let buckets = if is_without_bucket(&error) { self.buckets().await } else { Vec::new() };
        let listed = self.listed.load(Ordering::Relaxed);
        in_words(&error, asked, &self.facts, &Known { tried, listed, buckets, prefix: prefix.to_owned() })
    }

    /// The buckets of the server, as far as it tells.
    async fn buckets(&self) -> Vec<String> {
        let Some((env, settings)) = &self.set else { return Vec::new() };
        let Ok(server) = server(env, &self.facts.bucket, settings, &self.runtime) else { return Vec::new() };
        let Ok(answer) = server.get(&ObjectPath::ROOT).await else { return Vec::new() };
        let Ok(body) = answer.bytes().await else { return Vec::new() };
        answer::buckets(&String::from_utf8_lossy(&body))
    }
}

fn client(
    env: &Environment,
    bucket: &str,
    settings: &StoreSettings,
    hurry: bool,
    runtime: &Handle,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let timeout = if hurry { settings.timeout.min(NOTE) } else { settings.timeout };
    let retry = RetryConfig {
        max_retries: if hurry { 0 } else { settings.retries },
        retry_timeout: settings.give_up(),
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(5),
            base: 3.0,
        },
    };
    let manners = Manners {
        at_once: settings.concurrency,
        timeout,
        slow_for: if hurry { Duration::ZERO } else { SLOW },
        pause: Duration::from_millis(500),
    };
    let connector = Connector::new(&format!("s3://{bucket}"), manners, runtime);
    let builder = builder(env, bucket, timeout).with_retry(retry).with_region(&settings.region);
    let builder = builder.with_virtual_hosted_style_request(settings.virtual_hosted);
    let builder = match &settings.endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint),
        None => builder,
    };
    Ok(Arc::new(builder.with_http_connector(connector).build()?))
}

/// A client that takes the server itself for a bucket, so that an object without a name is the list of buckets.
fn server(
    env: &Environment,
    bucket: &str,
    settings: &StoreSettings,
    runtime: &Handle,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let manners = Manners { at_once: 1, timeout: NOTE, slow_for: Duration::ZERO, pause: NOTE };
    let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    let builder = builder(env, bucket, NOTE).with_retry(retry);
    let builder = builder.with_endpoint(settings.server()).with_virtual_hosted_style_request(true);
    Ok(Arc::new(builder.with_http_connector(Connector::new(bucket, manners, runtime)).build()?))
}

/// A builder with these times. To its last byte an answer may take longer than to its first.
fn builder(env: &Environment, bucket: &str, timeout: Duration) -> AmazonS3Builder {
    let connect = Duration::from_secs(5).min(timeout);
    let set = [(ClientConfigKey::ConnectTimeout, connect), (ClientConfigKey::Timeout, timeout * 4)];
    set.into_iter().fold(env.builder(bucket), |builder, (key, time)| {
        builder.with_config(AmazonS3ConfigKey::Client(key), format!("{}ms", time.as_millis()))
    })
}
