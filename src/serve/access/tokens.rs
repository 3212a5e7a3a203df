//! `tokens.yaml`: who may ask, kept as hashes.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::glob::{can_fit, fits};
use super::scram_keys::ScramKeys;
use super::secret::Secret;
use super::state::{State, StateError};
use crate::serve::mark::Mark;
use crate::yaml::{from_yaml, to_yaml};

/// The file.
const FILE: &str = "tokens.yaml";

/// What a token may do beside reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum May {
    /// Save queries.
    WriteQueries,
    /// See and cancel everybody's queries, read metrics, save queries.
    Admin,
}

impl May {
    /// Its name, as `--may` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WriteQueries => "write-queries",
            Self::Admin => "admin",
        }
    }
}

/// A token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its name, for people and for the audit log.
    pub name: String,
    /// What is kept of it.
    pub hash: String,
    /// What is kept of it for logins that never send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scram: Option<ScramKeys>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// Patterns of the sources that it sees; all if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// What it may do beside reading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may: Vec<May>,
}

impl Token {
    /// Whether it sees a source of a name.
    pub fn sees(&self, source: &str) -> bool {
        self.sees_all() || self.sources.iter().any(|pattern| fits(pattern, source))
    }

    /// Whether it sees all there are, and may know what there is not.
    pub fn sees_all(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether it may do something.
    pub fn may(&self, what: May) -> bool {
        self.may.contains(&what) || self.may.contains(&May::Admin)
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// What a new token is to be.
#[derive(Debug, Clone, Default)]
pub struct NewToken {
    /// Its name.
    pub name: String,
    /// Days until it ends.
    pub days: Option<u32>,
    /// Patterns of the sources that it sees.
    pub sources: Vec<String>,
    /// What it may do beside reading.
    pub may: Vec<May>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tokens: Vec<Token>,
}

/// All tokens, as the file has them now.
#[derive(Debug, Clone)]
pub struct Tokens {
    state: State,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    read: Option<Mark>,
    tokens: Vec<(Arc<Token>, watch::Sender<bool>)>,
}

impl Tokens {
    /// Those of a state folder.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(state: &State) -> Result<Self, StateError> {
        let tokens = Self { state: state.clone(), known: Arc::default() };
        tokens.look()?;
        Ok(tokens)
    }

    /// Looks whether the file changed. What holds no more ends what it opened.
    ///
    /// # Errors
    /// The file cannot be read; the tokens stay as they were.
    pub fn look(&self) -> Result<(), StateError> {
        let changed = Mark::of(&self.state.path(FILE));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.is_none() || known.read != changed {
            let file = self.file()?;
            let before = std::mem::take(&mut known.tokens);
            known.tokens = file
                .tokens
                .into_iter()
                .map(|token| match before.iter().find(|(old, _)| **old == token) {
                    Some((old, ended)) => (Arc::clone(old), ended.clone()),
                    None => (Arc::new(token), watch::channel(false).0),
                })
                .collect();
            for (old, ended) in before {
                if !known.tokens.iter().any(|(token, _)| *token == old) {
                    ended.send_replace(true);
                }
            }
            known.read = changed;
        }
        let now = Utc::now();
        for (token, ended) in &known.tokens {
            if token.is_over(now) {
                ended.send_replace(true);
            }
        }
        Ok(())
    }

    /// The token that a secret is, and what becomes true when it ends.
    pub fn find(&self, secret: &Secret) -> Option<(Arc<Token>, watch::Receiver<bool>)> {
        // Whoever reads the error has the file; what was known holds until it is mended.
        if let Err(error) = self.look() {
            tracing::error!("{error}");
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // All are compared, so that the time tells nothing of which it is.
        let mut found = None;
        for (token, ended) in &known.tokens {
            if secret.is(&token.hash) {
                found = Some((Arc::clone(token), ended.subscribe()));
            }
        }
        found.filter(|(token, _)| !token.is_over(Utc::now()))
    }

    /// A token and what becomes true when it ends.
    pub(super) fn holder(&self, of: &Token) -> Option<(Arc<Token>, watch::Receiver<bool>)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.tokens.iter().find(|(token, _)| **token == *of);
        found.map(|(token, ended)| (Arc::clone(token), ended.subscribe()))
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<Token>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.tokens.iter().map(|(token, _)| Arc::clone(token)).collect()
    }

    /// Makes one. It is told now and never again.
    ///
    /// # Errors
    /// The name is taken or cannot be one; the file cannot be written.
    pub fn create(&self, new: NewToken) -> Result<Secret, StateError> {
        let NewToken { name, days, sources, may } = new;
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            let words = format!(
                "`{name}` isn't a name of a token\n(hint: letters, digits, `.`, `_` and `-`, 64 at most)"
            );
            return Err(StateError::Name(words));
        }
        if let Some(pattern) = sources.iter().find(|pattern| !can_fit(pattern)) {
            let words = format!(
                "`{pattern}` isn't a pattern of names of sources\n(hint: `*` stands for any letters and `?` for one; there \
                 are no others)"
            );
            return Err(StateError::Name(words));
        }
        if days == Some(0) {
            return Err(StateError::Name("a token holds for a day at least".into()));
        }
        let mut file = self.file()?;
        if file.tokens.iter().any(|token| token.name == name) {
            let words =
                format!("there is a token {name} already\n(hint: `results token revoke {name}` ends it)");
            return Err(StateError::Name(words));
        }
        let secret =
            Secret::token().map_err(|source| StateError::Io { path: "/dev/urandom".into(), source })?;
        let created = Utc::now();
        let expires = days.map(|days| created + Duration::days(days.into()));
        let scram = keys_of(&secret)?;
        file.tokens.push(Token { name, hash: secret.hash(), scram, created, expires, sources, may });
        self.put(&file)?;
        Ok(secret)
    }

    /// Adds what logins by the protocol of Postgres need to a token that was made before there were such; whether that
    /// was wanting.
    ///
    /// # Errors
    /// The file cannot be written.
    #[cfg(feature = "pg")]
    pub fn complete(&self, secret: &Secret) -> Result<bool, StateError> {
        let mut file = self.file()?;
        let wanting = file.tokens.iter_mut().find(|token| token.scram.is_none() && secret.is(&token.hash));
        let Some(token) = wanting else { return Ok(false) };
        token.scram = keys_of(secret)?;
        self.put(&file)?;
        Ok(true)
    }

    /// The token of a name, and what becomes true when it ends.
    #[cfg(feature = "pg")]
    pub(super) fn named(&self, name: &str) -> Option<(Arc<Token>, watch::Receiver<bool>)> {
        if let Err(error) = self.look() {
            tracing::error!("{error}");
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.tokens.iter().find(|(token, _)| token.name == name);
        let found = found.map(|(token, ended)| (Arc::clone(token), ended.subscribe()));
        found.filter(|(token, _)| !token.is_over(Utc::now()))
    }

    /// Ends one.
    ///
    /// # Errors
    /// There is none of that name; the file cannot be written.
    pub fn revoke(&self, name: &str) -> Result<(), StateError> {
        let mut file = self.file()?;
        let before = file.tokens.len();
        file.tokens.retain(|token| token.name != name);
        if file.tokens.len() == before {
            let names: Vec<&str> = file.tokens.iter().map(|token| token.name.as_str()).collect();
            let hint = if names.is_empty() {
                "there is none".to_owned()
            } else {
                format!("there is {}", names.join(", "))
            };
            return Err(StateError::Name(format!("unknown token {name}\n(hint: {hint})")));
        }
        self.put(&file)
    }

    fn file(&self) -> Result<File, StateError> {
        let Some(text) = self.state.read(FILE)? else { return Ok(File::default()) };
        from_yaml(&text).map_err(|e| StateError::Damaged { path: self.state.path(FILE), what: e.to_string() })
    }

    fn put(&self, file: &File) -> Result<(), StateError> {
        let damaged = |what: String| StateError::Damaged { path: self.state.path(FILE), what };
        let text = to_yaml(file).map_err(|e| damaged(e.to_string()))?;
        self.state.write(FILE, &text)?;
        self.look()
    }
}

/// What is kept of a token for logins that never send it, where this build has such.
#[cfg_attr(
    not(feature = "pg"),
    expect(clippy::unnecessary_wraps, reason = "keys need randomness, which may be missing")
)]
fn keys_of(secret: &Secret) -> Result<Option<ScramKeys>, StateError> {
    #[cfg(feature = "pg")]
    {
        let keys = super::scram::keys_of(secret.reveal());
        let keys = keys.map_err(|source| StateError::Io { path: "/dev/urandom".into(), source })?;
        Ok(Some(keys))
    }
    #[cfg(not(feature = "pg"))]
    {
        let _ = secret;
        Ok(None)
    }
}
