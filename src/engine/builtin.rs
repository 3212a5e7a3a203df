//! The built-in analysis: dataset, then measures.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Engine, UnitResult, UserJob};
use crate::config::Config;
use crate::dataset::{DatasetError, Input, Recipe, UserFrame};
use crate::measures::{self, UnitId, UnitOutcome, analyse, asked};
use crate::store::UnitState;

/// The built-in analysis of a configuration.
#[derive(Debug)]
pub(crate) struct Builtin<'a> {
    config: &'a Config,
    recipe: Recipe,
}

impl<'a> Builtin<'a> {
    /// Compiles the configuration's expressions.
    pub(crate) fn new(config: &'a Config) -> Result<Self, DatasetError> {
        Ok(Self { config, recipe: Recipe::new(config)? })
    }

    fn unit(&self, user: &str, mode: &str, frame: &UserFrame, stage: &dyn Fn(&str)) -> UnitResult {
        crate::failpoint::defect(user);
        let series = match self.recipe.series(frame, mode) {
            Ok(series) => series,
            Err(error) => {
                let mut unit = refused(mode, &error);
                unit.input_fingerprint = Some(frame.fingerprint.clone());
                return unit;
            }
        };
        let id = UnitId { user_id: user, feature_mode: mode };
        let output = analyse(&id, &series, self.config, asked(self.config), stage);
        let (state, reason) = match output.outcome {
            UnitOutcome::Ok => (UnitState::Ok, None),
            UnitOutcome::Skipped(reason) => (UnitState::Skipped, Some(reason)),
            UnitOutcome::Failed(reason) => (UnitState::Failed, Some(reason)),
        };
        UnitResult {
            feature_mode: mode.to_owned(),
            state,
            reason,
            n_samples: Some(output.n_samples as u64),
            k: output.k,
            input_fingerprint: Some(frame.fingerprint.clone()),
            tables: output.tables.into_iter().map(|(table, rows)| (table.to_owned(), rows)).collect(),
        }
    }
}

impl Engine for Builtin<'_> {
    fn version(&self) -> String {
        measures::version(self.config)
    }

    fn input_fingerprint(&self, input: &str) -> Option<String> {
        serde_json::from_str::<Input>(input).ok()?.fingerprint().ok()
    }

    fn run(&self, job: &UserJob, stage: &dyn Fn(&str), done: &mut dyn FnMut(UnitResult) -> bool) {
        stage("read");
        let input: Result<Input, _> = serde_json::from_str(&job.input);
        let frame = match &input {
            Err(error) => Err(format!("the plan's input cannot be understood: {error}")),
            Ok(input) => match guard(|| self.recipe.read_input(input)) {
                Ok(Ok(frame)) => Ok(frame),
                Ok(Err(error)) => {
                    for mode in &job.feature_modes {
                        let mut unit = refused(mode, &error);
                        unit.input_fingerprint = input.fingerprint().ok();
                        if !done(unit) {
                            return;
                        }
                    }
                    return;
                }
                Err(panic) => Err(panic),
            },
        };
        // A defect is one of this input: it does not leave an older attempt on another one standing.
        let fingerprint = match &frame {
            Ok(frame) => Some(frame.fingerprint.clone()),
            Err(_) => input.as_ref().ok().and_then(|input| input.fingerprint().ok()),
        };
        for mode in &job.feature_modes {
            let unit = frame
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|frame| guard(|| self.unit(&job.user_id, mode, frame, stage)))
                .unwrap_or_else(|reason| UnitResult {
                    input_fingerprint: fingerprint.clone(),
                    ..UnitResult::without_rows(mode, UnitState::Failed, reason)
                });
            if !done(unit) {
                return;
            }
        }
    }
}

fn refused(mode: &str, error: &DatasetError) -> UnitResult {
    let state = if error.is_skip() { UnitState::Skipped } else { UnitState::Failed };
    UnitResult::without_rows(mode, state, crate::error::chain(error))
}

/// A defect in one user's analysis must not take the others down.
fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        format!(
            "internal error, please report it with the input: {}",
            text.unwrap_or_else(|| "no message".into())
        )
    })
}
