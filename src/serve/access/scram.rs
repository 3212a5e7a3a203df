//! SCRAM-SHA-256 (RFC 5802 and 7677) as far as keys go: logins that never send the token. The words on the wire are the
//! door's.

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRng;
use ring::{digest, hmac, pbkdf2};
use subtle::ConstantTimeEq;

use super::scram_keys::ScramKeys;
use super::secret::Secret;
use super::state::{State, StateError};

/// The file with what salts are made of for tokens that are not there.
const FILE: &str = "unknown-names";

/// How often a token is hashed. It has 256 random bits: the hash need not be slow.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// Bytes of a salt.
const SALT: usize = 16;

/// Bytes of a key.
const KEY: usize = digest::SHA256_OUTPUT_LEN;

/// What makes up keys for names of nobody, as they were made up before.
pub(super) fn unknown_names(state: &State) -> Result<[u8; KEY], StateError> {
    let text = if let Some(text) = state.read(FILE)? {
        text
    } else {
        let made = Secret::plain().map_err(|source| StateError::Io { path: state.path(FILE), source })?;
        state.write(FILE, &format!("{}\n", made.reveal()))?;
        made.reveal().to_owned()
    };
    Ok(*blake3::hash(text.trim().as_bytes()).as_bytes())
}

/// The keys of a new password.
///
/// # Errors
/// The system has no randomness.
pub(super) fn keys_of(password: &str) -> std::io::Result<ScramKeys> {
    let mut salt = [0; SALT];
    rand::rngs::SysRng.try_fill_bytes(&mut salt).map_err(std::io::Error::other)?;
    Ok(salted(password, &salt))
}

/// Tokens are letters of ASCII, which no preparation of texts changes.
fn salted(password: &str, salt: &[u8]) -> ScramKeys {
    let mut key = [0; KEY];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, salt, password.as_bytes(), &mut key);
    let client = sign(&key, b"Client Key");
    ScramKeys {
        salt: STANDARD.encode(salt),
        iterations: ITERATIONS.get(),
        stored: STANDARD.encode(digest::digest(&digest::SHA256, &client)),
        server: STANDARD.encode(sign(&key, b"Server Key")),
    }
}

/// What somebody is told who names a token that is not there: the same each time, and like any other.
pub(super) fn made_up(name: &str, secret: &[u8; KEY]) -> ScramKeys {
    let part = |what: &str| sign(secret, format!("{what} {name}").as_bytes());
    ScramKeys {
        salt: STANDARD.encode(&part("salt")[..SALT]),
        iterations: ITERATIONS.get(),
        stored: STANDARD.encode(part("stored")),
        server: STANDARD.encode(part("server")),
    }
}

fn sign(key: &[u8], text: &[u8]) -> [u8; KEY] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    let mut bytes = [0; KEY];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

impl ScramKeys {
    /// Checks the proof of a client over what both have said; gives the proof of the server.
    pub(super) fn check(&self, said: &str, proof: &str) -> Option<String> {
        let (stored, server) = (STANDARD.decode(&self.stored).ok()?, STANDARD.decode(&self.server).ok()?);
        let proof = STANDARD.decode(proof).ok().filter(|proof| proof.len() == KEY)?;
        let signature = sign(&stored, said.as_bytes());
        let client: Vec<u8> = proof.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        let fits: bool = digest::digest(&digest::SHA256, &client).as_ref().ct_eq(&stored).into();
        fits.then(|| STANDARD.encode(sign(&server, said.as_bytes())))
    }
}

/// Random letters, for one exchange.
///
/// # Errors
/// The system has no randomness.
pub(crate) fn nonce() -> std::io::Result<String> {
    let mut bytes = [0; 18];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_of_the_standard_is_accepted() {
        // The example of RFC 7677, section 3.
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = salted("pencil", &salt);
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let said = format!(
            "n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
        );
        let proof = keys.check(&said, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assert_eq!(proof.as_deref(), Some("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert_eq!(keys.check(&said, "eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), None);
        assert_eq!(keys.check(&said, "nonsense"), None);
    }

    #[test]
    fn who_is_not_there_has_the_same_salt_each_time() {
        let secret = [7; KEY];
        let keys = made_up("anna", &secret);
        assert_eq!(keys, made_up("anna", &secret));
        assert_ne!(keys.salt, made_up("berta", &secret).salt);
        let real = keys_of("rs_x").unwrap();
        assert_eq!((keys.salt.len(), keys.iterations), (real.salt.len(), real.iterations));
    }
}
