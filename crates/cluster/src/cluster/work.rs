//! What an executor is asked to do: parts of a stage of a merge, or partitions of a piece of a query.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use datafusion::error::{DataFusionError, Result};
use results::merge::{Division, Stage};
use results::sql::Share;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use super::versions::Versions;

/// Stack of the thread that does a part: deep plans need deep stacks, most of all in unoptimised builds.
pub(super) const STACK: usize = 16 << 20;

/// Which parts of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) results: String,
    pub(super) ballista: String,
    pub(super) work: Work,
    /// The part of each partition.
    pub(super) parts: Vec<u32>,
}

/// What parts are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Work {
    /// A stage of a merge.
    Merge { stage: Stage, merge: Division },
    /// A query.
    Query(Share),
}

impl Work {
    /// How many parts there are.
    fn parts(&self) -> u32 {
        match self {
            Self::Merge { stage, merge } => {
                if stage.has_parts() {
                    merge.parts()
                } else {
                    1
                }
            }
            Self::Query(share) => share.parts(),
        }
    }

    /// What it is, for people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Merge { stage, merge } => format!("{} of {}", stage.name(), merge.output()),
            Self::Query(share) => share.words(),
        }
    }

    /// How to ask for what takes fewer bytes to be told.
    pub(super) fn shorter(&self) -> &'static str {
        match self {
            Self::Merge { .. } => "name fewer users with --expect",
            Self::Query(_) => {
                "`results compact` puts the files of a run together; or run it without --cluster"
            }
        }
    }

    async fn carry_out(&self, part: u32, to: &Sender<Vec<u8>>) -> Result<Vec<String>, String> {
        match self {
            Self::Merge { stage, merge } => merge.carry_out(*stage, part).await,
            Self::Query(share) => match share.carry_out(part, to).await {
                Ok(()) => Ok(Vec::new()),
                Err(why) => Err(serde_json::to_string(&why).unwrap_or_else(|error| error.to_string())),
            },
        }
    }
}

impl Spec {
    pub(super) fn new(work: Work, parts: &[u32]) -> Self {
        let Versions { results, ballista } = Versions::own();
        Self { results, ballista, work, parts: parts.to_vec() }
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is not one, or of another version, or names parts that there are not.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        // What another version says besides is not known here.
        let versions: Versions =
            serde_json::from_slice(bytes).map_err(|_| "not a plan of results".to_owned())?;
        versions.check("who made the plan")?;
        let spec: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("not a plan of results: {error}"))?;
        let count = spec.work.parts();
        let once: BTreeSet<u32> = spec.parts.iter().copied().collect();
        if once.is_empty() || once.len() != spec.parts.len() || once.iter().any(|part| *part >= count) {
            return Err(format!("not a plan of results: parts of {count} are named wrongly"));
        }
        Ok(spec)
    }

    /// As it is sent.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| DataFusionError::External(error.into()))
    }

    /// Does a part, in a thread that waits for it; rows go where they are taken. A defect is one of this part only.
    pub(super) fn carry_out(&self, part: u32, to: &Sender<Vec<u8>>) -> Result<Vec<String>, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_stack_size(STACK)
            .enable_all()
            .build()
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        let done = catch_unwind(AssertUnwindSafe(|| runtime.block_on(self.work.carry_out(part, to))));
        done.unwrap_or_else(|panic| Err(format!("the program has a defect: {}", words_of(&*panic))))
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned()
}
