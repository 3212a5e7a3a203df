//! Who may do what: tokens, sign-in, sessions, failed logins, the audit log, and how a request can end. It knows no
//! protocol.

mod audit;
mod delay;
mod ending;
mod glob;
mod login;
#[cfg(feature = "pg")]
mod proof;
mod saved;
#[cfg(feature = "pg")]
mod scram;
mod scram_keys;
mod secret;
mod session;
mod state;
mod strangers;
mod tokens;

pub(crate) use audit::{Audit, Entry};
pub(crate) use ending::{Ended, Ending};
pub(crate) use login::{Access, By, Login, until_true};
#[cfg(feature = "pg")]
pub(crate) use proof::Challenge;
#[cfg(feature = "pg")]
pub(crate) use scram::nonce;
pub(crate) use secret::Secret;
pub use state::{State, StateError};
pub use tokens::{May, NewToken, Tokens};
