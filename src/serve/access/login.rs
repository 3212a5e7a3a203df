//! Who asks: by a token, or by the session of a browser that was signed in with one.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::audit::{Audit, Entry};
use super::delay::Delay;
use super::ending::{Ended, Ending};
use super::saved::Saved;
use super::secret::Secret;
use super::session::{Holder, SESSION, Sessions};
use super::state::{State, StateError};
use super::strangers::Strangers;
use super::tokens::{May, NewToken, Token, Tokens};

/// The token that the first start makes.
const FIRST: &str = "results";

/// The file that keeps it for scripts of the same user.
pub(super) const FIRST_FILE: &str = "token";

/// By what somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The token itself.
    Token,
    /// A session, which a browser sends along whoever made it ask.
    Session,
}

/// Somebody who may ask.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    /// The token.
    pub token: Arc<Token>,
    /// By what they are known.
    pub by: By,
    /// Becomes true when the token ends.
    pub ended: watch::Receiver<bool>,
}

impl Login {
    /// Whether they see a source.
    pub(crate) fn sees(&self, source: &str) -> bool {
        self.token.sees(source)
    }

    /// Refuses what the token may not do.
    pub(crate) fn must(&self, what: May) -> Result<(), Ended> {
        if self.token.may(what) {
            return Ok(());
        }
        let word = what.name();
        let words = format!(
            "the token {} may not do that\n(hint: `results token new NAME --may {word}` makes one that may)",
            self.token.name
        );
        Err(Ended::new(Ending::Forbidden, words))
    }
}

/// Tokens, sessions, delays, log and saved queries of a service.
#[derive(Debug)]
pub(crate) struct Access {
    /// The tokens.
    pub tokens: Tokens,
    /// The log.
    pub audit: Audit,
    /// Queries that were saved.
    pub saved: Saved,
    /// Who was closed out.
    pub strangers: Strangers,
    sessions: Sessions,
    pub(super) delay: Delay,
    state: State,
    #[cfg(feature = "pg")]
    pub(super) unknown_names: [u8; 32],
}

impl Access {
    /// Opens a state folder. The first time a token is made, which is given back to be told once.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub(crate) fn open(state: &State, keep_token: bool) -> Result<(Self, Option<Secret>), StateError> {
        let tokens = Tokens::open(state)?;
        state.closed(FIRST_FILE)?;
        let mut first = None;
        if tokens.all().is_empty() {
            let new = NewToken { name: FIRST.into(), may: vec![May::Admin], ..NewToken::default() };
            let secret = tokens.create(new)?;
            if keep_token {
                state.write(FIRST_FILE, &format!("{}\n", secret.reveal()))?;
            }
            first = Some(secret);
        }
        let access = Self {
            audit: Audit::open(state)?,
            saved: Saved::open(state)?,
            tokens,
            strangers: Strangers::default(),
            sessions: Sessions::default(),
            delay: Delay::default(),
            state: state.clone(),
            #[cfg(feature = "pg")]
            unknown_names: super::scram::unknown_names(state)?,
        };
        #[cfg(feature = "pg")]
        access.complete(state)?;
        Ok((access, first))
    }

    /// A code that signs in once as the first token that may do everything, or else the first.
    ///
    /// # Errors
    /// There is no randomness.
    pub(crate) fn code(&self) -> std::io::Result<Option<Secret>> {
        let all = self.tokens.all();
        let now = chrono::Utc::now();
        let holds = |token: &&Arc<Token>| !token.is_over(now);
        let admin = all.iter().filter(holds).find(|token| token.may(May::Admin));
        let Some(token) = admin.or_else(|| all.iter().find(holds)) else { return Ok(None) };
        match self.tokens.holder(token) {
            Some(holder) => self.sessions.code(holder, Instant::now()).map(Some),
            None => Ok(None),
        }
    }

    /// Who a token is.
    pub(crate) fn by_token(
        &self,
        sent: &Secret,
        from: IpAddr,
        protocol: &'static str,
    ) -> Result<Login, Ended> {
        self.may_try(from)?;
        match self.tokens.find(sent) {
            Some((token, ended)) => {
                self.delay.passed(from);
                Ok(Login { token, by: By::Token, ended })
            }
            None => Err(self.refused(
                from,
                protocol,
                "unknown token\n(hint: `results token list` shows those that hold)",
            )),
        }
    }

    /// Whose session it is. A wrong one is old, or of another service of this host, and costs nothing.
    pub(crate) fn by_session(&self, sent: &Secret) -> Option<Login> {
        let (token, ended) = self.sessions.find(sent, Instant::now())?;
        (!token.is_over(chrono::Utc::now())).then_some(Login { token, by: By::Session, ended })
    }

    /// Signs a browser in by a code or a token; gives the session.
    pub(crate) fn sign_in(
        &self,
        sent: &Secret,
        from: IpAddr,
        protocol: &'static str,
    ) -> Result<(Secret, Login), Ended> {
        self.may_try(from)?;
        let holder: Option<Holder> =
            self.sessions.redeem(sent, Instant::now()).or_else(|| self.tokens.find(sent));
        let Some((token, ended)) = holder else {
            let words = "this code was used, is too old, or isn't one of this service\n(hint: start `results serve` \
                         again for a new link, or sign in with a token)";
            return Err(self.refused(from, protocol, words));
        };
        self.delay.passed(from);
        let session = self.sessions.begin((Arc::clone(&token), ended.clone()), Instant::now());
        let session = session.map_err(|e| Ended::new(Ending::Died, e.to_string()))?;
        self.note_login(&token, from, protocol);
        Ok((session, Login { token, by: By::Session, ended }))
    }

    /// Ends a session.
    pub(crate) fn sign_out(&self, session: &Secret) {
        self.sessions.end(session);
    }

    /// The file that keeps a token for scripts of the same user, if it keeps this one.
    pub(crate) fn file_of(&self, token: &Token) -> Option<PathBuf> {
        let kept = self.state.read(FIRST_FILE).ok()??;
        let path = self.state.path(FIRST_FILE);
        Secret::sent(&kept).is(&token.hash).then(|| std::path::absolute(&path).unwrap_or(path))
    }

    /// How long a session lasts.
    pub(crate) fn lasts() -> Duration {
        SESSION
    }

    /// Writes down who was let in.
    pub(super) fn note_login(&self, token: &Token, from: IpAddr, protocol: &'static str) {
        self.audit.note(&Entry {
            event: "login",
            token: Some(token.name.clone()),
            address: from.to_string(),
            protocol,
            ending: "ok".into(),
            ..Entry::default()
        });
    }

    pub(super) fn may_try(&self, from: IpAddr) -> Result<(), Ended> {
        let Some(left) = self.delay.left(from, Instant::now()) else { return Ok(()) };
        let words = format!("too many wrong logins from {from}; wait {} s", left.as_secs() + 1);
        Err(Ended::new(Ending::TooManyLogins, words))
    }

    pub(super) fn refused(&self, from: IpAddr, protocol: &'static str, words: &str) -> Ended {
        self.delay.failed(from, Instant::now());
        self.audit.note(&Entry {
            event: "refused",
            address: from.to_string(),
            protocol,
            ending: Ending::Login.name(),
            ..Entry::default()
        });
        Ended::new(Ending::Login, words)
    }
}

/// Waits until something has come true; for ever, if it never can.
pub(crate) async fn until_true(value: &mut watch::Receiver<bool>) {
    if value.wait_for(|value| *value).await.is_err() {
        std::future::pending::<()>().await;
    }
}
