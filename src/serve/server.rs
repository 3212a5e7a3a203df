//! Connections: accepted, limited in number and time, encrypted, and closed in the end.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use hyper::Request;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::MissedTickBehavior;
use tower::ServiceExt;

use super::access::{Access, Secret, State};
use super::answer::Pool;
use super::catalog::Catalog;
use super::desk::Desk;
use super::doors::{Activity, Doors, Full, Peer};
use super::error::ServeError;
use super::settings::Settings;
use super::tls::Tls;
use super::web::{self, App};

/// Bytes of the head of a request.
const HEAD: usize = 16 << 10;

/// Requests at a time on one connection.
const STREAMS: u32 = 100;

/// How often is looked for tokens that have ended, and for snapshots that nobody uses.
const SWEEP: Duration = Duration::from_secs(1);

// What a token has opened ends within two seconds of its end: one to see that, and one to do it.
const _: () = assert!(SWEEP.as_millis() <= 1000);

/// For telling whoever waits that the service stops.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A service that listens.
#[derive(Debug)]
pub struct Server {
    settings: Settings,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    app: Arc<App>,
    address: SocketAddr,
    first: Option<Secret>,
    #[cfg(feature = "pg")]
    postgres: Option<TcpListener>,
}

impl Server {
    /// Opens all that it needs and begins to listen, within a runtime.
    ///
    /// # Errors
    /// Something of it cannot be used.
    pub async fn bind(settings: Settings) -> Result<Self, ServeError> {
        let is_open =
            |at: &SocketAddr| !at.ip().is_loopback() && settings.tls.is_none() && !settings.insecure;
        if let Some(open) = std::iter::once(settings.listen).chain(settings.postgres).find(is_open) {
            return Err(ServeError::Insecure(open));
        }
        let tls = settings.tls.as_ref().map(|(certificate, key)| Tls::open(certificate, key)).transpose()?;
        let catalog = Arc::new(Catalog::new(&settings.dirs, settings.keep));
        let looking = Arc::clone(&catalog);
        tokio::task::spawn_blocking(move || looking.look()).await.map_err(std::io::Error::other)?;
        // Before anything is written there.
        State::outside(&settings.state, catalog.list().iter().map(|source| source.dir.as_path()))?;
        let state = State::open(&settings.state)?;
        let (access, first) = Access::open(&state, settings.keep_token)?;
        let listener = listen(settings.listen, "--listen").await?;
        #[cfg(feature = "pg")]
        let postgres = match settings.postgres {
            Some(at) => Some(listen(at, "--postgres").await?),
            None => None,
        };
        let address = listener.local_addr()?;
        let pool = Pool::begin(settings.limits.clone())?;
        let app = Arc::new(App::new(&Arc::new(Desk::new(access, catalog, pool)), address, &settings));
        Ok(Self {
            settings,
            listener,
            tls: tls.map(Arc::new),
            app,
            address,
            first,
            #[cfg(feature = "pg")]
            postgres,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for clients of Postgres, if it does.
    pub fn postgres(&self) -> Option<SocketAddr> {
        #[cfg(feature = "pg")]
        return self.postgres.as_ref().and_then(|listener| listener.local_addr().ok());
        #[cfg(not(feature = "pg"))]
        None
    }

    /// A database that clients of Postgres can connect to: the first source.
    pub fn database(&self) -> Option<String> {
        self.app.desk.catalog.list().first().map(|source| source.name.clone())
    }

    /// What cannot be served of that which was named, a line each.
    pub fn warnings(&self) -> Vec<String> {
        self.app.desk.catalog.warnings()
    }

    /// The address of its pages.
    pub fn url(&self) -> String {
        self.app.url()
    }

    /// Where it speaks Flight SQL, if this build does.
    pub fn flight_url(&self) -> Option<String> {
        let url = self.url();
        let (scheme, place) = url.split_once("://")?;
        let scheme = if scheme == "https" { "grpc+tls" } else { "grpc" };
        cfg!(feature = "flight").then(|| format!("{scheme}://{place}"))
    }

    /// The token of the first start, told once.
    pub fn first_token(&self) -> Option<&str> {
        self.first.as_ref().map(Secret::reveal)
    }

    /// A link that signs a browser in once.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn link(&self) -> std::io::Result<Option<String>> {
        let code = self.app.desk.access.code()?;
        Ok(code.map(|code| format!("{}/login?code={}", self.url(), code.reveal())))
    }

    /// Serves until it is told to stop; then no more connections are let in, and queries have a while to end.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self {
            settings,
            listener,
            tls,
            app,
            #[cfg(feature = "pg")]
            postgres,
            ..
        } = self;
        let router = web::router(&app);
        #[cfg(feature = "flight")]
        let router = router.merge(super::flight::router(&app.desk));
        let doors = Doors::new(settings.connections, settings.of_address);
        #[cfg(feature = "pg")]
        let postgres = postgres.map(|listener| beside(listener, (&app, &doors, tls.as_ref()), &settings));
        let open = GracefulShutdown::new();
        let looking =
            [tokio::spawn(look(Arc::clone(&app), settings.look)), tokio::spawn(sweep(Arc::clone(&app)))];
        let connections = Arc::new(settings);
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Too many files are open, say: others end meanwhile.
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let inside = match doors.enter(peer.ip()) {
                Ok(inside) => inside,
                Err(full) => {
                    turn_away(stream, tls.is_some(), full);
                    continue;
                }
            };
            let serving = Serving { router: router.clone(), peer, settings: Arc::clone(&connections) };
            let (tls, watcher) = (tls.clone(), open.watcher());
            tokio::spawn(async move {
                serving.serve(stream, tls, watcher).await;
                drop(inside);
            });
        }
        drop(listener);
        app.desk.stop();
        let closed = async {
            open.shutdown().await;
            #[cfg(feature = "pg")]
            if let Some(postgres) = postgres {
                let _ = postgres.await;
            }
        };
        close(&app, closed, connections.grace).await;
        // Until the end a token that is revoked ends what it asked.
        looking.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Waits for answers on their way. Those that take too long are ended, and there is a moment to say so.
async fn close(app: &App, closed: impl Future<Output = ()>, grace: Duration) {
    tokio::pin!(closed);
    if tokio::time::timeout(grace, &mut closed).await.is_ok() {
        return;
    }
    tracing::warn!("queries were ended before their answers were whole");
    app.desk.pool.stop();
    let _ = tokio::time::timeout(LAST_WORDS, closed).await;
}

/// Listens at an address that an option says.
async fn listen(at: SocketAddr, option: &str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(at).await.map_err(|source| {
        let hint = match source.kind() {
            ErrorKind::AddrInUse => {
                format!("another program listens there; {option} takes another port, 0 any that is free")
            }
            ErrorKind::AddrNotAvailable => {
                format!("it isn't an address of this machine; {option} takes one that is")
            }
            _ => format!("{option} takes another address"),
        };
        ServeError::Listen { at, hint, source }
    })
}

/// The door for clients of Postgres, until the service stops.
#[cfg(feature = "pg")]
fn beside(
    listener: TcpListener,
    (app, doors, tls): (&Arc<App>, &Arc<Doors>, Option<&Arc<Tls>>),
    settings: &Settings,
) -> tokio::task::JoinHandle<()> {
    // What is ended with the others is told so.
    let grace = settings.grace + LAST_WORDS;
    let limits = super::pg::Limits { login: settings.head, patience: settings.limits.stall, grace };
    let desk = Arc::clone(&app.desk);
    let stop = desk.stopped();
    match super::pg::Postgres::new(desk, Arc::clone(doors), tls.map(Arc::clone), limits) {
        Ok(door) => tokio::spawn(door.run(listener, stop)),
        Err(error) => {
            tracing::error!("clients of Postgres are not let in: {error}");
            tokio::spawn(std::future::ready(()))
        }
    }
}

/// Looks for directories again.
async fn look(app: Arc<App>, every: Duration) {
    // They were looked at when the service began.
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let catalog = Arc::clone(&app.desk.catalog);
        // A directory that makes the reader panic leaves the list as it was.
        let _ = tokio::task::spawn_blocking(move || catalog.look()).await;
    }
}

