//! Requests: how many at once, how long each may take, and what becomes of a store that asks for less.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector, SpawnService,
};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::answer::Answer;

/// Bytes that any connection sends in a second.
const SLOWEST: u64 = 1 << 20;

/// Between two warnings that the store asks for less.
const TOLD: Duration = Duration::from_mins(1);

/// Longest pause of a store that asks for less.
const LONGEST: Duration = Duration::from_secs(5);

/// How requests are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manners {
    /// So many at once.
    pub(super) at_once: usize,
    /// Until an answer begins, for a request that has nothing to send.
    pub(super) timeout: Duration,
    /// How long a store that asks for less is given time.
    pub(super) slow_for: Duration,
    /// The first pause that it is given.
    pub(super) pause: Duration,
}

/// Makes clients whose requests run on one runtime, whoever asks for them.
#[derive(Debug)]
pub(super) struct Connector {
    runtime: Handle,
    shared: Arc<Shared>,
}

/// What all requests to a store have in common.
#[derive(Debug)]
struct Shared {
    store: String,
    manners: Manners,
    at_once: Semaphore,
    /// No request begins before.
    not_before: Mutex<Instant>,
    told: Mutex<Option<Instant>>,
}

impl Connector {
    pub(super) fn new(store: &str, manners: Manners, runtime: &Handle) -> Self {
        let shared = Shared {
            store: store.to_owned(),
            manners,
            at_once: Semaphore::new(manners.at_once),
            not_before: Mutex::new(Instant::now()),
            told: Mutex::new(None),
        };
        Self { runtime: runtime.clone(), shared: Arc::new(shared) }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        let polite = Polite { inner, shared: Arc::clone(&self.shared) };
        Ok(HttpClient::new(SpawnService::new(polite, self.runtime.clone())))
    }
}

#[derive(Debug, Clone)]
struct Polite {
    inner: HttpClient,
    shared: Arc<Shared>,
}

/// No answer within the time for it.
#[derive(Debug)]
struct Late(Duration);

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer within {} s", self.0.as_secs())
    }
}

impl std::error::Error for Late {}

/// A page that is no listing.
#[derive(Debug)]
struct Strange;

impl fmt::Display for Strange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("got invalid list response")
    }
}

impl std::error::Error for Strange {}

/// A listing, if it is one: of any other page the client below would make one without objects.
async fn listed(answer: HttpResponse) -> Result<HttpResponse, HttpError> {
    let (parts, body) = answer.into_parts();
    let body = body.bytes().await?;
    let is_one = body.windows(LISTING.len()).any(|part| part == LISTING);
    if !is_one {
        return Err(HttpError::new(HttpErrorKind::Decode, Strange));
    }
    Ok(HttpResponse::from_parts(parts, body.into()))
}

/// What every listing has.
const LISTING: &[u8] = b"<ListBucketResult";

impl HttpService for Polite {
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.answer(request))
    }
}

impl Polite {
    /// The answer to a request. That of a store that asks for less is waited for.
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let manners = &self.shared.manners;
        let until = Instant::now() + manners.slow_for;
        let mut pause = manners.pause;
        let is_listing = request.uri().query().is_some_and(|query| query.contains("list-type=2"));
        loop {
            self.shared.wait().await;
            let answer = self.once(request.clone()).await?;
            if answer.status().is_success() {
                return if is_listing { listed(answer).await } else { Ok(answer) };
            }
            if answer.status().as_u16() == 304 {
                return Ok(answer);
            }
            let header = answer.headers().get("x-amz-bucket-region").and_then(|value| value.to_str().ok());
            let region = header.map(str::to_owned);
            let (mut parts, body) = answer.into_parts();
            let body = body.bytes().await.unwrap_or_default();
            let told = Answer::read(parts.status.as_u16(), &body, region);
            if told.asks_for_less() && Instant::now() + pause < until {
                self.shared.slow_down(pause);
                pause = (pause * 2).min(LONGEST);
                continue;
            }
            // A redirection that names no place is told in no words further on.
            if parts.status.is_redirection() {
                parts.status = "400".parse().unwrap_or(parts.status);
            }
            return Ok(HttpResponse::from_parts(parts, Bytes::from(told.to_xml()).into()));
        }
    }

    async fn once(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let _permit = self.shared.at_once.acquire().await;
        let sent = request.body().content_length() as u64;
        let limit = self.shared.manners.timeout + Duration::from_secs(sent / SLOWEST);
        match tokio::time::timeout(limit, self.inner.execute(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::new(HttpErrorKind::Timeout, Late(limit))),
        }
    }
}

impl Shared {
    async fn wait(&self) {
        let until = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::time::sleep_until(until).await;
    }

    /// Nobody asks anything for a while, each for another one.
    fn slow_down(&self, pause: Duration) {
        let now = Instant::now();
        let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        *not_before = (*not_before).max(now + pause);
        drop(not_before);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| now - told >= TOLD) {
            *told = Some(now);
            tracing::warn!("{} asks for fewer requests (SlowDown); going on more slowly", self.store);
        }
    }
}
