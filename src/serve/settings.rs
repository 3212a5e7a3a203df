//! How a service is set up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::answer::Limits;
use super::catalog::is_away;
use crate::store::StoreEnvironment;

/// The port, unless another one is asked for.
const PORT: u16 = 8787;

/// How a service is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Runs, merged outputs, and folders that hold such.
    pub dirs: Vec<PathBuf>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it listens for clients of Postgres, if it does.
    pub postgres: Option<SocketAddr>,
    /// Names by which it is asked for besides its address.
    pub host_names: Vec<String>,
    /// Certificate and key.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Whether other machines may reach it without TLS.
    pub insecure: bool,
    /// Tokens, saved queries and the audit log.
    pub state: PathBuf,
    /// Whether the first token is kept in a file.
    pub keep_token: bool,
    /// What queries may take.
    pub limits: Limits,
    /// Connections at a time.
    pub connections: usize,
    /// Connections of an address.
    pub of_address: usize,
    /// Readers of live pages.
    pub watchers: usize,
    /// How long a head of a request may take.
    pub head: Duration,
    /// How long a connection may do nothing.
    pub idle: Duration,
    /// How long queries may go on when the service is told to stop.
    pub grace: Duration,
    /// How often directories are looked for again.
    pub look: Duration,
    /// How long a snapshot is held after it was last used.
    pub keep: Duration,
}

impl Settings {
    /// The usual ones, of directories and a state folder.
    pub fn new(dirs: Vec<PathBuf>, state: PathBuf, program: PathBuf) -> Self {
        let is_away = dirs.iter().any(|dir| is_away(dir));
        let environment = if is_away { StoreEnvironment::of_process() } else { StoreEnvironment::default() };
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            dirs,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT),
            postgres: None,
            host_names: Vec::new(),
            tls: None,
            insecure: false,
            state,
            keep_token: true,
            limits: Limits {
                program,
                definitions: None,
                environment,
                queries: cores.clamp(2, 8),
                queue: 200,
                wait: Duration::from_secs(30),
                memory: 1_000_000_000,
                disk: 4_000_000_000,
                time: Duration::from_mins(1),
                flow: Duration::from_hours(1),
                stall: Duration::from_secs(30),
            },
            connections: 512,
            of_address: 64,
            watchers: 1000,
            head: Duration::from_secs(10),
            idle: Duration::from_mins(5),
            grace: Duration::from_secs(10),
            look: Duration::from_secs(5),
            keep: Duration::from_mins(10),
        }
    }
}

/// Where tokens, saved queries and the audit log are kept unless somebody names another folder.
pub fn state_folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    state.unwrap_or_else(|| PathBuf::from(".")).join("results")
}
