//! TLS 1.2 and 1.3. A certificate that is renewed is read again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::error::ServeError;
use super::mark::Mark;

/// How often is looked whether the files changed.
const LOOK: Duration = Duration::from_secs(2);

/// What was read of the files.
#[derive(Debug)]
struct Read {
    config: Arc<ServerConfig>,
    /// The certificate itself.
    #[cfg_attr(
        not(feature = "pg"),
        expect(dead_code, reason = "logins that have it in their proof are there")
    )]
    leaf: CertificateDer<'static>,
}

/// What connections are encrypted with.
#[derive(Debug)]
pub(super) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    read: Arc<Read>,
    changed: [Option<Mark>; 2],
    looked: Instant,
}

impl Tls {
    /// From a certificate and its key.
    ///
    /// # Errors
    /// They cannot be read, or do not fit each other.
    pub(super) fn open(certificate: &Path, key: &Path) -> Result<Self, ServeError> {
        let read = Arc::new(read(certificate, key)?);
        let now = Now { read, changed: changed(certificate, key), looked: Instant::now() };
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), now: Mutex::new(now) })
    }

    /// What accepts a connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.read(LOOK).config))
    }

    /// The same for clients of Postgres, with the mark of the certificate that their logins may have in them.
    #[cfg(feature = "pg")]
    pub(super) fn for_postgres(&self) -> (TlsAcceptor, Option<Vec<u8>>) {
        let read = self.read(LOOK);
        let mut config = (*read.config).clone();
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        (TlsAcceptor::from(Arc::new(config)), super::end_point::end_point(&read.leaf))
    }

    /// The files as they are, looked at if that was not done within a time.
    fn read(&self, look: Duration) -> Arc<Read> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.looked.elapsed() >= look {
            now.looked = Instant::now();
            let changed = changed(&self.certificate, &self.key);
            if changed != now.changed {
                now.changed = changed;
                match read(&self.certificate, &self.key) {
                    Ok(read) => now.read = Arc::new(read),
                    // Half of a renewal may be there; what was good stays.
                    Err(error) => tracing::error!("the new certificate is not used: {error}"),
                }
            }
        }
        Arc::clone(&now.read)
    }
}

fn changed(certificate: &Path, key: &Path) -> [Option<Mark>; 2] {
    [certificate, key].map(Mark::of)
}

fn read(certificate: &Path, key: &Path) -> Result<Read, ServeError> {
    let wrong = |path: &Path, what: String| ServeError::Certificate { path: path.to_owned(), what };
    let read = |path: &Path| std::fs::read(path).map_err(|e| wrong(path, format!("it cannot be read: {e}")));
    let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| wrong(certificate, e.to_string()))?;
    let Some(leaf) = chain.first().cloned() else {
        return Err(wrong(certificate, "no certificate was found in it".into()));
    };
    let text = read(key)?;
    let secret = PrivateKeyDer::from_pem_slice(&text).map_err(|e| wrong(key, without_key(&text, &e)))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(certificate, e.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, secret);
    let mut config = config.map_err(|e| wrong(key, unfit(certificate, &e)))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Read { config: Arc::new(config), leaf })
}

/// Why there is no key in a file.
fn without_key(text: &[u8], error: &pem::Error) -> String {
    // Both forms say so in letters: PKCS #8 in its first line, the older one in a head.
    let has = |words: &[u8]| text.windows(words.len()).any(|part| part == words);
    match error {
        _ if has(b"ENCRYPTED") => "the key is locked with a passphrase, which nobody is \
            asked for here; `openssl pkey -in LOCKED -out KEY` writes it without one"
            .to_owned(),
        pem::Error::NoItemsFound => "no key was found in it".to_owned(),
        error => error.to_string(),
    }
}

/// Why a key does not fit.
fn unfit(certificate: &Path, error: &rustls::Error) -> String {
    let certificate = certificate.display();
    match error {
        rustls::Error::InconsistentKeys(_) => format!("it isn't the key of {certificate}"),
        error => format!("it does not fit {certificate}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Certificates with their keys, made for tests.
    const ONE: [&str; 2] =
        [include_str!("../../tests/it/serve/tls/one.pem"), include_str!("../../tests/it/serve/tls/one.key")];
    const OTHER: [&str; 2] = [
        include_str!("../../tests/it/serve/tls/other.pem"),
        include_str!("../../tests/it/serve/tls/other.key"),
    ];

    #[test]
    fn a_certificate_that_is_renewed_is_used_once_its_key_fits() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = (dir.path().join("a.pem"), dir.path().join("a.key"));
        std::fs::write(&certificate, ONE[0]).unwrap();
        std::fs::write(&key, OTHER[1]).unwrap();
        let wrong = Tls::open(&certificate, &key).unwrap_err().to_string();
        assert!(wrong.contains("a.key") && wrong.contains("the key of"), "{wrong}");
        std::fs::write(&key, ONE[1]).unwrap();
        let tls = Tls::open(&certificate, &key).unwrap();
        let first = tls.read(Duration::ZERO);
        assert!(Arc::ptr_eq(&first, &tls.read(Duration::ZERO)), "nothing changed");
        // Half of a renewal.
        std::fs::write(&certificate, OTHER[0]).unwrap();
        assert!(Arc::ptr_eq(&first, &tls.read(Duration::ZERO)));
        std::fs::write(&key, OTHER[1]).unwrap();
        assert!(Arc::ptr_eq(&first, &tls.read(Duration::from_hours(1))), "it is not looked each time");
        assert!(!Arc::ptr_eq(&first, &tls.read(Duration::ZERO)));
        std::fs::remove_file(&key).unwrap();
        tls.read(Duration::ZERO);
    }
}
