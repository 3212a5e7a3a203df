//! Ids that another program took for numbers: `007` in one file and `7` in another are one person.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Findings, Kind};

/// Ids that are written out in a message.
const SHOWN: usize = 3;

/// Above it, whole numbers that differ may be one double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The spelling that is kept, for each one that is not.
#[derive(Debug, Default)]
pub(super) struct Spellings(BTreeMap<String, String>);

impl Spellings {
    /// Of the ids that files of results name, as (file, id).
    ///
    /// Two spellings of one number are one person if no file has both; of two that begin with zeros nobody can say
    /// which one is meant, so they stay as they are.
    pub(super) fn of<'a>(named: impl Iterator<Item = (&'a str, &'a str)>, findings: &mut Findings) -> Self {
        let mut numbers: BTreeMap<u64, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        for (file, id) in named {
            if let Some(number) = number(id) {
                numbers.entry(number).or_default().entry(id).or_default().insert(file);
            }
        }
        let mut kept = Self::default();
        let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for spellings in numbers.values().filter(|spellings| spellings.len() > 1) {
            let files: usize = spellings.values().map(BTreeSet::len).sum();
            let apart = spellings.values().flatten().collect::<BTreeSet<_>>().len() == files;
            let with_zeros = spellings.keys().filter(|id| has_zeros(id)).count();
            let best = spellings.keys().max_by_key(|id| (has_zeros(id), is_plain(id)));
            let (Some(best), true, true) = (best, apart, with_zeros <= 1) else { continue };
            for (other, files) in spellings.iter().filter(|(id, _)| *id != best) {
                kept.0.insert((*other).to_owned(), (*best).to_owned());
                for file in files {
                    told.entry(*file).or_default().push(format!("{other} for {best}"));
                }
            }
        }
        for (file, all) in told {
            let more = if all.len() > SHOWN { ", …" } else { "" };
            let some = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
            let what =
                format!("another spelling than in other files, taken for the same person: {some}{more}");
            let remedy = "a program in between took the ids for numbers; let it read them as text";
            findings.add(file, 0, Kind::Form, what, remedy);
        }
        kept
    }

    /// Writes an id as it is kept.
    pub(super) fn mend(&self, id: &mut String) {
        if let Some(kept) = self.0.get(id.as_str()) {
            id.clone_from(kept);
        }
    }
}

/// The whole number that an id is, as spreadsheets and data frames read it.
fn number(id: &str) -> Option<u64> {
    let of_numbers = id.bytes().all(|byte| byte.is_ascii_digit() || b".eE+".contains(&byte));
    let number =
        id.parse::<f64>().ok().filter(|_| of_numbers && id.starts_with(|c: char| c.is_ascii_digit()))?;
    // Of hexadecimal ids such as 0E1 and 0E2 all are 0.
    let hexadecimal = number == 0.0 && id.contains(['e', 'E']);
    (number.fract() == 0.0 && number < EXACT && !hexadecimal).then_some(number as u64)
}

fn is_plain(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_zeros(id: &str) -> bool {
    is_plain(id) && id.len() > 1 && id.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::{Findings, Spellings};

    fn kept(named: &[(&str, &str)], id: &str) -> String {
        let mut id = id.to_owned();
        Spellings::of(named.iter().copied(), &mut Findings::default()).mend(&mut id);
        id
    }

    #[test]
    fn one_number_in_two_files_is_one_person() {
        for other in ["7", "7.0", "7e0", "007.0"] {
            assert_eq!(kept(&[("te", "007"), ("k", other)], other), "007", "{other}");
        }
        assert_eq!(kept(&[("te", "100000"), ("k", "1E5"), ("gc", "1.00E+05")], "1E5"), "100000");
        assert_eq!(kept(&[("te", "00"), ("k", "0")], "0"), "00");
    }

    #[test]
    fn people_of_one_file_stay_apart() {
        assert_eq!(kept(&[("te", "007"), ("te", "7")], "7"), "7");
        assert_eq!(kept(&[("te", "007"), ("k", "7"), ("gc", "0007")], "7"), "7", "which of the two is it?");
        assert_eq!(kept(&[("te", "0E1"), ("k", "0E2")], "0E2"), "0E2");
        assert_eq!(kept(&[("te", "u07"), ("k", "u7")], "u7"), "u7");
        assert_eq!(kept(&[("te", "7.5"), ("k", "07.5")], "07.5"), "07.5");
        let (one, other) = ("9007199254740993", "09007199254740992");
        assert_eq!(kept(&[("te", other), ("k", one)], one), one, "a double holds neither");
    }
}
