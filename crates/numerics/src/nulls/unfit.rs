//! Why a null says nothing.

use thiserror::Error;

/// Why a null says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// The observations have no times.
    #[error("no timestamps")]
    NoClock,
    /// One day cannot be exchanged for another.
    #[error("one day only")]
    OneDay,
    /// The series is too short to be shifted.
    #[error("no shift is long enough")]
    NoShift,
    /// No surrogates were asked for.
    #[error("no surrogates")]
    NoSurrogates,
    /// The null is none of this measure.
    #[error("does not apply")]
    DoesNotApply,
    /// All surrogates have one value.
    #[error("surrogates do not vary")]
    NoSpread,
    /// Another null has settled the matter.
    #[error("another null is above stop_above")]
    Settled,
}
