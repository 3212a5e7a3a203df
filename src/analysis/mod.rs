//! From a unit's series to its rows: which tests are made, and what each table says of them.

mod cte;
mod details;
mod hour_bins;
mod k_selection;
mod quality;
mod te;
mod unit;

pub use unit::{UnitId, UnitOutcome, UnitOutput, analyse, not_available, planned_rows};
