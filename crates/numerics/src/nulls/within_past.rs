//! The null `within_past`: x shuffled among observations with the same past z.
//!
//! What x and z have in common stays, so a feedback from the target to its source is no reason to reject.

use super::{Draws, Null, Permuter, Sample, Unfit};

/// x within the cells of z, and of the sample.
#[derive(Debug, Clone, Copy)]
pub struct WithinPast;

impl Null for WithinPast {
    fn name(&self) -> &'static str {
        "within_past"
    }

    fn prepare<'a>(&self, sample: Sample<'a>) -> Result<Box<dyn Draws + 'a>, Unfit> {
        let past = &sample.observations.z;
        let cells = sample.within.map(|within| within.with(past));
        Ok(Box::new(Permuter::new(sample.observations, Some(cells.as_ref().unwrap_or(past)))))
    }
}