/// Ends what tokens that hold no more have opened, and gives up what nobody uses; whatever becomes of a directory that
/// does not answer.
async fn sweep(app: Arc<App>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        if let Err(error) = app.desk.access.tokens.look() {
            tracing::error!("{error}");
        }
        app.desk.catalog.give_up();
    }
}

/// Says why nobody is let in, to whoever can read it. Nothing waits for them.
fn turn_away(stream: TcpStream, is_tls: bool, full: Full) {
    if let (false, Ok(mut stream)) = (is_tls, stream.into_std()) {
        let words = format!("too many connections: {full}\n");
        let said = format!(
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 5\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{words}",
            words.len()
        );
        let _ = stream.write(said.as_bytes());
    }
}

/// A connection.
struct Serving {
    router: Router,
    peer: SocketAddr,
    settings: Arc<Settings>,
}

impl Serving {
    async fn serve(
        self,
        stream: TcpStream,
        tls: Option<Arc<Tls>>,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return self.http(stream, watcher).await };
        // Whoever does not speak TLS, or slowly, is let go.
        let handshake = tokio::time::timeout(self.settings.head, tls.acceptor().accept(stream)).await;
        if let Ok(Ok(stream)) = handshake {
            self.http(stream, watcher).await;
        }
    }

    async fn http(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        let Self { router, peer, settings } = self;
        let activity = Activity::new();
        let seen = Arc::clone(&activity);
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            let at_work = seen.request();
            request.extensions_mut().insert(Peer(peer));
            let answer = router.clone().oneshot(request.map(Body::new));
            async move {
                // A request is at work until its answer is sent.
                answer.await.map(|response| response.map(|body| Held { body, _at_work: at_work }))
            }
        });
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(settings.head)
            .max_buf_size(HEAD)
            .max_headers(100)
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEAD as u32)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(settings.head);
        let connection = http.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = watcher.watch(connection);
        tokio::pin!(connection);
        let mut looks = tokio::time::interval(settings.head.min(Duration::from_secs(1)));
        loop {
            tokio::select! {
                _ = &mut connection => return,
                _ = looks.tick() => {
                    // Neither of hyper's timers runs before it knows which protocol is spoken.
                    if activity.is_idle(settings.head, settings.idle) {
                        return;
                    }
                }
            }
        }
    }
}

/// A body with something that goes when it is sent, or given up.
struct Held {
    body: Body,
    _at_work: super::doors::Request,
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
