//! The demo data: a synthetic data set in the `ExtraSensory` file format, with a planted truth.
//!
//! Every user's recording is drawn from a stream of its own, seeded by (seed, user index), so a file
//! depends neither on threads nor on how many users are written beside it.
//!
//! The truth: a day rhythm drives activity and sitting alike, and in three users of four activity
//! also drives sitting one and two minutes later.

mod columns;
mod error;
mod folder;
mod model;
mod names;
mod person;
mod random;
mod rows;
#[cfg(test)]
mod tests;
mod wide;

use std::io::{self, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;

pub(crate) use error::DemoError;
use person::Person;

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DemoSpec {
    /// Users, one file each.
    pub users: u32,
    /// The folder; new, empty, or holding only files of the same data set.
    pub out: PathBuf,
    /// Chooses the data set.
    pub seed: u64,
    /// Whether to write all 278 columns of the real data set, compressed, instead of the 11 used.
    pub wide: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DemoReport {
    /// Users, one file each.
    pub users: u32,
    /// Rows of all files, without the headers.
    pub rows: u64,
    /// Bytes of all files as they lie on disk.
    pub bytes: u64,
    /// Where they lie.
    pub folder: PathBuf,
}

/// Writes the data set, all users in parallel; files of an earlier, same call are replaced.
pub(crate) fn write_dataset(spec: &DemoSpec) -> Result<DemoReport, DemoError> {
    if spec.users == 0 {
        return Err(DemoError::NoUsers);
    }
    let people: Vec<Person> = (0..spec.users).map(|index| Person::draw(spec.seed, index)).collect();
    let names: Vec<String> = people.iter().map(|person| file_name(person, spec.wide)).collect();
    folder::prepare(&spec.out, &names)?;
    let sizes = people
        .par_iter()
        .zip(&names)
        .map(|(person, name)| {
            let bytes = folder::replace(&spec.out, name, |out| write_person(person, spec.wide, out))?;
            Ok((u64::from(person.rows), bytes))
        })
        .collect::<Result<Vec<(u64, u64)>, DemoError>>()?;
    Ok(DemoReport {
        users: spec.users,
        rows: sizes.iter().map(|size| size.0).sum(),
        bytes: sizes.iter().map(|size| size.1).sum(),
        folder: spec.out.clone(),
    })
}

fn file_name(person: &Person, wide: bool) -> String {
    let ending = if wide { "csv.gz" } else { "csv" };
    format!("{}.features_labels.{ending}", person.id)
}

fn write_person(person: &Person, wide: bool, out: &mut dyn Write) -> io::Result<()> {
    if !wide {
        return rows::write_used(person, out);
    }
    // The fast level: the numbers are noise, which a slower one hardly makes smaller.
    let mut gz = GzEncoder::new(out, Compression::fast());
    wide::write_all(person, &mut gz)?;
    gz.finish()?.flush()
}
