//! Tests of the demo data.

use std::collections::HashSet;
use std::fs;
use std::io::Read;

use super::columns::sensors;
use super::model::{Life, Sample};
use super::names::LABELS;
use super::person::{Person, ROWS};
use super::*;

/// The planted truth of one user.
struct PlantedUser {
    /// The id, which is the file name up to its first dot.
    user_id: String,
    /// How strongly activity drives sitting; 0 where they are independent given the hour.
    coupling: f64,
}

/// The truth behind the data set of this size and seed, in the bytewise order of the user ids.
fn planted(users: u32, seed: u64) -> Vec<PlantedUser> {
    let mut truth: Vec<PlantedUser> = (0..users)
        .map(|index| Person::draw(seed, index))
        .map(|person| PlantedUser { user_id: person.id, coupling: person.coupling })
        .collect();
    truth.sort_by(|a, b| a.user_id.cmp(&b.user_id));
    truth
}

fn spec(users: u32, out: &std::path::Path, wide: bool) -> DemoSpec {
    DemoSpec { users, out: out.to_owned(), seed: 42, wide }
}

fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_users_file_depends_on_nothing_but_the_seed_and_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let (three, five) = (folder.path().join("three"), folder.path().join("five"));
    write_dataset(&spec(3, &three, false)).unwrap();
    write_dataset(&spec(5, &five, false)).unwrap();
    let (few, many) = (files(&three), files(&five));
    assert_eq!((few.len(), many.len()), (3, 5));
    assert!(few.iter().all(|file| many.contains(file)));
    write_dataset(&spec(3, &three, false)).unwrap();
    assert_eq!(files(&three), few, "a second call writes the same bytes in the same place");
    let other = DemoSpec { seed: 43, out: folder.path().join("other"), ..spec(3, &three, false) };
    write_dataset(&other).unwrap();
    assert!(files(&other.out).iter().all(|file| !few.contains(file)));
}

#[test]
fn the_files_have_the_format_and_the_report_tells_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let report = write_dataset(&spec(4, folder.path(), false)).unwrap();
    let files = files(folder.path());
    let ids: Vec<String> = planted(4, 42).into_iter().map(|user| user.user_id).collect();
    let names: Vec<String> = ids.iter().map(|id| format!("{id}.features_labels.csv")).collect();
    assert_eq!(files.iter().map(|file| file.0.clone()).collect::<Vec<_>>(), names);
    let mut rows = 0;
    for (_, bytes) in &files {
        let text = std::str::from_utf8(bytes).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next().unwrap(),
            "timestamp,raw_acc:magnitude_stats:mean,raw_acc:3d:mean_x,raw_acc:3d:mean_y,raw_acc:3d:mean_z,\
             raw_acc:3d:std_x,raw_acc:3d:std_y,raw_acc:3d:std_z,label:LYING_DOWN,label:SITTING,label_source"
        );
        let cells: Vec<Vec<f64>> =
            lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
        assert!(cells.iter().all(|row| row.len() == 11));
        assert!(
            cells.windows(2).all(|pair| pair[1][0] > pair[0][0] && (pair[1][0] - pair[0][0]) % 60.0 == 0.0)
        );
        assert!(cells.windows(2).any(|pair| pair[1][0] - pair[0][0] > 600.0), "there are gaps");
        let missing = |column: usize| {
            cells.iter().filter(|row| row[column].is_nan()).count() as f64 / cells.len() as f64
        };
        assert!((0.005..0.04).contains(&missing(1)) && (0.01..0.06).contains(&missing(9)));
        rows += cells.len() as u64;
    }
    let bytes = files.iter().map(|file| file.1.len() as u64).sum();
    assert_eq!(report, DemoReport { users: 4, rows, bytes, folder: folder.path().to_owned() });
}

#[test]
fn lengths_stay_in_bounds_and_have_the_mean_of_the_real_data() {
    for (users, tolerance) in [(12, 1_000.0), (60, 250.0), (1000, 50.0)] {
        for seed in 0..5 {
            let people: Vec<Person> = (0..users).map(|index| Person::draw(seed, index)).collect();
            assert!(people.iter().all(|person| (ROWS.0..=ROWS.1).contains(&person.rows)));
            let mean = people.iter().map(|person| f64::from(person.rows)).sum::<f64>() / f64::from(users);
            assert!((mean - 6_333.0).abs() < tolerance, "{users} users: {mean}");
            let ids: HashSet<&str> = people.iter().map(|person| person.id.as_str()).collect();
            assert_eq!(ids.len(), people.len());
            assert!(ids.iter().all(|id| id.len() == 36 && !id.contains(|c: char| c.is_lowercase())));
        }
    }
}

