//! What every door does with a question, whatever its protocol: who may ask what, of which state, and what is kept of it.
//!
//! ```text
//! web, flight, pg ── Caller, name, Ask ──▶ Desk ─ Snapshot ─ Job ──▶ answer
//!                ◀── Begun: columns, frames ──┘ audit log, metrics
//! ```

mod begun;
mod caller;
mod held;
mod line;
mod metrics;
mod named;
mod questions;
mod shape;

pub(crate) use begun::Begun;
pub(crate) use caller::Caller;
pub(crate) use held::{At, Held};
pub(crate) use metrics::SECONDS;
pub(crate) use questions::Desk;
pub(crate) use shape::Shape;
