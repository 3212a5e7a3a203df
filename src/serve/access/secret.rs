//! Secrets: made of 256 random bits, compared in constant time, kept as hashes.

use std::fmt;

use rand::TryRng;
use subtle::ConstantTimeEq;

/// What a token begins with, so that it is known for what it is wherever it turns up.
const MARK: &str = "rs_";

/// Letters of 6 bits each, as in addresses.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A secret. Its words are never shown but by whoever hands it out.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A new token: `rs_` and 43 letters.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn token() -> std::io::Result<Self> {
        Ok(Self(format!("{MARK}{}", random()?)))
    }

    /// A new code or session: 43 letters.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn plain() -> std::io::Result<Self> {
        random().map(Self)
    }

    /// As somebody sent it.
    pub fn sent(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Its words, for the one that it is for.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> String {
        blake3::hash(self.0.as_bytes()).to_hex().to_string()
    }

    /// Whether it is the one that was kept as a hash.
    pub fn is(&self, hash: &str) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }
}

fn random() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
    Ok(letters(&bytes))
}

/// Bytes as letters of 6 bits.
fn letters(bytes: &[u8]) -> String {
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let all = part.iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        for place in 0..=part.len() {
            let six = all >> (18 - 6 * place) & 63;
            text.push(char::from(LETTERS[six as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_256_bits_and_is_kept_as_a_hash() {
        let (token, other) = (Secret::token().unwrap(), Secret::token().unwrap());
        assert_eq!(token.reveal().len(), 46);
        assert!(token.reveal().starts_with("rs_"));
        assert_ne!(token, other);
        assert!(token.is(&token.hash()) && !other.is(&token.hash()));
        assert!(!token.hash().contains(&token.reveal()[3..]));
        assert_eq!(format!("{token:?}"), "Secret(…)");
        assert_eq!(letters(b"Man"), "TWFu");
        assert_eq!(letters(b"Ma"), "TWE");
        assert_eq!(letters(b"M"), "TQ");
    }
}
