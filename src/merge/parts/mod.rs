//! A merge in parts, which threads, processes or machines may do, in stages:
//!
//! | stage | who | makes |
//! |---|---|---|
//! | survey | each share of the data files | which of them cannot be used |
//! | runs | each share of the files | one sorted run a table, its row groups cut at the bounds of the parts |
//! | ranges | each part of the users | what all parts together determine: how often each p is there, values of group tests |
//! | combine | one | q by p, group tests |
//! | write | each part of the users | its rows as CSV and Parquet |
//! | together | one | the output |
//!
//! What passes between them lies in the folder `_parts` of the output. A part of a stage has the same bytes whoever does
//! it, so that it does no harm if two do. One part is a merge without any of this: nothing has to pass.

mod bounds;
mod combine;
mod divided;
mod exchange;
mod files;
mod handed;
mod identity;
mod making;
mod ranges;
mod record;
mod runs;
#[cfg(test)]
mod tests;
mod together;
mod write;

pub(super) use bounds::check as check_parts;
pub(super) use divided::Divided;
pub(super) use exchange::Begun;
