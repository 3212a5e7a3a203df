//! The keys of `statistical` that say what values are compared with.

use super::model::Config;
use super::nulls::{NullKind, Nulls};
use super::program::Analysis;
use super::read::Section;

const NO_DAYS: &str = "arranges days alike at every lag: it needs `days` in `nulls`";

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
    s.set("lag_scan", "true or false", &mut n.lag_scan);
    s.require("lag_scan", !n.lag_scan || n.nulls.contains(&NullKind::Days), NO_DAYS);
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