#[test]
fn wide_files_have_the_real_width_and_the_numbers_of_the_narrow_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (wide, narrow) = (folder.path().join("wide"), folder.path().join("narrow"));
    write_dataset(&spec(1, &wide, true)).unwrap();
    write_dataset(&spec(1, &narrow, false)).unwrap();
    let files_wide = files(&wide);
    assert!(files_wide[0].0.ends_with(".features_labels.csv.gz"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&files_wide[0].1[..]).read_to_string(&mut text).unwrap();
    let narrow = String::from_utf8(files(&narrow)[0].1.clone()).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    assert_eq!(header.len(), 278);
    assert_eq!(header.iter().collect::<HashSet<_>>().len(), 278);
    assert_eq!(sensors().iter().map(|sensor| sensor.features.len()).sum::<usize>(), 225);
    assert_eq!(LABELS.len(), 51);
    let mut lines = narrow.lines();
    let used: Vec<usize> = lines
        .next()
        .unwrap()
        .split(',')
        .map(|name| header.iter().position(|column| *column == name).unwrap())
        .collect();
    let mut rows = text.lines().skip(1);
    for expected in lines {
        let cells: Vec<&str> = rows.next().unwrap().split(',').collect();
        assert_eq!(cells.len(), 278);
        let found: Vec<&str> = used.iter().map(|&column| cells[column]).collect();
        assert_eq!(found.join(","), expected);
    }
    assert_eq!(rows.next(), None);
}

/// Correlation, within the blocks of the rhythm, of what the sensor shows and of sitting a minute
/// later, where sitting did not change its past: both are taken among minutes of the same past.
fn lagged(person: &Person) -> f64 {
    let samples: Vec<Sample> = Life::of(person).collect();
    let mut cells = vec![Vec::new(); 12];
    for pair in samples.windows(2) {
        let (before, now) = (&pair[0], &pair[1]);
        if now.timestamp - before.timestamp != 60 {
            continue;
        }
        let (Some(acc), Some(was), Some(is)) = (before.acceleration, before.labels, now.labels) else {
            continue;
        };
        let mean = acc[1..4].iter().map(|v| v.abs()).sum::<f64>() / 3.0;
        let spread = acc[4..7].iter().map(|v| v * v).sum::<f64>().sqrt();
        let cell = super::model::hour(now.timestamp) / 4 * 2 + usize::from(was[1]);
        cells[cell].push((0.6 * mean + 0.4 * spread, f64::from(u8::from(is[1]))));
    }
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for cell in cells.iter().filter(|cell| !cell.is_empty()) {
        let n = cell.len() as f64;
        let (x, y) = (cell.iter().map(|c| c.0).sum::<f64>() / n, cell.iter().map(|c| c.1).sum::<f64>() / n);
        for c in cell {
            xy += (c.0 - x) * (c.1 - y);
            xx += (c.0 - x).powi(2);
            yy += (c.1 - y).powi(2);
        }
    }
    xy / (xx * yy).sqrt()
}

#[test]
fn the_planted_coupling_is_visible_where_it_is_and_nowhere_else() {
    let people: Vec<Person> = (0..24).map(|index| Person::draw(42, index)).collect();
    let truth = planted(24, 42);
    assert_eq!(truth.iter().filter(|user| user.coupling == 0.0).count(), 6);
    assert!(truth.is_sorted_by(|a, b| a.user_id < b.user_id));
    for person in &people {
        let found = lagged(person);
        let error = 1.0 / f64::from(person.rows).sqrt();
        if person.coupling == 0.0 {
            assert!(found.abs() < 4.0 * error, "{}: {found}", person.id);
        } else {
            assert!(found < -5.0 * error, "{}: {found}", person.id);
        }
    }
}

#[test]
fn a_folder_with_anything_else_in_it_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    let error = write_dataset(&spec(2, folder.path(), false)).unwrap_err().to_string();
    assert!(error.contains("thesis.txt") && error.contains("\n(hint: "), "{error}");
    assert_eq!(files(folder.path()).len(), 1);
    let file = folder.path().join("thesis.txt");
    let error = write_dataset(&spec(2, &file, false)).unwrap_err().to_string();
    assert!(error.contains("thesis.txt"), "{error}");
    assert!(matches!(write_dataset(&spec(0, &file, false)), Err(DemoError::NoUsers)));
}
