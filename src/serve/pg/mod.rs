//! The protocol of Postgres, third version: for psql and what speaks like it.
//!
//! ```text
//! listen ─ start: TLS, cancel ─ login: SCRAM ─ session ─┬─ simple ───┐
//!                                                        └─ extended ─┴─ perform ─ Desk ─▶ a child
//! ```
//!
//! | file | |
//! |---|---|
//! | `listen`, `start`, `login`, `keys` | connections, until it is known who is there; who may end which query |
//! | `wire`, `fault` | messages, errors |
//! | `session`, `transaction`, `settings` | what one connection is in the middle of |
//! | `simple`, `extended`, `portal` | the two ways of asking |
//! | `scan`, `statement`, `copy`, `set_config` | which statement it is; no SQL is understood here |
//! | `perform`, `fetch` | what a statement does |
//! | `rows`, `spool`, `values`, `types`, `params` | rows and values, there and back |

mod copy;
mod extended;
mod fault;
mod fetch;
mod keys;
mod listen;
mod login;
mod params;
mod perform;
mod portal;
mod rows;
mod scan;
mod session;
mod set_config;
mod settings;
mod simple;
mod spool;
mod start;
mod statement;
mod transaction;
mod types;
mod values;
mod wire;

pub(super) use listen::{Limits, Postgres};

/// What the audit log and the metrics call it.
const PROTOCOL: &str = "postgres";
