//! What keeps shards from being one table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::schema::TableSchema;
use crate::sorted::{Difference, Findings, Repeated};

/// Kinds of findings; the order is that of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A unit of the plan has no attempt: a shard is missing, or the run is not done.
    NeverStarted,
    /// A unit whose worker is at work.
    Running,
    /// A unit whose worker gives no sign of life.
    Silent,
    /// A unit whose worker is gone.
    Lost,
    /// A unit whose worker was interrupted.
    Interrupted,
    /// A unit whose worker stopped on an error.
    Stopped,
    /// A unit that came into the plan after its worker was done, or was lost.
    Incomplete,
    /// A unit ended with an error; the reason is shown.
    Failed,
    /// A unit whose input cannot be analysed; the reason is shown.
    Skipped,
    /// A data file of the attempt that counts is absent, empty, cut or changed.
    BrokenFile,
    /// A unit with another number of rows in a table than planned.
    WrongRowCount,
    /// A file below `users/` that cannot be read.
    CorruptLedger,
    /// A data file that no ledger row speaks of; found by `validate` only, a merge does not see such files.
    NotInLedger,
    /// An attempt of a unit that nobody asked for.
    NotInPlan,
    /// Files of a user lie in another shard than its position says.
    WrongShard,
    /// Units that were made by different estimators or settings.
    MixedEstimators,
    /// Two attempts of a unit differ: table, key, column, both values and both sources are shown.
    UnequalDuplicate,
    /// An attempt has two rows of one key.
    KeyTwice,
}

impl Kind {
    /// All there are, in the order of their codes.
    pub const ALL: [Self; 18] = [
        Self::NeverStarted,
        Self::Running,
        Self::Silent,
        Self::Lost,
        Self::Interrupted,
        Self::Stopped,
        Self::Incomplete,
        Self::Failed,
        Self::Skipped,
        Self::BrokenFile,
        Self::WrongRowCount,
        Self::CorruptLedger,
        Self::NotInLedger,
        Self::NotInPlan,
        Self::WrongShard,
        Self::MixedEstimators,
        Self::UnequalDuplicate,
        Self::KeyTwice,
    ];

    /// The word for a shard's worker that has not done a unit.
    pub(super) fn of_worker(state: &str) -> Self {
        match state {
            "running" => Self::Running,
            "silent" => Self::Silent,
            "lost" => Self::Lost,
            "interrupted" => Self::Interrupted,
            "stopped" => Self::Stopped,
            "incomplete" => Self::Incomplete,
            _ => Self::NeverStarted,
        }
    }

    /// The kind of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// What people read.
    pub fn name(self) -> &'static str {
        self.words().1
    }

    /// What programs read; never changes its meaning.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::NeverStarted => {
                "continue the run with `results run --resume RUN_DIR`, or name the directories of all shards"
            }
            Self::Running => "wait for it; `results status` shows how far it is",
            Self::Silent => {
                "its worker gives no sign of life; end it and continue with `results run --resume RUN_DIR`"
            }
            Self::Lost => "its worker is gone; continue with `results run --resume RUN_DIR`",
            Self::Interrupted | Self::Incomplete => "continue with `results run --resume RUN_DIR`",
            Self::Stopped => "mend the cause and continue with `results run --resume RUN_DIR`",
            Self::Failed => {
                "mend the cause and run `results run --resume RUN_DIR --retry-failed`, or leave the users out with --allow-partial"
            }
            Self::Skipped => {
                "the reason says what the input lacks; accept that with --accept-skipped, or relax `quality` in a new run"
            }
            Self::BrokenFile => "do the unit again with `results run --resume RUN_DIR`, or restore the file",
            Self::WrongRowCount => {
                "the analysis wrote other rows than planned; run the user again with `results run --resume RUN_DIR`"
            }
            Self::CorruptLedger => "continue with `results run --resume RUN_DIR`, which sets it aside",
            Self::NotInLedger => {
                "left by a crash, or still being written; `results run --resume RUN_DIR` removes what is dead"
            }
            Self::NotInPlan => {
                "take the unit into the plan with `results run --resume RUN_DIR --extend`, or remove its ledger file below users/"
            }
            Self::WrongShard => "files were moved by hand; put them back, or run the user again",
            Self::MixedEstimators => {
                "run the older units again: `results run --resume RUN_DIR` does those whose estimator changed"
            }
            Self::UnequalDuplicate => {
                "find out which is right; --on-conflict latest or first chooses by time"
            }
            Self::KeyTwice => {
                "the analysis wrote a row twice; mend it, or add the column that distinguishes the rows to the key of the table"
            }
        }
    }

    /// The same for directories of the predecessor, whose runs nothing here can resume.
    pub fn remedy_of_predecessor(self) -> &'static str {
        match self {
            Self::NeverStarted => {
                "name the directories of all shards, or analyse these users in a run of this program and name it too"
            }
            Self::Failed | Self::WrongRowCount => {
                "mend the cause, analyse these users in a run of this program (`results run CONFIG --data FOLDER`) and \
                 name it too, or leave them out with --allow-partial"
            }
            other => other.remedy(),
        }
    }

    /// Whether a unit of the plan is simply not there yet.
    pub fn is_missing(self) -> bool {
        self <= Self::Skipped
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NeverStarted => ("M01", "never started"),
            Self::Running => ("M02", "running"),
            Self::Silent => ("M03", "silent"),
            Self::Lost => ("M04", "lost"),
            Self::Interrupted => ("M05", "interrupted"),
            Self::Stopped => ("M06", "stopped"),
            Self::Incomplete => ("M07", "incomplete"),
            Self::Failed => ("M08", "failed"),
            Self::Skipped => ("M09", "skipped"),
            Self::BrokenFile => ("M10", "broken file"),
            Self::WrongRowCount => ("M11", "wrong row count"),
            Self::CorruptLedger => ("M12", "corrupt ledger file"),
            Self::NotInLedger => ("M13", "not in the ledger"),
            Self::NotInPlan => ("M14", "not in the plan"),
            Self::WrongShard => ("M15", "wrong shard"),
            Self::MixedEstimators => ("M16", "mixed estimators"),
            Self::UnequalDuplicate => ("M17", "unequal duplicate"),
            Self::KeyTwice => ("M18", "key twice"),
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| serde::de::Error::custom(format!("unknown kind of finding `{name}`")))
    }
}

