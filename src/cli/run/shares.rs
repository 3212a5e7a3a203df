//! `--shard 3/16`, and `--shard 0,4-7/16` for several.

use std::str::FromStr;

use crate::store::Assignment;

/// Shards of one division, each once, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shares {
    indices: Vec<u32>,
    of: u32,
}

impl Shares {
    /// Each.
    pub(super) fn all(&self) -> Vec<Assignment> {
        self.indices.iter().map(|&index| Assignment { index, of: self.of }).collect()
    }
}

impl FromStr for Shares {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let told = |error: crate::store::AssignmentError| error.to_string();
        let Some((list, of)) = text.split_once('/') else {
            return text
                .parse::<Assignment>()
                .map(|one| Self { indices: vec![one.index], of: one.of })
                .map_err(told);
        };
        let one = |index: &str| format!("{index}/{of}").parse::<Assignment>().map_err(told);
        let (mut indices, mut divided) = (Vec::new(), 1);
        for part in list.split(',') {
            let (first, last) =
                part.split_once('-').filter(|(first, _)| !first.is_empty()).unwrap_or((part, part));
            let (first, last) = (one(first)?, one(last)?);
            if first.index > last.index {
                return Err(format!("`{part}` of `{text}` runs backwards: it begins after its end"));
            }
            divided = first.of;
            indices.extend(first.index..=last.index);
        }
        indices.sort_unstable();
        indices.dedup();
        Ok(Self { indices, of: divided })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_shard_or_several_are_read() {
        let read = |text: &str| text.parse::<Shares>().map(|shares| (shares.indices, shares.of));
        assert_eq!(read("3/16"), Ok((vec![3], 16)));
        assert_eq!(read("0,4-7,5/16"), Ok((vec![0, 4, 5, 6, 7], 16)));
        assert_eq!(read("0-3/4"), Ok((vec![0, 1, 2, 3], 4)));
        for (text, fault) in [
            ("4/4", "the last of 4 shards is 3/4"),
            ("0-4/4", "the last of 4 shards is 3/4"),
            ("3-1/4", "runs backwards"),
            ("3", "it has no `/`"),
            ("-1/2", "`-1` is not a whole number from 0"),
            ("1,/2", "`` is not a whole number from 0"),
            ("1-/2", "`` is not a whole number from 0"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(fault), "{text}: {said}");
        }
    }
}
