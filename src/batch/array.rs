//! Shards as tasks, and tasks as arrays that a scheduler takes.

use super::engine::Engine;

/// A job of the scheduler: so many tasks in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Array {
    /// Its first task, of all of the submission.
    pub(super) first_task: usize,
    /// How many.
    pub(super) tasks: usize,
}

/// Several shards a task, in order.
pub(super) fn packed(shards: &[u32], pack: u32) -> Vec<Vec<u32>> {
    shards.chunks(pack.max(1) as usize).map(<[u32]>::to_vec).collect()
}

/// Tasks in as few arrays as a scheduler takes that has at most so many in each, all of much the same size.
pub(super) fn arrays(tasks: usize, most: Option<usize>, engine: &Engine) -> Vec<Array> {
    let most = most.unwrap_or(tasks).max(engine.array.least).max(1);
    let jobs = tasks.div_ceil(most).max(1);
    let mut first_task = 0;
    let mut all = Vec::with_capacity(jobs);
    for job in 0..jobs {
        let tasks = tasks / jobs + usize::from(job < tasks % jobs);
        all.push(Array { first_task, tasks });
        first_task += tasks;
    }
    all
}

/// Shards as `--shard` reads them: `0-3,7/25`.
pub(super) fn share(shards: &[u32], of: u32) -> String {
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for &shard in shards {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == shard => *last = shard,
            _ => parts.push((shard, shard)),
        }
    }
    let part = |(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    format!("{}/{of}", parts.iter().map(part).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::load::engine;

    #[test]
    fn no_array_is_larger_than_may_be_and_no_task_is_lost() {
        let slurm = engine("slurm", None).unwrap();
        let sizes = |tasks, most| arrays(tasks, most, &slurm).iter().map(|a| a.tasks).collect::<Vec<_>>();
        assert_eq!(sizes(25, Some(10)), [9, 8, 8]);
        assert_eq!(sizes(25, None), [25]);
        assert_eq!(sizes(10, Some(10)), [10]);
        assert_eq!(sizes(1, Some(10)), [1]);
        let all = arrays(25, Some(10), &slurm);
        assert_eq!(all.iter().map(|a| a.first_task).collect::<Vec<_>>(), [0, 9, 17]);
    }

    #[test]
    fn shards_are_written_short() {
        assert_eq!(share(&[0, 1, 2, 3, 7, 9, 10], 25), "0-3,7,9-10/25");
        assert_eq!(share(&[4], 5), "4/5");
        assert_eq!(packed(&[0, 1, 2, 5, 6], 2), [vec![0, 1], vec![2, 5], vec![6]]);
    }
}
