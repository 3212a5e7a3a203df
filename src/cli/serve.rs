//! `results serve`

mod token;

pub(super) use token::{Args as TokenArgs, exec as token};

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::definitions::Folder;
use super::outcome::{Outcome, block_on};
use super::place::place;
use super::run::limits::{bytes, whole};
use super::speak::{self, out, say_line};
use crate::error::{Exit, Failure};
use crate::serve::{ServeError, Server, Settings, state_folder};
use crate::store::Location;

#[derive(Debug, clap::Args)]
#[cfg_attr(feature = "pg", expect(clippy::struct_excessive_bools, reason = "each is a flag of its own"))]
#[command(after_help = "\
Examples:
  results serve out                                        all runs and merged outputs in a folder
  results serve merged out/k6_full_20261123_143005
  results serve s3://bucket/runs                           all that lie below a prefix of an object store
  results serve out --listen 0.0.0.0:8787 --host-name lab.example.org --tls-cert cert.pem --tls-key key.pem
  results token new anna --days 30 --sources 'k6*'         a token for somebody who sees some of them

It prints a link that signs a browser in once. Nothing is ever written into what it serves. docs/serve.md has the
addresses for programs, docs/security.md says what is protected from whom.")]
pub(in crate::cli) struct Args {
    /// Runs, merged outputs, or folders that hold such; `s3://` URLs of such too
    #[arg(required = true, value_name = "DIR", value_parser = place())]
    dirs: Vec<Location>,
    /// Address and port; port 0 takes any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    listen: String,
    /// Address and port for clients of Postgres, psql say; port 0 takes any that is free
    #[cfg(feature = "pg")]
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8788")]
    postgres: String,
    /// Let no clients of Postgres in
    #[cfg(feature = "pg")]
    #[arg(long, conflicts_with = "postgres")]
    no_postgres: bool,
    /// A name by which browsers ask for it, beside its address; may be given several times
    #[arg(long, value_name = "NAME")]
    host_name: Vec<String>,
    /// Certificate, with those it is signed with, as PEM
    #[arg(long, value_name = "F", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate, as PEM
    #[arg(long, value_name = "F", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Let other machines reach it without TLS, where all on the wire can read tokens and rows
    #[arg(long)]
    insecure_no_tls: bool,
    /// Folder for tokens, saved queries and the audit log (default: results/ in the folder of the system for state)
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Do not keep the first token in a file; it is printed once
    #[arg(long)]
    no_token_file: bool,
    /// Queries at a time (default: cores, 2 to 8)
    #[arg(long, value_name = "N", value_parser = |text: &str| whole::<u16>(text, 1..=1024))]
    queries: Option<u16>,
    /// Queries that wait
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = |text: &str| whole::<usize>(text, 0..=1_000_000))]
    queue: usize,
    /// Memory of a query
    #[arg(long, value_name = "SIZE", default_value = "1GB", value_parser = bytes)]
    query_memory: u64,
    /// Disk of a query
    #[arg(long, value_name = "SIZE", default_value = "4GB", value_parser = bytes)]
    query_disk: u64,
    /// Seconds to the first row of a query; while rows flow it may take an hour
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = |text: &str| whole::<u64>(text, 1..=86400))]
    query_seconds: u64,
    /// Connections at a time
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = |text: &str| whole::<usize>(text, 1..=1_000_000))]
    connections: usize,
    /// Readers of live pages at a time
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = |text: &str| whole::<usize>(text, 0..=1_000_000))]
    watchers: usize,
    /// Print the address and the link as JSON on standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    // What is wrong with them is said before anybody connects.
    definitions.load()?;
    let settings = settings(args, definitions)?;
    block_on(serve(settings, args.json))?
}

fn settings(args: &Args, definitions: &Folder) -> Result<Settings, Failure> {
    let program = std::env::current_exe().map_err(Failure::error)?;
    let state = args.state.clone().unwrap_or_else(state_folder);
    let mut settings = Settings::new(named(&args.dirs), state, program);
    settings.listen = address("--listen", &args.listen)?;
    #[cfg(feature = "pg")]
    if !args.no_postgres {
        settings.postgres = Some(address("--postgres", &args.postgres)?);
    }
    settings.host_names = args.host_name.iter().map(|name| host_name(name)).collect::<Result<_, _>>()?;
    settings.tls = args.tls_cert.clone().zip(args.tls_key.clone());
    settings.insecure = args.insecure_no_tls;
    settings.keep_token = !args.no_token_file;
    settings.connections = args.connections;
    settings.watchers = args.watchers;
    let limits = &mut settings.limits;
    limits.definitions =
        definitions.path().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
    limits.queries = args.queries.map_or(limits.queries, usize::from);
    limits.queue = args.queue;
    limits.memory = args.query_memory;
    limits.disk = args.query_disk;
    limits.time = Duration::from_secs(args.query_seconds);
    Ok(settings)
}

/// What is served is named by paths: in an object store by a path that is its URL.
fn named(places: &[Location]) -> Vec<PathBuf> {
    let path = |place: &Location| place.folder().map_or_else(|| place.to_string().into(), Path::to_owned);
    places.iter().map(path).collect()
}

