//! Who has parts of a merge done: this process, which makes the merge, by the executors of a cluster.

use std::sync::OnceLock;

use results::cli::Address;
use results::merge::{Division, PartRunner, Stage};
use tokio::runtime::Runtime;

use super::door::Probe;
use super::found::probe;
use super::job::Desk;
use super::work::{Spec, Work};

/// How often parts are handed in of which nothing was said.
const ROUNDS: u32 = 4;

/// The executors of a cluster.
#[derive(Debug)]
pub(super) struct Executors {
    runtime: Runtime,
    address: Address,
    division: Division,
    /// Whether they see what the merge needs.
    probed: OnceLock<Result<(), String>>,
}

impl Executors {
    pub(super) fn new(runtime: Runtime, address: Address, division: Division) -> Self {
        Self { runtime, address, division, probed: OnceLock::new() }
    }
}

impl PartRunner for Executors {
    fn run(&self, stage: Stage, parts: &[u32]) -> Result<(), String> {
        // The merge has a runtime of its own, in which this one cannot wait.
        std::thread::scope(|scope| {
            let work = scope.spawn(|| self.runtime.block_on(self.carry_out(stage, parts)));
            work.join().unwrap_or_else(|_| Err("the program has a defect".to_owned()))
        })
    }
}

impl Executors {
    async fn carry_out(&self, stage: Stage, parts: &[u32]) -> Result<(), String> {
        if self.probed.get().is_none() {
            let probed = self.probe().await;
            self.probed.get_or_init(|| probed).clone()?;
        }
        let mut desk = Desk::new(&self.address)?;
        let mut rest = parts.to_vec();
        for _ in 0..ROUNDS {
            let work = Work::Merge { stage, merge: self.division.clone() };
            let said = desk.said(&Spec::new(work, &rest)).await?;
            if let Some(said) = said.iter().find(|said| !said.is_done()) {
                let of = self.division.parts();
                let (part, host, why) = (said.part, &said.host, &said.message);
                return Err(format!("part {part} of {of} of the stage {} on {host}: {why}", stage.name()));
            }
            rest.retain(|part| !said.iter().any(|said| said.part == *part));
            if rest.is_empty() {
                return Ok(());
            }
        }
        Err(format!(
            "nothing was heard of parts {rest:?}, {ROUNDS} times: the executors that did them were lost, or are not reached from \
             here by the name that they have (`results-cluster executor --host`)"
        ))
    }

    /// Whether all executors see what the merge needs, which has begun.
    async fn probe(&self) -> Result<(), String> {
        let mark = self.division.mark()?.ok_or("the merge has not begun")?;
        probe(&self.address, &Probe::Merge { merge: self.division.clone(), mark }).await
    }
}
