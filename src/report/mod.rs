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

pub(crate) use columns::Found;
pub(crate) use document::{Document, ReportError, Wanted};
pub(crate) use figure::svg;
pub(crate) use look::{Looked, report};
pub(crate) use methods::{Study, methods};
pub(crate) use plots::{DRAWS_PNG, PlotError, PlotFile, USER, line_of, plot, plots, png};
pub(crate) use rows::{COUPLINGS, DIFFERENCES, GroupTest, group_tests};
pub(crate) use table::{Asked, latex, markdown};
