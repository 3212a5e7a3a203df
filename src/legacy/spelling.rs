//! Ids that another program has changed: `007` in one file and `7` in another are one person.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Findings, Kind};
use super::layout::ERROR_LOG;
use crate::dataset::{bare_id, id_key, id_number};

/// Ids that are written out in a message.
const SHOWN: usize = 3;

/// The spelling that is kept, for each one that is not.
#[derive(Debug, Default)]
pub(super) struct Spellings(BTreeMap<String, String>);

/// The spellings of one id, each with the files that have it.
type Written<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

impl Spellings {
    /// Of the ids that files name, as (file, id).
    ///
    /// Two spellings of one id are one person if no file has both; of two that begin with zeros nobody can say which
    /// one is meant, so they stay as they are.
    pub(super) fn of<'a>(named: impl Iterator<Item = (&'a str, &'a str)>, findings: &mut Findings) -> Self {
        let mut ids: BTreeMap<String, Written<'a>> = BTreeMap::new();
        for (file, id) in named {
            ids.entry(id_key(id)).or_default().entry(id).or_default().insert(file);
        }
        let mut kept = Self::default();
        let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for written in ids.values().filter(|written| written.len() > 1) {
            let files: usize = written.values().map(BTreeSet::len).sum();
            let apart = written.values().flatten().collect::<BTreeSet<_>>().len() == files;
            let Some(best) = written.keys().max_by_key(|id| (rank(id), written[*id].len())) else { continue };
            if !apart {
                continue;
            }
            if written.keys().filter(|id| has_zeros(id)).count() > 1 {
                findings.add("", 0, Kind::Form, alike(written.keys()), NUMBERS);
                continue;
            }
            for (other, files) in written.iter().filter(|(id, _)| *id != best) {
                kept.0.insert((*other).to_owned(), (*best).to_owned());
                for file in files {
                    told.entry(*file).or_default().push(format!("{other} for {best}"));
                }
            }
        }
        for (file, all) in told {
            let what =
                format!("another spelling than in other files, taken for the same person: {}", some(all));
            findings.add(file, 0, Kind::Form, what, NUMBERS);
        }
        lonely(&ids, findings);
        kept
    }

    /// Writes an id as it is kept.
    pub(super) fn mend(&self, id: &mut String) {
        if let Some(kept) = self.0.get(id.as_str()) {
            id.clone_from(kept);
        }
    }
}

const NUMBERS: &str = "a program in between took the ids for numbers or dates; let it read them as text";

fn alike(ids: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    format!("the ids {} look alike; they were taken for different people", some(ids))
}

/// Of ids of several directories, and of a list of users: those that may be one person's.
pub(super) fn across<'a>(dirs: impl Iterator<Item = BTreeSet<&'a str>>, file: &str, findings: &mut Findings) {
    let mut ids: BTreeMap<String, Vec<BTreeSet<&str>>> = BTreeMap::new();
    for dir in dirs {
        let mut of_dir: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for id in dir {
            of_dir.entry(id_key(id)).or_default().insert(id);
        }
        for (key, spellings) in of_dir {
            ids.entry(key).or_default().push(spellings);
        }
    }
    for dirs in ids.into_values() {
        // People of one directory were told apart there.
        let several: BTreeSet<&str> = dirs.iter().flatten().copied().collect();
        if several.len() > 1 && !dirs.contains(&several) {
            findings.add(file, 0, Kind::Form, alike(several), NUMBERS);
        }
    }
}

/// The first few of them.
fn some(all: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut all = all.into_iter();
    let shown: Vec<String> = all.by_ref().take(SHOWN).map(|one| one.as_ref().to_owned()).collect();
    shown.join(", ") + if all.next().is_some() { ", …" } else { "" }
}

/// What a program makes of an id may not lead back to it (`MAR1` becomes 1-Mar). Then one file has ids that no other
/// has, and so has another.
fn lonely(ids: &BTreeMap<String, Written<'_>>, findings: &mut Findings) {
    let mut alone: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for written in ids.values() {
        let files: BTreeSet<&str> = written.values().flatten().copied().collect();
        if let (Some(file), 1) = (files.first(), files.len()) {
            alone.entry(file).or_default().extend(written.keys());
        }
    }
    // Users that failed are in the log alone, and who was begun last in the file that is written first.
    alone.remove(ERROR_LOG.file);
    for (file, ids) in &alone {
        let others = alone.iter().filter(|(other, theirs)| *other != file && theirs.len() == ids.len());
        let others = others.map(|(other, ids)| format!("{} is in {other} only", some(ids)));
        let others: Vec<String> = others.collect();
        if others.is_empty() {
            continue;
        }
        let what = format!(
            "{} is in this file only, and {}; if they are the same people, their ids were changed",
            some(ids),
            others.join(", ")
        );
        findings.add(file, 0, Kind::Form, what, NUMBERS);
    }
}

