//! Connections: accepted, limited in number and time, encrypted where there is a certificate.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pgwire::messages::startup::{BackendKeyData, NegotiateProtocolVersion, SecretKey};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::PROTOCOL;
use super::fault::{Fault, Words};
use super::keys::Keys;
use super::login::login;
use super::session::{Place, Session};
use super::settings::Settings;
use super::start::{Asked, Start, start};
use super::wire::Wire;
use crate::beside::Scratch;
use crate::serve::access::{Ended, until_true};
use crate::serve::desk::{Caller, Desk};
use crate::serve::doors::{Doors, Full, Inside};
use crate::serve::tls::Tls;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(in crate::serve) struct Limits {
    /// From the connection to the login.
    pub(in crate::serve) login: Duration,
    /// Until somebody reads what is sent.
    pub(in crate::serve) patience: Duration,
    /// For what is at work when the service stops.
    pub(in crate::serve) grace: Duration,
}

/// The door.
pub(in crate::serve) struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    desk: Arc<Desk>,
    doors: Arc<Doors>,
    tls: Option<Arc<Tls>>,
    keys: Arc<Keys>,
    limits: Limits,
    scratch: Scratch,
}

impl Postgres {
    /// Begins to be one.
    ///
    /// # Errors
    /// There is no folder for rows that wait.
    pub(in crate::serve) fn new(
        desk: Arc<Desk>,
        doors: Arc<Doors>,
        tls: Option<Arc<Tls>>,
        limits: Limits,
    ) -> std::io::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::new("postgres")?;
        std::fs::set_permissions(scratch.path(), std::fs::Permissions::from_mode(0o700))?;
        let keys = Arc::default();
        Ok(Self { shared: Arc::new(Shared { desk, doors, tls, keys, limits, scratch }) })
    }

    /// Lets connections in until it is to stop; then those that are open may end what they are at.
    pub(in crate::serve) async fn run(self, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let mut open = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = open.join_next(), if !open.is_empty() => continue,
                () = until_true(&mut stop) => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let inside = self.shared.doors.enter(peer.ip());
                    open.spawn(Arc::clone(&self.shared).connection(stream, peer, inside));
                }
                Err(error) => {
                    // Too many files are open, say: others end meanwhile.
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(listener);
        let ended = async { while open.join_next().await.is_some() {} };
        if tokio::time::timeout(self.shared.limits.grace, ended).await.is_err() {
            tracing::warn!("connections of Postgres were closed before their answers were whole");
        }
    }
}

impl Shared {
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, inside: Result<Inside, Full>) {
        let _ = stream.set_nodelay(true);
        let _inside = match inside {
            Ok(inside) => inside,
            Err(full) => {
                let words =
                    Words { hint: Some(full.to_string()), ..Words::new("53300", "too many connections") };
                return say(Wire::new(Box::new(stream), Duration::from_secs(1)), words).await;
            }
        };
        // Whoever says nothing, or something else, is let go.
        let begun = tokio::time::timeout(self.limits.login, self.begin(stream, peer)).await;
        if let Ok(Some(session)) = begun {
            session.run().await;
        }
    }

    /// A session for whoever is let in.
    async fn begin(&self, stream: TcpStream, peer: SocketAddr) -> Option<Session> {
        let begun = start(stream, self.tls.as_ref()).await;
        // What is cut short or badly encrypted is strange too; who has gone is not.
        if matches!(&begun, Ok(Start::Nothing { .. }))
            || begun.as_ref().is_err_and(|error| error.kind() != ErrorKind::ConnectionReset)
        {
            self.desk.access.strangers.count(PROTOCOL);
        }
        match begun.ok()? {
            Start::Silent => None,
            Start::Cancel(number, key) => {
                self.keys.cancel(number, &key);
                None
            }
            Start::Nothing { wanted_tls } => {
                if wanted_tls {
                    tracing::warn!(
                        "a client of Postgres at {} wants TLS, which there is not (hint: --tls-cert and --tls-key give it; \
                         or connect with sslmode=prefer)",
                        peer.ip()
                    );
                }
                None
            }
            Start::Session(asked) => {
                let Asked { stream, minor, parameters, is_plain, end_point } = *asked;
                let mut wire = Wire::new(stream, self.limits.patience);
                let asks = Asks { minor, parameters, is_plain, end_point };
                match self.session(&mut wire, &asks, peer).await {
                    Ok((place, settings)) => self.let_in(wire, place, settings).await,
                    Err(Fault::Said(words) | Fault::Last(words)) => {
                        if words.code == "28P01" {
                            self.desk.metrics.refused.fetch_add(1, Ordering::Relaxed);
                        }
                        say(wire, *words).await;
                        None
                    }
                    Err(Fault::Gone) => None,
                }
            }
        }
    }

    async fn session(
        &self,
        wire: &mut Wire,
        asks: &Asks,
        peer: SocketAddr,
    ) -> Result<(Place, Settings), Fault> {
        if self.tls.is_some() && asks.is_plain {
            let words = "connections without TLS are refused: others on the wire could read what is said";
            return Err(Fault::with_hint(
                "28000",
                words,
                "connect with sslmode=require, or better verify-full",
            ));
        }
        let get = |name: &str| asks.parameters.get(name).cloned();
        if get("replication").is_some_and(|value| !["false", "off", "no", "0"].contains(&value.as_str())) {
            return Err(Fault::new("0A000", "replication is not supported"));
        }
        let options: Vec<String> =
            asks.parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect();
        if asks.minor > 0 || !options.is_empty() {
            wire.put(&NegotiateProtocolVersion::new(0, options));
        }
        let user = get("user").unwrap_or_default();
        let login = login(wire, &self.desk.access, (&user, peer.ip()), asks.end_point.as_deref()).await?;
        let mut settings = Settings::new(&user);
        settings.begin(&asks.parameters)?;
        let caller = Caller { login, address: peer.ip(), protocol: PROTOCOL };
        let database = self.database(&caller, get("database").filter(|name| !name.is_empty()), &user)?;
        let folder = self.scratch.path().to_owned();
        Ok((Place { desk: Arc::clone(&self.desk), caller, database, folder }, settings))
    }

    /// The source that somebody means. Clients that are told none take the name of the user for one.
    fn database(&self, caller: &Caller, asked: Option<String>, user: &str) -> Result<String, Fault> {
        let sources = self.desk.sources(caller);
        let asked = asked.unwrap_or_else(|| user.to_owned());
        if sources.iter().any(|source| source.name == asked) {
            return Ok(asked);
        }
        if asked == user
            && let Some(first) = sources.first()
        {
            return Ok(first.name.clone());
        }
        let Err(unknown) = self.desk.source(caller, &asked, "a connection") else { return Ok(asked) };
        let Ended { hint, .. } = unknown;
        let words = format!("unknown database {asked}");
        Err(Fault::Last(Box::new(Words { hint, ..Words::new("3D000", words) })))
    }

    async fn let_in(&self, mut wire: Wire, place: Place, settings: Settings) -> Option<Session> {
        let key = self.keys.key().ok()?;
        wire.put(&BackendKeyData::new(key.number, SecretKey::I32(key.secret)));
        wire.flush().await.ok()?;
        wire.let_in();
        Some(Session::new(wire, place, settings, key))
    }
}

/// What somebody says who wants to be let in, without the connection.
struct Asks {
    minor: u16,
    parameters: std::collections::BTreeMap<String, String>,
    is_plain: bool,
    end_point: Option<Vec<u8>>,
}

/// The last word of a connection.
async fn say(mut wire: Wire, words: Words) {
    wire.put(&words.response("FATAL", ""));
    wire.close().await;
}
