//! From a unit's series to its rows: which tests are made, and what each table says of them.

mod cte;
mod details;
mod gc;
mod hour_bins;
mod k_selection;
mod quality;
mod ste;
mod te;
#[cfg(test)]
mod tests;
mod unit;

pub use unit::{UnitId, UnitOutcome, UnitOutput, analyse, planned_rows};