/// Something that keeps a result from being complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The user; empty if it is about no user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
    /// Shard of the plan.
    pub shard: u32,
    /// What it is.
    pub kind: Kind,
    /// Why, as far as it is known.
    pub reason: String,
}

/// A value in which two attempts of a unit differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The table.
    pub table: String,
    /// The value.
    #[serde(flatten)]
    pub difference: Difference,
}

/// Findings about rows. Of those of a table only the first are kept, but all are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept<T> {
    /// The first of each table.
    pub items: Vec<T>,
    /// How many each table has.
    pub by_table: BTreeMap<String, u64>,
}

impl<T> Kept<T> {
    /// Of one table; `count` includes those that were not kept.
    pub(super) fn of(table: &str, items: Vec<T>, count: u64) -> Self {
        let by_table = (count > 0).then(|| (table.to_owned(), count));
        Self { items, by_table: by_table.into_iter().collect() }
    }

    /// Adds others, which may be of the same tables.
    pub(super) fn extend(&mut self, others: Self) {
        self.items.extend(others.items);
        for (table, count) in others.by_table {
            *self.by_table.entry(table).or_default() += count;
        }
    }

    /// How many there are, kept or not.
    pub fn count(&self) -> u64 {
        self.by_table.values().sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The same findings in another form.
    pub fn map<U>(self, form: impl FnMut(T) -> U) -> Kept<U> {
        Kept { items: self.items.into_iter().map(form).collect(), by_table: self.by_table }
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { items: Vec::new(), by_table: BTreeMap::new() }
    }
}

/// All of them are kept.
impl FromIterator<Conflict> for Kept<Conflict> {
    fn from_iter<I: IntoIterator<Item = Conflict>>(conflicts: I) -> Self {
        let mut kept = Self::default();
        for conflict in conflicts {
            *kept.by_table.entry(conflict.table.clone()).or_default() += 1;
            kept.items.push(conflict);
        }
        kept
    }
}

impl From<Conflict> for Gap {
    fn from(conflict: Conflict) -> Self {
        let Conflict { table, difference: d } = conflict;
        Self {
            reason: format!(
                "{table} {} {}: {} in {}, {} in {}",
                d.row_key, d.column, d.one, d.one_source, d.other, d.other_source
            ),
            user_id: d.user_id,
            feature_mode: String::new(),
            shard: 0,
            kind: Kind::UnequalDuplicate,
        }
    }
}

/// Where duplicates of a table differ.
pub(super) fn conflicts_of(schema: &TableSchema, findings: &Findings) -> Kept<Conflict> {
    let conflict = |d: &Difference| Conflict { table: schema.table.clone(), difference: d.clone() };
    let kept = findings.differences.iter().map(conflict).collect();
    Kept::of(&schema.table, kept, findings.differing)
}

/// Keys of a table of which several rows count.
pub(super) fn repeated_of(schema: &TableSchema, findings: &Findings) -> Kept<Gap> {
    let gap = |r: &Repeated| Gap {
        user_id: r.user_id.clone(),
        feature_mode: String::new(),
        shard: 0,
        kind: Kind::KeyTwice,
        reason: format!("table {}, {}: {}", schema.table, r.row_key, r.sources.join(" and ")),
    };
    Kept::of(&schema.table, findings.repeated.iter().map(gap).collect(), findings.repeating)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_every_kind_has_a_remedy() {
        let all = Kind::ALL;
        let codes: std::collections::BTreeSet<_> = all.iter().map(|k| k.code()).collect();
        assert_eq!(codes.len(), all.len());
        assert!(all.iter().all(|k| !k.remedy().is_empty() && !k.name().is_empty()));
        assert_eq!(all.iter().filter(|k| k.is_missing()).count(), 9);
        assert!(all.iter().all(|k| Kind::of_code(k.code()) == Some(*k)));
        assert_eq!(Kind::of_worker("lost"), Kind::Lost);
    }
}
