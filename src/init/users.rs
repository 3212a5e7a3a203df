//! Whose rows are whose: a file a person, or a column of ids.

use std::collections::HashSet;

use super::sample::Sample;
use crate::dataset::{GlimpsedColumn, Value};

/// How a column of ids may be called, letters and digits alone.
const NAMES: [&str; 28] = [
    "id",
    "user",
    "userid",
    "uid",
    "uuid",
    "subject",
    "subjectid",
    "subjid",
    "subj",
    "sub",
    "participant",
    "participantid",
    "person",
    "personid",
    "patient",
    "patientid",
    "pid",
    "proband",
    "probandid",
    "respondent",
    "respondentid",
    "mesaid",
    "animal",
    "animalid",
    "child",
    "childid",
    "who",
    "vpn",
];

/// The column of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserColumn {
    /// Its name.
    pub(super) name: String,
    /// Why it was taken, in words.
    pub(super) why: String,
}

/// What the ids of a column are like.
struct Ids {
    distinct: HashSet<String>,
    /// Stretches of one id.
    blocks: usize,
    rows: usize,
}

impl Ids {
    fn of(column: &GlimpsedColumn) -> Self {
        let mut distinct = HashSet::new();
        let (mut blocks, mut rows, mut last) = (0, 0, None);
        for value in &column.values {
            let id = match value {
                Value::Missing => continue,
                Value::Number(number) => format!("{number}"),
                Value::Text(text) => text.clone(),
            };
            rows += 1;
            if last.as_ref() != Some(&id) {
                blocks += 1;
                distinct.insert(id.clone());
                last = Some(id);
            }
        }
        Self { distinct, blocks, rows }
    }

    /// Whether each id has a stretch of rows of its own.
    fn is_in_blocks(&self) -> bool {
        self.distinct.len() > 1 && self.blocks == self.distinct.len() && self.rows >= 20 * self.blocks
    }
}

fn is_named_so(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    NAMES.contains(&plain.as_str())
}

/// The column of ids of some files, of `all` there are; `times` are the columns that hold times.
pub(super) fn user_column(samples: &[Sample], all: usize, times: &[String]) -> Option<UserColumn> {
    let first = samples.first()?;
    let candidates = first.columns.iter().filter(|column| !times.contains(&column.name));
    candidates.into_iter().find_map(|column| judged(samples, all, column, times))
}

fn judged(samples: &[Sample], all: usize, column: &GlimpsedColumn, times: &[String]) -> Option<UserColumn> {
    let found = |why: String| Some(UserColumn { name: column.name.clone(), why });
    let of_file =
        |sample: &Sample| sample.columns.iter().find(|other| other.name == column.name).map(Ids::of);
    let ids: Vec<Ids> = samples.iter().filter_map(of_file).collect();
    let several = ids.iter().map(|ids| ids.distinct.len()).max().unwrap_or_default();
    if is_named_so(&column.name) {
        let unique = ids.iter().any(|ids| ids.rows > 1 && ids.distinct.len() * 2 > ids.rows);
        if unique {
            return None;
        }
        if several > 1 {
            return found(format!("`{}` holds up to {several} ids a file", column.name));
        }
        let mut seen = HashSet::new();
        if ids.iter().flat_map(|ids| &ids.distinct).any(|id| !seen.insert(id.clone())) {
            return found(format!("the same `{}` is in several files", column.name));
        }
        let cut = samples.first().is_some_and(|sample| !sample.is_whole);
        return if all == 1 && cut { found(format!("`{}` is called so", column.name)) } else { None };
    }
    let text = column.values.iter().all(|value| !matches!(value, Value::Number(_)));
    let blocks =
        text && ids.first().is_some_and(Ids::is_in_blocks) && goes_back(samples.first()?, column, times);
    if blocks {
        return found(format!(
            "each of the {several} texts of `{}` has rows of its own, and time begins anew",
            column.name
        ));
    }
    None
}

/// Whether numbers of time go back where a stretch of one id ends.
fn goes_back(sample: &Sample, ids: &GlimpsedColumn, times: &[String]) -> bool {
    let Some(time) = sample.columns.iter().find(|column| times.contains(&column.name)) else { return false };
    let pairs = ids.values.windows(2).zip(time.values.windows(2));
    let mut ends = pairs.filter(|(ids, _)| ids[0] != ids[1]).peekable();
    ends.peek().is_some()
        && ends.all(|(_, times)| match times {
            [Value::Number(before), Value::Number(after)] => after < before,
            [Value::Text(before), Value::Text(after)] => after < before,
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::user_column;
    use crate::init::sample::Sample;
    use crate::init::survey::DataFile;

    /// The beginning of a file with these rows.
    fn sample(text: &str) -> Sample {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        let file = DataFile { name: "a.csv".into(), path, bytes: text.len() as u64 };
        let sample = Sample::of("d", &file, true).unwrap();
        Sample { file: DataFile { path: PathBuf::new(), ..sample.file }, ..sample }
    }

    fn rows(header: &str, row: impl Fn(usize) -> String) -> Sample {
        let rows: Vec<String> = (0..100).map(row).collect();
        sample(&format!("{header}\n{}\n", rows.join("\n")))
    }

    #[test]
    fn a_column_of_ids_is_called_so_and_holds_several() {
        let found = |samples: &[Sample]| {
            user_column(samples, samples.len(), &["time".to_owned()]).map(|user| user.name)
        };
        let blocks = |name: &str| rows(&format!("{name},time,x"), |n| format!("p{},{},3.5", n / 50, n % 50));
        assert_eq!(found(&[blocks("subject_id")]).as_deref(), Some("subject_id"));
        assert_eq!(found(&[blocks("whatever")]).as_deref(), Some("whatever"), "time begins anew");
        let phases = rows("phase,time,x", |n| format!("p{},{n},3.5", n / 50));
        assert_eq!(found(&[phases]), None, "time goes on");
        let rows_counted = rows("id,time,x", |n| format!("{n},{n},3.5"));
        assert_eq!(found(&[rows_counted]), None, "a number a row");
        let one = || rows("id,time,x", |n| format!("7,{n},3.5"));
        assert_eq!(found(&[one()]), None, "a file a user");
        assert_eq!(found(&[one(), one()]).as_deref(), Some("id"), "two files of one user");
        let mixed = rows("ID,time,x", |n| format!("{},{n},3.5", n % 3));
        assert_eq!(found(&[mixed]).as_deref(), Some("ID"), "rows of all users in order of time");
    }
}
