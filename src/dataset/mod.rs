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

mod cell;
mod clock;
mod copies;
mod csv;
mod day_hours;
mod error;
mod expression;
mod fields;
mod fingerprint;
mod folder;
mod frame;
mod glimpse;
mod hint;
mod id;
mod inputs;
mod items;
mod kind;
mod open;
mod pace;
mod packed;
mod pairs;
mod parquet;
mod pattern;
mod place;
mod plausible;
mod prepare;
mod quantiles;
mod recipe;
mod records;
mod remote;
mod rules;
mod series;
mod shape;
mod shared;
mod spelling;
mod symbols;
mod table;
#[cfg(test)]
mod testing;
mod text_time;
mod told;
mod whereabouts;
mod whole_text;

pub(crate) use cell::{means_missing, shown};
pub use clock::WallClock;
pub use error::DatasetError;
pub(crate) use fields::split_record;
pub(crate) use folder::id_of_file;
pub use frame::UserFrame;
pub(crate) use glimpse::{
    Contents, Glimpse, GlimpsedColumn, GlimpsedText, Sniffed, Value, contents, copy_beginning, fields,
    form_of, seconds_of, separators, sniff, table, value,
};
pub use inputs::{Inputs, UserInput, inputs, list};
pub(crate) use items::names_in;
pub use pace::LongSteps;
pub use pairs::{Input, PairInput};
pub use place::{Lines, Place};
pub(crate) use plausible::reading_of;
pub(crate) use prepare::stand_in_of;
pub use recipe::Recipe;
pub(crate) use remote::LocalFile;
pub use series::Series;
pub(crate) use spelling::{bare_id, id_key, id_number};
pub(crate) use whereabouts::{Whereabouts, any_is_there, full_name, has_data};
pub(crate) use whole_text::{NoText, WholeText, no_table, whole_text};
