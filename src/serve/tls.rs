//! TLS 1.2 and 1.3. A certificate that is renewed is read again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::error::ServeError;

/// How often is looked whether the files changed.
const LOOK: Duration = Duration::from_secs(2);

/// What connections are encrypted with.
#[derive(Debug)]
pub(super) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    config: Arc<ServerConfig>,
    changed: [Option<SystemTime>; 2],
    looked: Instant,
}

impl Tls {
    /// From a certificate and its key.
    ///
    /// # Errors
    /// They cannot be read, or do not fit each other.
    pub(super) fn open(certificate: &Path, key: &Path) -> Result<Self, ServeError> {
        let config = config(certificate, key)?;
        let now = Now { config, changed: changed(certificate, key), looked: Instant::now() };
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), now: Mutex::new(now) })
    }

    /// What accepts a connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.looked.elapsed() > LOOK {
            now.looked = Instant::now();
            let changed = changed(&self.certificate, &self.key);
            if changed != now.changed {
                now.changed = changed;
                match config(&self.certificate, &self.key) {
                    Ok(config) => now.config = config,
                    // Half of a renewal may be there; what was good stays.
                    Err(error) => tracing::error!("the new certificate is not used: {error}"),
                }
            }
        }
        TlsAcceptor::from(Arc::clone(&now.config))
    }
}

fn changed(certificate: &Path, key: &Path) -> [Option<SystemTime>; 2] {
    [certificate, key].map(|path| std::fs::metadata(path).and_then(|about| about.modified()).ok())
}

fn config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, ServeError> {
    let wrong = |path: &Path, what: String| ServeError::Certificate { path: path.to_owned(), what };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| wrong(certificate, e.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(certificate, "no certificate was found in it".into()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, e.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(certificate, e.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, secret);
    let mut config =
        config.map_err(|e| wrong(key, format!("it does not fit {}: {e}", certificate.display())))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
