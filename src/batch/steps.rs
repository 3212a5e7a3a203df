//! The jobs of a submission, and which of them wait for which.

use std::ops::Range;

use super::array::arrays;
use super::engine::Engine;
use super::script::{MergeParts, Wish};
use super::work::{StageWork, Work};

/// A job, and those before it that it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) work: Work,
    pub(super) behind: Range<usize>,
}

/// The jobs for so many tasks, and for the merge of what they do.
pub(super) fn steps(tasks: usize, wish: &Wish, engine: &Engine) -> Vec<Step> {
    let most = engine.most_tasks();
    let shards = if tasks == 0 { Vec::new() } else { arrays(tasks, most, engine) };
    let shards = shards.into_iter().enumerate().map(|(at, array)| Work::Tasks(array, at + 1));
    let mut steps: Vec<Step> = shards.map(|work| Step { work, behind: 0..0 }).collect();
    let mut behind = 0..steps.len();
    match &wish.parts {
        _ if wish.merge.is_none() => {}
        None => steps.push(Step { work: Work::Merge, behind }),
        Some(MergeParts { count, stages }) => {
            for &(stage, has_parts) in stages {
                let parts = if has_parts {
                    arrays(*count as usize, most, engine).into_iter().map(Some).collect()
                } else {
                    vec![None]
                };
                let start = steps.len();
                for (at, parts) in parts.into_iter().enumerate() {
                    let work = Work::Stage(StageWork { stage, number: at + 1, parts });
                    steps.push(Step { work, behind: behind.clone() });
                }
                behind = start..steps.len();
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::batch::load::engine;

    #[test]
    fn each_stage_waits_for_all_jobs_of_the_one_before() {
        let mut slurm = engine("slurm", None).unwrap();
        slurm.limits.clear();
        let stages = vec![("survey", true), ("combine", false)];
        let parts = Some(MergeParts { count: 5, stages });
        let wish = Wish { merge: Some(PathBuf::from("/m")), parts, ..Wish::default() };
        let told = |tasks, wish: &Wish| {
            let told = |step: Step| format!("{} behind {:?}", step.work.stem(), step.behind);
            steps(tasks, wish, &slurm).into_iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(
            told(3, &wish),
            ["1 behind 0..0", "merge-survey behind 0..1", "merge-combine behind 1..2"]
        );
        // Nothing is left of the run, so nothing is waited for.
        assert_eq!(told(0, &wish), ["merge-survey behind 0..0", "merge-combine behind 0..1"]);
        let alone = Wish { parts: None, ..wish.clone() };
        assert_eq!(told(3, &alone), ["1 behind 0..0", "merge behind 0..1"]);
        assert_eq!(told(3, &Wish { merge: None, ..wish }), ["1 behind 0..0"]);
    }
}
