//! The service: what runs and merged outputs hold, on a page and over HTTP.
//!
//! | room | knows |
//! |---|---|
//! | `access/` | who may do what, how a request can end; no protocol |
//! | `catalog/` | what is served, and where it stands; no protocol, no engine |
//! | `answer/` | questions, each answered by a process of its own; only that process knows the engine |
//! | `desk/` | what every door does with a question, whatever its protocol |
//! | `web/` | pages and REST |
//! | `flight/` | Flight SQL |
//! | `pg/` | the protocol of Postgres |
//! | `server`, `tls`, `end_point`, `doors` | connections: accepted, limited, closed |
//! | `mark` | whether a file is still the one that it was |
//!
//! This process parses protocols and knows names of files; it never hands text of a stranger to the engine.

#![cfg_attr(
    not(all(feature = "flight", feature = "pg")),
    allow(dead_code, unused_imports, reason = "doors that are left out would use it")
)]

mod access;
mod answer;
mod catalog;
mod desk;
mod doors;
#[cfg(feature = "pg")]
mod end_point;
mod error;
#[cfg(feature = "flight")]
mod flight;
mod mark;
#[cfg(feature = "pg")]
mod pg;
mod server;
mod settings;
mod tls;
mod web;

pub use access::{May, NewToken, State, StateError, Tokens};
pub use answer::{Limits, main as answer};
pub use error::ServeError;
pub use server::Server;
pub use settings::{Settings, state_folder};
