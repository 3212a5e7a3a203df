//! Logins that never send the token: by its name, and a proof of having it.

use std::net::IpAddr;
use std::sync::Arc;

use super::ending::Ended;
use super::login::{Access, By, FIRST_FILE, Login};
use super::scram::made_up;
use super::scram_keys::ScramKeys;
use super::secret::Secret;
use super::session::Holder;
use super::state::{State, StateError};

/// What somebody is told who says who they are.
#[derive(Debug)]
pub(crate) struct Challenge {
    /// Salt, and how often the token is hashed.
    pub keys: ScramKeys,
    holder: Option<Holder>,
}

impl Access {
    /// Adds to the token that is kept in a file what such logins need, if it was made before there were any.
    pub(super) fn complete(&self, state: &State) -> Result<(), StateError> {
        if let Some(kept) = state.read(FIRST_FILE)? {
            self.tokens.complete(&Secret::sent(&kept))?;
        }
        Ok(())
    }

    /// What somebody is told who says who they are. Whether there is such a token shows only in the end.
    pub(crate) fn challenge(&self, name: &str, from: IpAddr) -> Result<Challenge, Ended> {
        self.may_try(from)?;
        let holder = self.tokens.named(name);
        if let Some((token, _)) = &holder
            && token.scram.is_none()
        {
            tracing::warn!(
                "the token {name} was made before logins by the protocol of Postgres and cannot be used for one (hint: \
                 `results token new` makes one that can; `results token revoke {name}` ends this one)"
            );
        }
        let holder = holder.filter(|(token, _)| token.scram.is_some());
        let known = holder.as_ref().and_then(|(token, _)| token.scram.clone());
        let keys = known.unwrap_or_else(|| made_up(name, &self.unknown_names));
        Ok(Challenge { keys, holder })
    }

    /// Who somebody is, by a proof over what both sides have said; and the proof of this side.
    pub(crate) fn by_proof(
        &self,
        challenge: Challenge,
        (said, proof): (&str, &str),
        from: IpAddr,
        protocol: &'static str,
    ) -> Result<(Login, String), Ended> {
        let checked = challenge.keys.check(said, proof);
        let holds = |(token, ended): &Holder| !*ended.borrow() && !token.is_over(chrono::Utc::now());
        let (Some(proof), Some((token, ended))) = (checked, challenge.holder.filter(holds)) else {
            return Err(self.not_proven(from, protocol));
        };
        self.delay.passed(from);
        self.note_login(&token, from, protocol);
        Ok((Login { token: Arc::clone(&token), by: By::Token, ended }, proof))
    }

    /// The same words for whoever is not let in, whatever the cause.
    pub(crate) fn not_proven(&self, from: IpAddr, protocol: &'static str) -> Ended {
        let words = "the login failed\n(hint: the user is the name of a token, the password the token; `results token list` \
                     shows the names of those that hold)";
        self.refused(from, protocol, words)
    }
}
