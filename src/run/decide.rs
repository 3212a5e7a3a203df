//! Is a unit done again, and why (not)?

use super::orders::QUARANTINED;
use crate::attempts::Standing;
use crate::store::UnitState;

/// Which settled units are done again although nothing about them changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Redo {
    /// Failed ones whose attempt ended before this, microseconds since 1970.
    pub failed_before: Option<i64>,
    /// Skipped and quarantined ones too, if their attempt ended before.
    pub settled: bool,
}

/// What numbers come from: if any of these changes, they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Fingerprint of the settings.
    pub config: String,
    /// Analysis and version of its estimators.
    pub engine: String,
    /// Fingerprint of the input; absent if it cannot be read.
    pub input: Option<String>,
}

/// The decision about a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the unit is done (again).
    pub again: bool,
    /// Why, in words.
    pub why: String,
    /// Whether it was done, and what was written is damaged.
    pub damaged: bool,
}

/// Decides about a unit by the attempt that counts and what its numbers would come from now.
pub fn decide(standing: Option<&Standing<'_>>, now: &Basis, redo: Redo) -> Decision {
    let again = |why: String| Decision { again: true, why, damaged: false };
    let keep = |why: String| Decision { again: false, why, damaged: false };
    let Some(standing) = standing else { return again("never done".into()) };
    let row = standing.row;
    if row.config_fingerprint != now.config {
        return again(changed("configuration", &row.config_fingerprint, &now.config));
    }
    if row.engine != now.engine {
        return again(format!("estimator changed: {} then, {} now", row.engine, now.engine));
    }
    if let (Some(then), Some(now)) = (&row.input_fingerprint, &now.input)
        && then != now
    {
        return again(changed("input", then, now));
    }
    if let Some(damage) = &standing.damage {
        return Decision { damaged: true, ..again(damage.clone()) };
    }
    let reason = row.reason.as_deref().unwrap_or("no reason given");
    let due = redo.failed_before.is_some_and(|before| standing.ended_before(before));
    let settled = row.state == UnitState::Skipped || reason.starts_with(QUARANTINED);
    let state = row.state.as_str();
    match row.state {
        UnitState::Ok if now.input.is_none() => keep("done; its input cannot be read now".into()),
        UnitState::Ok => keep("same input, configuration and estimator".into()),
        _ if due && (redo.settled || !settled) => again(format!("{state}: {reason}")),
        _ => keep(format!("{state}: {reason}")),
    }
}

fn changed(what: &str, then: &str, now: &str) -> String {
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    format!("{what} changed: {} then, {} now", short(then), short(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempts::Damage;
    use crate::store::{DataFile, LedgerRow};

    fn row(state: UnitState, reason: Option<&str>) -> LedgerRow {
        let reason = reason.map(Into::into);
        LedgerRow { state, reason, input_fingerprint: Some("i".into()), ..LedgerRow::done("u", "a") }
    }

    fn ask(row: Option<&LedgerRow>, now: &Basis, redo: Redo) -> Decision {
        let rows = row.map(std::slice::from_ref).unwrap_or_default();
        decide(Standing::of(rows, &Damage::default()).as_ref(), now, redo)
    }

    fn basis(config: &str, engine: &str, input: Option<&str>) -> Basis {
        Basis { config: config.into(), engine: engine.into(), input: input.map(Into::into) }
    }

    #[test]
    fn what_changed_decides() {
        let now = basis("c", "builtin 1", Some("i"));
        let ask = |row: Option<&LedgerRow>, now: &Basis| ask(row, now, Redo::default());
        assert!(ask(None, &now).again);
        let ok = row(UnitState::Ok, None);
        assert_eq!(ask(Some(&ok), &now).why, "same input, configuration and estimator");
        assert_eq!(ask(Some(&ok), &basis("c", "builtin 1", None)).why, "done; its input cannot be read now");
        let why = |now: Basis| {
            let found = ask(Some(&ok), &now);
            assert!(found.again);
            found.why
        };
        assert_eq!(why(basis("d", "builtin 1", None)), "configuration changed: c then, d now");
        assert_eq!(why(basis("c", "builtin 2", None)), "estimator changed: builtin 1 then, builtin 2 now");
        assert_eq!(why(basis("c", "builtin 1", Some("j"))), "input changed: i then, j now");
    }

    #[test]
    fn failed_units_are_tried_again_and_settled_ones_on_demand() {
        let now = basis("c", "builtin 1", Some("i"));
        let failed = row(UnitState::Failed, Some("no such column"));
        let quarantined = row(UnitState::Failed, Some("quarantined: ended its worker 2 times"));
        let skipped = row(UnitState::Skipped, Some("too short"));
        let again = |row: &LedgerRow, redo: Redo| ask(Some(row), &now, redo).again;
        let all = [&failed, &quarantined, &skipped];
        let plain = Redo { failed_before: Some(2), settled: false };
        assert_eq!(all.map(|r| again(r, Redo::default())), [false; 3]);
        assert_eq!(all.map(|r| again(r, plain)), [true, false, false]);
        assert_eq!(all.map(|r| again(r, Redo { settled: true, ..plain })), [true; 3]);
        // One that failed in this very session is not tried over and over.
        assert!(!again(&failed, Redo { failed_before: Some(1), settled: true }));
    }

    #[test]
    fn what_is_damaged_is_done_again() {
        let file = DataFile {
            table: "te".into(),
            file: "te/x.parquet".into(),
            rows: 1,
            bytes: 1,
            checksum: String::new(),
        };
        let ok = LedgerRow { files: vec![file], ..row(UnitState::Ok, None) };
        let damage = Damage::found([((0, "te/x.parquet".to_owned()), "file missing".to_owned())]);
        let standing = Standing::of(std::slice::from_ref(&ok), &damage);
        let found = decide(standing.as_ref(), &basis("c", "builtin 1", None), Redo::default());
        assert_eq!((found.again, found.why.as_str()), (true, "te/x.parquet: file missing"));
    }
}
