//! Clusters that commands have their work done by. The program itself knows none: `results-cluster`, which lies beside it,
//! is the same commands with one.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::Failure;
use crate::merge::{Division, PartRunner};
use crate::sql::Helper;

/// The program that knows clusters.
const PROGRAM: &str = "results-cluster";

/// Where the scheduler of a cluster is: `df://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The machine.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (host, port) = text.strip_prefix("df://")?.trim_end_matches('/').rsplit_once(':')?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-._[:]".contains(c);
            let port = port.parse().ok().filter(|port| *port > 0)?;
            (!host.is_empty() && host.chars().all(is_name)).then(|| Self { host: host.to_owned(), port })
        };
        parse().ok_or_else(|| "not the address of a scheduler, such as df://127.0.0.1:50050".to_owned())
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "df://{}:{}", self.host, self.port)
    }
}

/// What has the work of commands done by a cluster.
pub trait Cluster {
    /// Finds the cluster, and makes sure that it is of the same version; gives who has parts of a merge done by it.
    ///
    /// # Errors
    /// There is none, or another one.
    fn runner(&self, address: &Address, division: Division) -> Result<Box<dyn PartRunner>, Failure>;

    /// The same; gives who has partitions of queries computed by it.
    ///
    /// # Errors
    /// There is none, or another one.
    fn helper(&self, address: &Address) -> Result<Arc<dyn Helper>, Failure>;
}

/// Goes on as the program that knows clusters, with the same arguments; comes back if there is none.
pub(super) fn hand_over() -> Failure {
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name(PROGRAM));
    for program in beside.into_iter().chain([PathBuf::from(PROGRAM)]) {
        let error = Command::new(&program).args(std::env::args_os().skip(1)).exec();
        if error.kind() != ErrorKind::NotFound {
            return Failure::error(format!("cannot start {}: {error}", program.display()));
        }
    }
    Failure::error(format!(
        "the program {PROGRAM} was found neither beside this one nor on PATH\n(hint: `cargo build --release -p {PROGRAM}` in a \
         checkout of this version makes it; put it beside this program)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let address: Address = "df://127.0.0.1:50050".parse().unwrap();
        assert_eq!(address, Address { host: "127.0.0.1".into(), port: 50050 });
        assert_eq!(address.to_string(), "df://127.0.0.1:50050");
        for good in ["df://node-1.lab:1", "df://[::1]:65535", "df://localhost:8/"] {
            assert!(good.parse::<Address>().is_ok(), "{good}");
        }
        for wrong in [
            "",
            "df://",
            "df://a",
            "df://a:",
            "df://:1",
            "df://a:0",
            "df://a:65536",
            "http://a:1",
            "a:1",
            "df://a/b:1",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
