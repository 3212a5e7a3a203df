//! `I/N`: which users a worker does.

use std::fmt;
use std::str::FromStr;

use super::error::AssignmentError;

/// Worker `index` of `of`: the users at positions `index`, `index + of`, `index + 2 of`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Assignment {
    /// From 0.
    pub index: u32,
    /// At least 1.
    pub of: u32,
}

impl Assignment {
    /// The one worker that does everything.
    pub const ALL: Self = Self { index: 0, of: 1 };

    /// Whether the user at `position` belongs to the worker.
    pub fn has(self, position: u64) -> bool {
        position % u64::from(self.of) == u64::from(self.index)
    }

    /// Whether it has users of another share, which may belong to another division.
    pub fn meets(self, other: Self) -> bool {
        let (mut common, mut rest) = (self.of.max(1), other.of.max(1));
        while rest > 0 {
            (common, rest) = (rest, common % rest);
        }
        self.index % common == other.index % common
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Assignment {
    type Err = AssignmentError;

    fn from_str(text: &str) -> Result<Self, AssignmentError> {
        let error = |fault: String| AssignmentError { text: text.to_owned(), fault };
        let (index, of) = text.split_once('/').ok_or_else(|| error("it has no `/`".into()))?;
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let number = digits.then(|| part.parse::<u32>().ok()).flatten();
            number.ok_or_else(|| error(format!("`{part}` is not a whole number from 0")))
        };
        let (index, of) = (number(index)?, number(of)?);
        if of == 0 {
            return Err(error("there must be at least one shard".into()));
        }
        if index >= of {
            return Err(error(format!("the last of {of} shards is {}/{of}", of - 1)));
        }
        Ok(Self { index, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_that_are_no_shard_say_why() {
        let fault = |text: &str| text.parse::<Assignment>().unwrap_err().fault;
        assert_eq!(fault("4/4"), "the last of 4 shards is 3/4");
        assert_eq!(fault("x/2"), "`x` is not a whole number from 0");
        assert_eq!(fault("0/0"), "there must be at least one shard");
        assert_eq!(fault("3"), "it has no `/`");
        assert_eq!(fault("+1/2"), "`+1` is not a whole number from 0");
        assert_eq!(fault("-1/2"), "`-1` is not a whole number from 0");
        assert_eq!(fault("1/99999999999"), "`99999999999` is not a whole number from 0");
        assert_eq!("3/4".parse(), Ok(Assignment { index: 3, of: 4 }));
    }

    proptest! {
        #[test]
        fn every_user_has_one_shard_and_shards_are_even(users in 0u64..500, of in 1u32..20) {
            let sizes: Vec<usize> = (0..of)
                .map(|index| (0..users).filter(|p| Assignment { index, of }.has(*p)).count())
                .collect();
            prop_assert_eq!(sizes.iter().sum::<usize>() as u64, users);
            let spread = sizes.iter().max().unwrap() - sizes.iter().min().unwrap();
            prop_assert!(spread <= 1);
        }

        #[test]
        fn shares_meet_where_they_have_users_in_common(of in 1u32..9, shards in 1u32..9, index in 0u32..9) {
            let share = Assignment { index: index % of, of };
            for shard in (0..shards).map(|index| Assignment { index, of: shards }) {
                let common = (0..1000).any(|position| share.has(position) && shard.has(position));
                prop_assert_eq!(share.meets(shard), common);
            }
        }
    }
}
