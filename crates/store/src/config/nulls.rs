//! What values are compared with: `statistical.nulls` and what belongs to it.

use serde::{Deserialize, Serialize};

/// Above this p a null spares the others, unless a file says otherwise.
const STOP_ABOVE: f64 = 0.2;

/// What values are compared with.
///
/// Runs of before there was a choice name none of it: they shuffled x over all observations. What means just that,
/// or what is not set, is left out of the text, so that fingerprints stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nulls {
    /// All of them must reject; asked one after the other.
    #[serde(default = "permute", skip_serializing_if = "is_permute")]
    pub nulls: Vec<NullKind>,
    /// Fewest steps of a shift; `None` for 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_shift: Option<u32>,
    /// A p above it spares the nulls behind.
    #[serde(default = "stop_above", skip_serializing_if = "is_usual_stop")]
    pub stop_above: f64,
    /// Whether the lags are scanned together.
    #[serde(default, skip_serializing_if = "is_not")]
    pub lag_scan: bool,
}

/// How the source is made independent of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NullKind {
    /// x over all observations, or within the condition.
    Permute,
    /// x within the cells of the target's past.
    WithinPast,
    /// The source shifted in time.
    CircularShift,
    /// Whole local days of the source.
    Days,
}

impl NullKind {
    pub(super) const ALL: [Self; 4] = [Self::Permute, Self::WithinPast, Self::CircularShift, Self::Days];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Permute => "permute",
            Self::WithinPast => "within_past",
            Self::CircularShift => "circular_shift",
            Self::Days => "days",
        }
    }

    /// How it makes surrogates, as the methods of a paper say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Permute => "permutation of the source's histories over all observations",
            Self::WithinPast => "permutation of the source's histories within the cells of the target's past",
            Self::CircularShift => "circular shifts of the source in time",
            Self::Days => "permutation of whole local days of the source",
        }
    }
}

impl Nulls {
    /// x over all observations and nothing else, as it was before there was a choice.
    pub fn permute() -> Self {
        Self { nulls: permute(), min_shift: None, stop_above: STOP_ABOVE, lag_scan: false }
    }

    /// Whole days and x within the past, as where nobody says otherwise.
    pub(super) fn usual() -> Self {
        Self { nulls: vec![NullKind::Days, NullKind::WithinPast], ..Self::permute() }
    }

    /// Whether it is what it was before there was a choice: then tables have the columns and numbers of then.
    pub fn is_permute(&self) -> bool {
        is_permute(&self.nulls)
    }
}

fn permute() -> Vec<NullKind> {
    vec![NullKind::Permute]
}

fn is_permute(nulls: &[NullKind]) -> bool {
    nulls == [NullKind::Permute]
}

fn stop_above() -> f64 {
    STOP_ABOVE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_not(lag_scan: &bool) -> bool {
    !lag_scan
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_usual_stop(stop: &f64) -> bool {
    stop.total_cmp(&STOP_ABOVE).is_eq()
}
