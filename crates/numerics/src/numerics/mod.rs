//! Information measures of symbol series: pure numerics, in bits.
//!
//! Everything is a conditional mutual information of three codes per observation,
//!
//! ```text
//! I(x; y | z) = 1/n · Σ n(x,y,z) · log2( n(x,y,z)·n(z) / (n(x,z)·n(y,z)) )
//! ```
//!
//! over the states that occur ([`cmi`]): transfer entropy has x = source history, y = next target,
//! z = target history; active information storage has x = history, y = next, z = nothing. Counts are
//! sparse, so work and memory follow the observations and not the number of possible states.
//! What values are tested against is [`crate::nulls`]'.

pub mod cmi;
pub mod codes;
pub mod conditional;
pub mod effective;
pub mod embedding;
pub mod evidence;
pub mod fisher;
pub mod granger;
pub mod ordinal;
pub mod stats;
pub mod transfer;

use thiserror::Error;

/// Why a measure has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoValue {
    /// A symbol is negative.
    #[error("the {series} holds the symbol {symbol}; symbols are whole numbers from 0")]
    OutOfRange {
        /// Which series.
        series: &'static str,
        /// The symbol.
        symbol: i64,
    },
    /// No tuple fits.
    #[error(
        "no observations: {rows} rows in {segments} segments are too few for histories of {history} steps"
    )]
    NoObservations {
        /// Kept rows.
        rows: usize,
        /// Segments.
        segments: usize,
        /// Steps a tuple spans.
        history: usize,
    },
    /// A series never changes.
    #[error("the {series} has one symbol only")]
    Constant {
        /// Which series.
        series: &'static str,
    },
    /// A history of no steps.
    #[error("the source history must be at least 1 step")]
    NoSourceHistory,
    /// Every stratum is too small.
    #[error("all {strata} strata have fewer than {min} observations")]
    SmallStrata {
        /// Strata with any observation.
        strata: usize,
        /// The least asked for.
        min: usize,
    },
    /// Too few patterns.
    #[error("{patterns} ordinal patterns, at least {min} are needed")]
    FewPatterns {
        /// Patterns.
        patterns: usize,
        /// The least.
        min: usize,
    },
    /// Too few rows for the regression.
    #[error("{rows} rows with {max_lag} rows before them and no gap between, at least {min} are needed")]
    FewRows {
        /// Rows.
        rows: usize,
        /// The least.
        min: usize,
        /// Largest lag.
        max_lag: usize,
    },
    /// The regression has no unique solution.
    #[error("the autoregression is singular or fits perfectly")]
    Singular,
}
