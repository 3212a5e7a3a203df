//! From input files to symbols.
//!
//! ```text
//! inputs() ─▶ UserInput ─▶ Recipe::read ─▶ UserFrame ─▶ Recipe::series ─▶ Series
//!             one a user    file → f64 columns           one a feature mode
//! ```
//!
//! A [`Recipe`] holds the SQL expressions of a configuration, compiled once. A user's file is read
//! once, only the columns those expressions name are parsed, and every feature mode is served from
//! the [`UserFrame`]. What can go wrong is a [`DatasetError`]: it says what, where and what to do.

mod clock;
mod csv;
mod error;
mod expression;
mod frame;
mod inputs;
mod number;
mod open;
mod parquet;
mod pattern;
mod prepare;
mod quantiles;
mod recipe;
mod records;
mod series;
mod shared;
mod symbols;
mod table;
#[cfg(test)]
mod testing;

pub use clock::WallClock;
pub use error::DatasetError;
pub use frame::UserFrame;
pub use inputs::{UserInput, inputs};
pub(crate) use number::shown;
pub use recipe::Recipe;
pub(crate) use records::split_record;
pub use series::Series;
