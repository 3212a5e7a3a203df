//! What a control says may be believed, and what to change.

use crate::config::{Config, KStrategy, NullKind};
use crate::sql::ControlRow;

/// A measure that may not be believed in a direction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Doubt {
    /// The measure.
    pub measure: String,
    /// The direction.
    pub direction: Option<String>,
    /// The largest share of strangers that it calls, of all lags and feature modes with too many.
    pub share: f64,
}

/// The measures whose p, as it is used, calls too many strangers.
pub(crate) fn doubts(rows: &[ControlRow]) -> Vec<Doubt> {
    let mut doubts: Vec<Doubt> = Vec::new();
    for row in rows.iter().filter(|row| row.is_called() && row.has_too_many()) {
        let share = row.share.unwrap_or_default();
        let same = |doubt: &&mut Doubt| doubt.measure == row.measure && doubt.direction == row.direction;
        match doubts.iter_mut().find(same) {
            Some(doubt) => doubt.share = doubt.share.max(share),
            None => {
                doubts.push(Doubt { measure: row.measure.clone(), direction: row.direction.clone(), share });
            }
        }
    }
    doubts
}

/// The tests whose p, as it is used, calls more strangers than that share.
pub(crate) fn above(rows: &[ControlRow], limit: f64) -> Vec<&ControlRow> {
    rows.iter().filter(|row| row.is_called() && row.share.is_some_and(|share| share > limit)).collect()
}

/// What can be changed about a configuration that calls too many strangers.
pub(crate) fn remedies(config: &Config) -> Vec<String> {
    let by_evidence = matches!(config.k_selection.strategy, KStrategy::Kt | KStrategy::Bic);
    let mut remedies: Vec<String> = nulls(config).into_iter().collect();
    if !by_evidence {
        remedies.push("choose the history by evidence (`k_selection: {strategy: KT}`): a past that is too short calls strangers".to_owned());
    }
    remedies.push("report each q with the share beside it".to_owned());
    remedies
}

/// The nulls that are not asked and would see what strangers have in common.
fn nulls(config: &Config) -> Option<String> {
    let asked = &config.statistical.nulls.nulls;
    // Without times there are no days.
    let clock = if config.data.timestamp.is_some() { NullKind::Days } else { NullKind::CircularShift };
    let wanted = [clock, NullKind::WithinPast];
    if wanted.iter().all(|null| asked.contains(null)) {
        return None;
    }
    let others = asked.iter().filter(|null| **null != NullKind::Permute && !wanted.contains(null));
    let names: Vec<&str> = wanted.iter().chain(others).map(|null| null.name()).collect();
    let names = names.join(", ");
    Some(format!(
        "ask nulls that keep the clock and the past (`statistical: {{nulls: [{names}]}}`): one that takes either away \
         calls what strangers have in common"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measure: &str, tau: i64, share: f64, verdict: &str) -> ControlRow {
        ControlRow {
            measure: measure.into(),
            feature_mode: Some("m".into()),
            tau: Some(tau),
            direction: Some("A2S".into()),
            null: "called".into(),
            pairs: 100,
            rejected: (share * 100.0) as i64,
            share: Some(share),
            low: None,
            high: None,
            ks: None,
            verdict: Some(verdict.into()),
        }
    }

    #[test]
    fn what_is_not_asked_yet_is_named() {
        let of = |text: &str| {
            let settings = crate::measures::settings();
            remedies(&crate::config::parse("f.yaml", text, None, &settings).unwrap().config)
        };
        assert_eq!(of("").len(), 1, "by default nothing but the share is left");
        let told = of("compat: predecessor");
        assert!(told[0].contains("`statistical: {nulls: [days, within_past]}`"), "{told:?}");
        assert!(told[1].contains("`k_selection: {strategy: KT}`"), "{told:?}");
        let told = of("statistical: {nulls: [circular_shift, days]}");
        assert!(told[0].contains("nulls: [days, within_past, circular_shift]"), "{told:?}");
        let no_times = "data: {format: columns, source: a, target: b}\nstatistical: {nulls: [permute]}";
        assert!(of(no_times)[0].contains("nulls: [circular_shift, within_past]"));
    }

    #[test]
    fn the_worst_lag_of_a_measure_is_told() {
        let rows = [
            row("te", 1, 0.2, "too many"),
            row("te", 2, 0.3, "too many"),
            row("gc", 1, 0.06, "holds"),
            ControlRow { null: "permute".into(), ..row("ste", 1, 0.9, "too many") },
        ];
        let found = doubts(&rows);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].measure.as_str(), found[0].share), ("te", 0.3));
        let above: Vec<&str> = above(&rows, 0.05).iter().map(|row| row.measure.as_str()).collect();
        assert_eq!(above, ["te", "te", "gc"]);
        assert!(super::above(&rows, 0.3).is_empty(), "at the limit is not above it");
    }
}
