//! What a paper needs of merged results: tables in, text out.
//!
//! Plots of query files; the tables of group tests in Markdown and LaTeX, the methods in words, and a figure. The same
//! rows and settings give the same bytes.

mod columns;
mod document;
mod figure;
mod found;
mod look;
mod methods;
mod number;
mod plots;
mod rows;
mod table;
#[cfg(test)]
mod testing;

pub use columns::Found;
pub use document::{About, Document, Finding, ReportError, Subject, Wanted, document};
pub use figure::svg;
pub(crate) use look::{Looked, report};
pub use methods::{Study, methods};
pub use plots::{DRAWS_PNG, PlotError, PlotFile, USER, line_of, plot, plots, png};
pub use rows::{COUPLINGS, DIFFERENCES, GroupTest, group_tests};
pub use table::{Asked, latex, markdown};
