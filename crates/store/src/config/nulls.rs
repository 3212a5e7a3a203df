//! What values are compared with: `statistical.nulls` and what belongs to it.

use serde::{Deserialize, Serialize};

use super::model::Config;
use super::program::Analysis;
use super::read::Section;

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
    const ALL: [Self; 4] = [Self::Permute, Self::WithinPast, Self::CircularShift, Self::Days];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Permute => "permute",
            Self::WithinPast => "within_past",
            Self::CircularShift => "circular_shift",
            Self::Days => "days",
        }
    }
}

impl Nulls {
    /// x over all observations and nothing else, as it was before there was a choice.
    pub fn permute() -> Self {
        Self { nulls: permute(), min_shift: None, stop_above: STOP_ABOVE }
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
fn is_usual_stop(stop: &f64) -> bool {
    stop.total_cmp(&STOP_ABOVE).is_eq()
}

/// Reads the keys.
pub(super) fn read(s: &mut Section<'_>, n: &mut Nulls) {
    let mut names: Vec<String> = n.nulls.iter().map(|null| null.name().to_owned()).collect();
    s.set_names("nulls", &NullKind::ALL.map(NullKind::name), &mut names);
    let kind = |name: &String| NullKind::ALL.into_iter().find(|null| null.name() == name);
    n.nulls = names.iter().filter_map(kind).collect();
    s.require("nulls", !n.nulls.is_empty(), "must name at least one null");
    let is_twice = |place: usize| n.nulls[..place].contains(&n.nulls[place]);
    s.require("nulls", !(0..n.nulls.len()).any(is_twice), "names a null twice");
    s.set("min_shift", "a whole number of steps from 1, or null for 60", &mut n.min_shift);
    s.require("min_shift", n.min_shift != Some(0), "must be from 1, or null for 60");
    s.set("stop_above", "a number from 0 to 1", &mut n.stop_above);
    s.require("stop_above", (0.0..=1.0).contains(&n.stop_above), "must be from 0 to 1");
}

/// Refuses days where samples have no times, or takes shifts in their place if nobody asked for days.
pub(super) fn fit_to_times(root: &Section<'_>, was_asked: bool, c: &mut Config) {
    let has_times = c.data.timestamp.is_some() || c.analysis != Analysis::Builtin;
    if has_times || !c.statistical.nulls.nulls.contains(&NullKind::Days) {
        return;
    }
    if was_asked {
        root.fault(
            "statistical",
            "asks in `nulls` for `days`, and samples have no times (hint: set `data.timestamp`, or take \
             `circular_shift`)",
        );
        return;
    }
    for null in c.statistical.nulls.nulls.iter_mut().filter(|null| **null == NullKind::Days) {
        *null = NullKind::CircularShift;
    }
    root.notice(
        "`data.timestamp` is not set, so there are no days to exchange: `circular_shift` takes their place",
    );
}
