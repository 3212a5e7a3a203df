//! What a paper needs of merged results: tables in, text out.
//!
//! The table of group tests in Markdown and LaTeX, the methods in words, and a figure. The same rows and settings
//! give the same bytes.

mod figure;
mod methods;
mod number;
mod rows;
mod table;
#[cfg(test)]
mod testing;

pub use figure::svg;
pub use methods::{Study, methods};
pub use rows::{GROUP_TESTS, GroupTest, group_tests};
pub use table::{latex, markdown};