/// `127.0.0.1:8787`, `[::1]:0`, `localhost:80`, or a port alone.
fn address(option: &str, text: &str) -> Result<SocketAddr, Failure> {
    if let Ok(port) = text.trim_start_matches(':').parse::<u16>() {
        return Ok(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port));
    }
    let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| {
        Failure::usage(format!(
            "{option}: `{text}` isn't an address\n(hint: ADDRESS:PORT, as in 127.0.0.1:8787)"
        ))
    })
}

/// The name of a host, or an address, without a port.
fn host_name(text: &str) -> Result<String, Failure> {
    let is_name = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !text.is_empty() && text.chars().all(fits) && !text.starts_with('.') && !text.ends_with('.')
    };
    if is_name(text) || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(Failure::usage(format!(
        "--host-name: `{text}` isn't a name of a host\n(hint: the name alone, as in lab.example.org, without https:// or a port)"
    )))
}

async fn serve(settings: Settings, json: bool) -> Outcome {
    let is_far = std::iter::once(settings.listen).chain(settings.postgres).any(|at| !at.ip().is_loopback());
    let is_open = settings.insecure && settings.tls.is_none() && is_far;
    let (state, keeps) = (settings.state.clone(), settings.keep_token);
    // From before it says where it is: whoever has read that may tell it to end.
    let mut ends = signals().map_err(Failure::error)?;
    let server = Server::bind(settings).await.map_err(failure)?;
    let link = server.link().map_err(Failure::error)?;
    if is_open {
        say_line("warning: without TLS everybody on the wire can read tokens and rows");
    }
    for warning in server.warnings() {
        say_line(format_args!("warning: {warning}"));
    }
    tell(&server, link.as_deref(), &state.join("token"), keeps);
    if json {
        let mut line = serde_json::json!({
            "web": server.url(), "sign_in": link, "address": server.addr().to_string(),
            "flight": server.flight_url(),
        });
        if let Some(postgres) = server.postgres() {
            line["postgres"] = postgres.to_string().into();
        }
        out(&format!("{line}\n"))?;
    }
    let stop = async move {
        let all = ends.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures::future::select_all(all).await;
    };
    server.run(stop).await;
    Ok(Exit::Done)
}

/// By which it is told to end.
fn signals() -> std::io::Result<Vec<Signal>> {
    let mut heeded = vec![SignalKind::terminate(), SignalKind::interrupt()];
    // Whoever was started by `nohup` outlives its terminal.
    if !crate::system::is_ignored(SignalKind::hangup().as_raw_value()) {
        heeded.push(SignalKind::hangup());
    }
    heeded.into_iter().map(signal).collect()
}

/// Says where it is, and how one gets in.
fn tell(server: &Server, link: Option<&str>, kept: &Path, keeps: bool) {
    // The journal of the system lasts, and others read it.
    let is_told = !(keeps && speak::is_to_journal());
    if let Some(token) = server.first_token() {
        match (is_told, keeps) {
            (true, true) => {
                say_line(format_args!("token: {token}\n  kept in {}, for scripts of yours", kept.display()));
            }
            (true, false) => {
                say_line(format_args!("token: {token}\n  it is not kept anywhere and not shown again"));
            }
            (false, _) => say_line(format_args!("a token was made: it is in {}", kept.display())),
        }
    }
    say_line(format_args!("web: {}", server.url()));
    if let Some(flight) = server.flight_url() {
        say_line(format_args!("flight: {flight} (user: any, password: a token)"));
    }
    if let Some(at) = server.postgres() {
        say_line(format_args!("postgres: psql \"{}\"", psql(at, server.database())));
    }
    match link {
        Some(_) if !is_told => {
            let first =
                if kept.exists() { format!("that in {}, or ", kept.display()) } else { String::new() };
            say_line(format_args!(
                "sign in there with a token: {first}one of `results token new NAME` (no link here: others read the journal)"
            ));
        }
        Some(link) => say_line(format_args!("sign in, once, within 10 minutes: {link}")),
        None => say_line("no token holds any more; `results token new NAME` makes one"),
    }
}

/// How psql is told where it is.
fn psql(at: SocketAddr, database: Option<String>) -> String {
    // In single quotes a backslash keeps what follows; the shell's double quotes take one themselves.
    let quoted = |name: &str| {
        let is_plain =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if is_plain {
            name.to_owned()
        } else {
            format!("'{}'", name.replace('\\', "\\\\\\\\").replace('\'', "\\\\'"))
        }
    };
    let host = if at.ip().is_unspecified() { "localhost".to_owned() } else { at.ip().to_string() };
    let database = database.map(|name| format!(" dbname={}", quoted(&name))).unwrap_or_default();
    format!("host={host} port={} user=results{database}", at.port())
}

/// What is wrong with how it was started is the command line's.
fn failure(error: ServeError) -> Failure {
    match error {
        ServeError::Io(error) => Failure::error(error),
        error => Failure::usage(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_a_port_and_a_name_has_none() {
        assert_eq!(address("--listen", "9000").unwrap().to_string(), "127.0.0.1:9000");
        assert_eq!(address("--listen", "[::1]:0").unwrap().to_string(), "[::1]:0");
        for (name, fits) in [
            ("lab.example.org", true),
            ("lab_1", true),
            ("::1", true),
            ("bad name/", false),
            ("lab:80", false),
            ("https://lab", false),
            ("", false),
        ] {
            assert_eq!(host_name(name).is_ok(), fits, "{name}");
        }
        assert!(address("--listen", "nonsense").unwrap_err().to_string().contains("ADDRESS:PORT"));
    }
}
