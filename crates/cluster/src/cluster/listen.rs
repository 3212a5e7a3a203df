//! Where a program of the cluster listens, and how it says so.

use std::io::Write;
use std::net::SocketAddr;

use results::error::Failure;
use serde_json::Value;

/// Where a program of the cluster listens.
#[derive(Debug, clap::Args)]
pub(super) struct Listen {
    /// Address to listen at; port 0 is one that the system chooses
    #[arg(long = "listen", value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    pub(super) at: SocketAddr,
    /// Listen where other machines reach it, which may then do what whoever merges may
    #[arg(long)]
    trusted_network: bool,
    /// Say as JSON where it is
    #[arg(long)]
    pub(super) json: bool,
}

impl Listen {
    /// Refuses to listen where strangers are.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.at.ip().is_loopback() || self.trusted_network {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "--listen {}: other machines reach that, and whoever does can have this one read runs and write outputs\n(hint: \
             --trusted-network says that only those you trust can)",
            self.at
        )))
    }
}

/// Says where a program is: a line, which comes first.
pub(super) fn say_first(json: bool, told: &Value, words: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let line = if json { told.to_string() } else { words.to_owned() };
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(Failure::error)
}
