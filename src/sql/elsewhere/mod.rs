//! Queries whose partitions other processes compute.
//!
//! ```text
//! query ─▶ plan ─▶ its pieces, a share each ─▶ other processes: the same query, plan and piece, some partitions of it
//!                  the rest of the plan  ◀─ rows, on the disk here ◀─
//! ```
//!
//! No plan is sent but the query, its values, and of which files the tables were made when it was asked. Who is given a
//! share sees to it that the query only reads, plans it, and compares the piece with the one that is meant. A piece is what
//! one partition can be computed of without the others: files that are read, filters, columns, the first step of
//! aggregates, sorts within a partition. Whatever needs rows of several partitions stays here, as it is without help.

mod bytes;
mod cut;
mod helper;
mod places;
mod received;
mod same;
mod share;
mod spread;
mod unshared;

pub use helper::{Helped, Helper};
pub use received::Received;
pub use share::{Asking, Share};
pub(super) use spread::Spread;
pub use unshared::Unshared;