/// How likely it is the spelling that the others come from: programs take zeros away, and add `.0`, exponents,
/// apostrophes.
fn rank(id: &str) -> (bool, bool, bool, bool) {
    let fraction = id.split_once('.').map_or("", |(_, fraction)| fraction);
    let kept =
        fraction.ends_with('0') && fraction.bytes().any(|byte| byte != b'0') && id_number(id).is_some();
    (has_zeros(id), kept, bare_id(id) == id, is_plain(id))
}

fn is_plain(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_zeros(id: &str) -> bool {
    is_plain(id) && id.len() > 1 && id.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(named: &[(&str, &str)], id: &str) -> (String, Vec<String>) {
        let (mut id, mut findings) = (id.to_owned(), Findings::default());
        Spellings::of(named.iter().copied(), &mut findings).mend(&mut id);
        (id, findings.into_vec().iter().map(ToString::to_string).collect())
    }

    fn kept(named: &[(&str, &str)], id: &str) -> String {
        read(named, id).0
    }

    #[test]
    fn one_number_in_two_files_is_one_person() {
        for other in ["7", "7.0", "7e0", "007.0", "'007", "=\"007\"", "7.00E+00"] {
            assert_eq!(kept(&[("te", "007"), ("k", other)], other), "007", "{other}");
        }
        assert_eq!(kept(&[("te", "100000"), ("k", "1E5"), ("gc", "1.00E+05")], "1E5"), "100000");
        assert_eq!(kept(&[("te", "00"), ("k", "0")], "0"), "00");
        assert_eq!(kept(&[("te", "7"), ("k", "7.0")], "7.0"), "7");
        assert_eq!(kept(&[("te", "1.10"), ("k", "1.1")], "1.1"), "1.10", "a zero at the end was lost");
        assert_eq!(kept(&[("te", "7.5"), ("k", "07.5")], "07.5"), "7.5");
        let (long, mended) = ("09007199254740993", "9007199254740993");
        assert_eq!(kept(&[("te", long), ("k", mended)], mended), long);
    }

    #[test]
    fn case_and_form_of_a_uuid() {
        let (upper, lower) = ("0EC60222-1A2B-4C3D-8E4F-0123456789AB", "0ec60222-1a2b-4c3d-8e4f-0123456789ab");
        let named = [("te", upper), ("gc", upper), ("k", lower)];
        assert_eq!(kept(&named, lower), upper);
        let bare = lower.replace('-', "");
        assert_eq!(kept(&[("te", upper), ("gc", upper), ("k", &bare)], &bare), upper);
        let braced = format!("{{{upper}}}");
        assert_eq!(kept(&[("te", lower), ("gc", lower), ("k", &braced)], &braced), lower);
        assert_eq!(kept(&[("te", "P07"), ("gc", "P07"), ("k", "p07")], "p07"), "P07");
    }

    #[test]
    fn people_of_one_file_stay_apart() {
        assert_eq!(kept(&[("te", "007"), ("te", "7")], "7"), "7");
        assert_eq!(kept(&[("te", "a"), ("te", "A")], "A"), "A");
        let (id, told) = read(&[("te", "007"), ("k", "7"), ("gc", "0007")], "7");
        assert_eq!(id, "7", "which of the two is it?");
        assert!(told[0].contains("the ids 0007, 007, 7 look alike"), "{told:?}");
        assert_eq!(kept(&[("te", "0E1"), ("k", "0E2")], "0E2"), "0E2");
        assert_eq!(kept(&[("te", "u07"), ("k", "u7")], "u7"), "u7");
        let (one, other) = ("9007199254740993", "09007199254740992");
        assert_eq!(kept(&[("te", other), ("k", one)], one), one);
    }

    #[test]
    fn what_does_not_lead_back_is_named_together() {
        let (id, told) = read(&[("te", "MAR1"), ("te", "u2"), ("k", "1-Mar"), ("k", "u2")], "1-Mar");
        assert_eq!(id, "1-Mar");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("1-Mar is in this file only, and MAR1 is in te only"), "{told:?}");
        let (_, told) = read(&[("te", "12345678901234567890"), ("k", "1.23457E+19")], "");
        assert!(told[0].contains("1.23457E+19"), "{told:?}");
        // A user that was begun when the run was interrupted has no result in any file: that is no change of ids.
        let (_, told) = read(&[("te", "u1"), ("k", "u1"), ("k", "u2")], "");
        assert!(told.is_empty(), "{told:?}");
    }
}
