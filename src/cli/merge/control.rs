//! What a control says, in words.

use crate::cli::speak::say;
use crate::cli::text::columns;
use crate::config::Config;
use crate::control;
use crate::error::{Exit, Failure};
use crate::merge::{MergeOutcome, Written};
use crate::sql::ControlRow;
use crate::store::{Location, Run};

/// A share on the command line.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a share from 0 to 1, such as 0.10".to_owned())
}

/// Refuses a limit where no control is merged.
pub(super) fn check(
    control: Option<&Location>,
    fail_above: Option<f64>,
    shards: &[Location],
) -> Result<(), Failure> {
    let is_control = |place: &Location| Run::open(place).is_ok_and(|run| run.manifest().control.is_some());
    if fail_above.is_none() || control.is_some() || shards.iter().any(is_control) {
        return Ok(());
    }
    Err(Failure::usage(
        "--fail-above is of the share of strangers that tests call, and no control is merged\n(hint: make one with \
         `results control RUN_DIR`, and name it with --control)",
    ))
}

/// The configuration of the runs that were merged.
fn config(written: &Written) -> Option<Config> {
    let runs =
        written.manifest.sources.iter().filter_map(|run| Run::open(run.dir.parse::<Location>().ok()?).ok());
    runs.map(|run| run.manifest().config.clone()).next()
}

/// Says what a control that was merged says; gives the exit code if a test calls more strangers than that share.
pub(super) fn tell(outcome: &MergeOutcome, fail_above: Option<f64>) -> Option<Exit> {
    let MergeOutcome::Written(written) = outcome else { return None };
    if written.control.is_empty() {
        return None;
    }
    say(words(&written.control, written.manifest.fdr.alpha, config(written).as_ref()));
    let too_many = above(&written.control, fail_above);
    say(&too_many);
    (!too_many.is_empty()).then_some(Exit::Incomplete)
}

/// What the tests call of the strangers, and which may not be believed; empty without a control.
pub(in crate::cli) fn words(rows: &[ControlRow], alpha: f64, config: Option<&Config>) -> String {
    let called: Vec<&ControlRow> = rows.iter().filter(|row| row.is_called()).collect();
    if called.is_empty() {
        return String::new();
    }
    let several = called.iter().any(|row| row.feature_mode != called[0].feature_mode);
    let mut header = vec!["measure", "tau", "direction", "pairs", "called", "share", "95 %", "verdict"];
    if several {
        header.insert(1, "mode");
    }
    let lines: Vec<Vec<String>> = called.iter().map(|row| line(row, several)).collect();
    let mut text = format!("pairs of strangers, called at p <= {alpha} though nothing is coupled:\n");
    text.push_str(&columns(&header, &lines));
    text + &doubts(rows, config)
}

fn line(row: &ControlRow, several: bool) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut line = vec![
        row.measure.clone(),
        row.tau.map_or("-".to_owned(), |tau| tau.to_string()),
        text(&row.direction),
        row.pairs.to_string(),
        row.rejected.to_string(),
        row.share.map_or("-".to_owned(), |share| format!("{share:.3}")),
        row.low.zip(row.high).map_or("-".to_owned(), |(low, high)| format!("{low:.3} to {high:.3}")),
        row.verdict.clone().unwrap_or_else(|| "no pair has a p".to_owned()),
    ];
    if several {
        line.insert(1, text(&row.feature_mode));
    }
    line
}

/// Which measures may not be believed, and what to change.
fn doubts(rows: &[ControlRow], config: Option<&Config>) -> String {
    let doubts = control::doubts(rows);
    if doubts.is_empty() {
        return "no test calls more strangers than its level allows\n".to_owned();
    }
    let one = |doubt: &control::Doubt| {
        format!("{} ({:.2})", name(&doubt.measure, doubt.direction.as_deref()), doubt.share)
    };
    let all: Vec<String> = doubts.iter().map(one).collect();
    let mut text = format!("not to be believed, with the share of strangers: {}\n", all.join(", "));
    for remedy in config.map(control::remedies).unwrap_or_default() {
        text.push_str(&format!("(hint: {remedy})\n"));
    }
    text
}

fn name(measure: &str, direction: Option<&str>) -> String {
    direction.map_or_else(|| measure.to_owned(), |direction| format!("{measure} {direction}"))
}

/// The tests that call more strangers than that share, in words; empty without any.
pub(super) fn above(rows: &[ControlRow], limit: Option<f64>) -> String {
    let Some(limit) = limit else { return String::new() };
    let found = control::above(rows, limit);
    if found.is_empty() {
        return String::new();
    }
    let one = |row: &&ControlRow| {
        let tau = row.tau.map_or_else(String::new, |tau| format!(" at tau {tau}"));
        let share = row.share.unwrap_or_default();
        format!("  {}{tau}: {share:.3}\n", name(&row.measure, row.direction.as_deref()))
    };
    let tests =
        if found.len() == 1 { "a test calls".to_owned() } else { format!("{} tests call", found.len()) };
    let lines: String = found.iter().map(one).collect();
    format!(
        "error: {tests} more than {limit} of the strangers (--fail-above); the output was written\n{lines}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measure: &str, direction: &str, rejected: i64, low: f64, high: f64) -> ControlRow {
        ControlRow {
            measure: measure.into(),
            feature_mode: Some("composite".into()),
            tau: (measure != "gc").then_some(1),
            direction: Some(direction.into()),
            null: "called".into(),
            pairs: 240,
            rejected,
            share: Some(rejected as f64 / 240.0),
            low: Some(low),
            high: Some(high),
            ks: Some(0.1),
            verdict: Some(if low <= 0.05 { "holds" } else { "too many" }.into()),
        }
    }

    #[test]
    fn people_read_which_measures_hold() {
        let mut rows = vec![
            row("gc", "A2S", 218, 0.864, 0.941),
            row("te", "A2S", 12, 0.026, 0.0857),
            row("te", "S2A", 142, 0.527, 0.654),
        ];
        insta::assert_snapshot!(words(&rows, 0.05, None), @r"
        pairs of strangers, called at p <= 0.05 though nothing is coupled:
        measure  tau  direction  pairs  called  share            95 %  verdict
        gc         -  A2S          240     218  0.908  0.864 to 0.941  too many
        te         1  A2S          240      12  0.050  0.026 to 0.086  holds
        te         1  S2A          240     142  0.592  0.527 to 0.654  too many
        not to be believed, with the share of strangers: gc A2S (0.91), te S2A (0.59)
        ");
        insta::assert_snapshot!(above(&rows, Some(0.1)), @r"
        error: 2 tests call more than 0.1 of the strangers (--fail-above); the output was written
          gc A2S: 0.908
          te S2A at tau 1: 0.592
        ");
        assert_eq!(above(&rows, Some(0.95)), "");
        assert_eq!(above(&rows, None), "");
        rows.retain(|row| row.verdict.as_deref() == Some("holds"));
        assert!(words(&rows, 0.05, None).ends_with("no test calls more strangers than its level allows\n"));
        assert_eq!(words(&[], 0.05, None), "");
    }

    #[test]
    fn shares_are_read() {
        assert_eq!(share("0.10"), Ok(0.1));
        for wrong in ["", "10", "-0.1", "NaN", "10%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
