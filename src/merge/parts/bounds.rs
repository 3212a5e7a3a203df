//! Which users belong to which part: those of a plan in their order, in equal numbers.

use serde::{Deserialize, Serialize};

use crate::attempts::{OpenRun, each_planned_user};
use crate::merge::error::MergeError;
use crate::store::StoreError;

/// Refuses more parts than users.
pub(in crate::merge) fn check(runs: &[OpenRun], parts: u32) -> Result<(), MergeError> {
    if parts > 1 { Bounds::of(runs, parts).map(|_| ()) } else { Ok(()) }
}

/// Where parts begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bounds {
    /// The first user of each part but the first.
    starts: Vec<String>,
}

impl Bounds {
    /// Of the users of the plans.
    pub(super) fn of(runs: &[OpenRun], parts: u32) -> Result<Self, MergeError> {
        Self::among(parts, |see| each_planned_user(runs, see))
    }

    /// Of users in order, which may come several times, and are gone through twice: millions are not held.
    fn among(
        parts: u32,
        each: impl Fn(&mut dyn FnMut(&str)) -> Result<(), StoreError>,
    ) -> Result<Self, MergeError> {
        let once = |see: &mut dyn FnMut(u64, &str)| {
            let (mut before, mut last) = (0, None::<String>);
            each(&mut |user| {
                if last.as_deref() != Some(user) {
                    see(before, user);
                    before += 1;
                    last = Some(user.to_owned());
                }
            })
        };
        let mut users = 0;
        once(&mut |_, _| users += 1)?;
        if u64::from(parts) > users {
            return Err(MergeError::TooManyParts { parts, users });
        }
        let mut starts = Vec::new();
        once(&mut |place, user| {
            let next = starts.len() as u64 + 1;
            if next < u64::from(parts) && place == next * users / u64::from(parts) {
                starts.push(user.to_owned());
            }
        })?;
        Ok(Self { starts })
    }

    /// The part of a user, who need not be planned.
    pub(super) fn part_of(&self, user: &str) -> u32 {
        u32::try_from(self.starts.partition_point(|start| start.as_str() <= user)).unwrap_or(u32::MAX)
    }

    /// The first user of the part behind one; none behind the last.
    pub(super) fn end_of(&self, part: u32) -> Option<&str> {
        self.starts.get(part as usize).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn bounds(users: &[String], parts: u32) -> Result<Bounds, MergeError> {
        Bounds::among(parts, |see| {
            for user in users {
                see(user);
            }
            Ok(())
        })
    }

    proptest! {
        #[test]
        fn parts_are_as_equal_as_can_be(
            users in prop::collection::vec("[a-c10~é]{0,4}", 1..40), parts in 1u32..50,
        ) {
            let mut users = users;
            users.sort();
            let all: BTreeSet<&String> = users.iter().collect();
            match bounds(&users, parts) {
                Err(error) => {
                    let too_many = matches!(error, MergeError::TooManyParts { .. });
                    prop_assert!(too_many && parts as usize > all.len());
                }
                Ok(bounds) => {
                    let mut sizes = vec![0usize; parts as usize];
                    let mut last = 0;
                    for user in &all {
                        let part = bounds.part_of(user);
                        prop_assert!(part >= last);
                        prop_assert!(bounds.end_of(part).is_none_or(|end| user.as_str() < end));
                        last = part;
                        sizes[part as usize] += 1;
                    }
                    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
                    prop_assert!(*least >= 1 && most - least <= 1, "{:?}", sizes);
                }
            }
        }
    }
}
