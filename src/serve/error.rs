//! A service that cannot begin.

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use super::access::StateError;

/// Why the service cannot begin.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address is taken, or is none of this machine.
    #[error("cannot listen at {at}: {source}\n(hint: {hint})")]
    Listen {
        /// Where.
        at: SocketAddr,
        /// The cause.
        source: std::io::Error,
        /// What to do.
        hint: String,
    },
    /// Others could read what goes over the wire.
    #[error(
        "{0} can be reached by other machines, and without TLS they read tokens and rows\n\
         (hint: name a certificate with --tls-cert and --tls-key, or say --insecure-no-tls)"
    )]
    Insecure(SocketAddr),
    /// The certificate cannot be used.
    #[error("{}: {what}\n(hint: --tls-cert takes a PEM file with the certificate and those it is signed with, --tls-key one with its key)", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The state folder cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The system refuses something.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
