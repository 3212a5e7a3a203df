//! The service: what runs and merged outputs hold, on a page and over HTTP.
//!
//! | room | knows |
//! |---|---|
//! | `access/` | who may do what, how a request can end; no protocol |
//! | `catalog/` | what is served, and where it stands; no protocol, no engine |
//! | `answer/` | questions, each answered by a process of its own; only that process knows the engine |
//! | `web/` | pages and REST |
//! | `server`, `tls`, `doors` | connections: accepted, limited, closed |
//! | `mark` | whether a file is still the one that it was |
//!
//! This process parses protocols and knows names of files; it never hands text of a stranger to the engine.

mod access;
mod answer;
mod catalog;
mod doors;
mod error;
mod mark;
mod server;
mod settings;
mod tls;
mod web;

pub use access::{May, NewToken, State, StateError, Tokens};
pub use answer::{Limits, main as answer};
pub use error::ServeError;
pub use server::Server;
pub use settings::{Settings, state_folder};
