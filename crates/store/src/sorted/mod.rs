//! Many sorted files as one sorted stream, in memory that does not follow their size.
//!
//! Files whose users do not overlap are read one after the other (a `chain`); chains are decoded ahead
//! of need (`ahead`) and merged row by row (`merge`). Rows with one key are neighbours then, so that
//! duplicates are told apart and compared in passing (`distinct`).

mod ahead;
mod chain;
mod choice;
mod distinct;
mod every;
mod file;
mod gather;
mod merge;
mod numbers;
mod order;
#[cfg(test)]
mod tests;
mod together;

pub use chain::SortedBatch;
pub use choice::{Choice, Choose, Everything};
pub use distinct::{Difference, Findings, Picked, Repeated, SortedRows};
pub use every::EveryRow;
pub use file::{Owner, SortedFile};
pub use gather::{Held, Written, gathered, held};
pub use merge::{Cursor, Merged};
pub use numbers::{InOrder, Numbers, StoredNumbers};
pub use order::Order;
pub use together::{TableFile, Together, said_of};
