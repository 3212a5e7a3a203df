use proptest::prelude::*;

use super::super::testing::small;
use super::*;
use crate::dataset::inputs;

const UTC: WallClock = WallClock::Offset(0.0);

/// Times of day beside each other, in seconds since midnight.
fn times_of_day(wall: WallClock, one: &[f64], other: &[f64]) -> Vec<(f64, f64)> {
    let of_day = |time: f64| wall.local(time).rem_euclid(DAY);
    beside(wall, one, other).into_iter().map(|(a, b)| (of_day(one[a]), of_day(other[b]))).collect()
}

#[test]
fn recordings_are_moved_by_whole_days() {
    let minutes = |from: f64, n: usize| (0..n).map(|i| from + 60.0 * i as f64).collect::<Vec<f64>>();
    // The first begins 40 days and 3 hours later, and 20 seconds past the minute.
    let (one, other) = (minutes(40.0 * DAY + 3.0 * HOUR + 20.0, 5000), minutes(0.0, 5000));
    let found = beside(UTC, &one, &other);
    assert_eq!((found.len(), found[0], found[1]), (4820, (0, 180), (1, 181)));
    // Half a day later as well as half a day earlier would do; the fuller one is taken.
    let evening = minutes(100.0 * DAY + 12.0 * HOUR, 1500);
    assert_eq!(beside(UTC, &evening, &minutes(0.0, 1440)).len(), 780);
    assert_eq!(beside(UTC, &minutes(0.0, 60), &minutes(12.0 * HOUR, 60)), []);
    assert_eq!(beside(UTC, &minutes(0.0, 60), &minutes(0.0, 1)), [], "a row has no period");
    assert_eq!(beside(UTC, &[], &minutes(0.0, 60)), []);
}

#[test]
fn a_row_is_used_once_and_the_earlier_of_two_is_nearer() {
    let other = [0.0, 60.0, 120.0];
    assert_eq!(beside(UTC, &[30.0, 150.0], &other), [(0, 0), (1, 2)]);
    assert_eq!(beside(UTC, &[31.0], &other), [(0, 1)]);
    assert_eq!(beside(UTC, &[-30.0, 30.0, 91.0], &other), [(0, 0), (1, 1), (2, 2)]);
    // Of a faster recorder every second row, of a slower one only where both have one.
    let fast: Vec<f64> = (0..9).map(|i| 30.0 * f64::from(i)).collect();
    assert_eq!(beside(UTC, &fast, &other), [(0, 0), (2, 1), (4, 2)]);
    assert_eq!(beside(UTC, &other, &fast), [(0, 0), (1, 2), (2, 4)]);
    // Rows without a time, of one time, and out of order.
    assert_eq!(beside(UTC, &[60.0, f64::NAN, 0.0, 60.0], &other), [(2, 0), (0, 1)]);
}

#[test]
fn the_clock_is_that_of_the_wall() {
    // 2026-10-25, 01:00 UTC: the clocks of Berlin are set back from 3 to 2.
    let berlin = WallClock::Zone(chrono_tz::Europe::Berlin);
    let back = 1_792_890_000.0;
    let quarters = |from: f64| (0..16).map(|i| from + 900.0 * f64::from(i)).collect::<Vec<f64>>();
    // From 01:00 to 05:00 on the wall, one of them with an hour twice; a week earlier there was one of each.
    let found = times_of_day(berlin, &quarters(back - 2.0 * HOUR), &quarters(back - 7.0 * DAY - 2.0 * HOUR));
    assert!(found.iter().all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    assert_eq!(found.len(), 12, "the hour that comes twice counts once");
}

#[test]
fn the_frame_has_the_source_of_one_and_all_else_of_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.csv", "time,x,y\n864000,1,0\n864060,2,1\n864120,0,1\n");
    write("b.csv", "time,x,y\n0,7,1\n60,8,0\n180,9,0\n120,3,1\n");
    let mut config = small();
    config.data_root = folder.path().to_str().unwrap().to_owned();
    config.data.files = "*".to_owned();
    let users = inputs(&config).unwrap();
    let recipe = Recipe::new(&config).unwrap();
    let pair = PairInput { source: users[0].clone(), target: users[1].clone() };
    let input = Input::Pair(pair.clone());
    let frame = recipe.read_input(&input).unwrap();
    assert_eq!(frame.id, "a~b");
    assert_eq!(frame.timestamp.as_deref(), Some(&[0.0, 60.0, 120.0][..]));
    assert_eq!(frame.sources["m"], Ok(vec![1.0, 2.0, 0.0]));
    assert_eq!((frame.target.as_slice(), frame.lines.as_slice()), (&[1.0, 0.0, 1.0][..], &[2, 3, 5][..]));
    assert_eq!(recipe.series(&frame, "m").unwrap().source, [1, 2, 0]);
    // The plan's text, and what changes with either file.
    let text = serde_json::to_string(&input).unwrap();
    assert_eq!(serde_json::from_str::<Input>(&text).unwrap(), input);
    let user = serde_json::to_string(&users[0]).unwrap();
    assert_eq!(serde_json::from_str::<Input>(&user).unwrap(), Input::User(users[0].clone()));
    assert_eq!(input.fingerprint().unwrap(), frame.fingerprint);
    let before = frame.fingerprint;
    write("a.csv", "time,x,y\n864000,1.5,0\n864060,2,1\n864120,0,1\n");
    assert_ne!(input.fingerprint().unwrap(), before);
    // A fault of the source is told with its own line.
    let frame = recipe.read_input(&input).unwrap();
    let error = recipe.series(&frame, "m").unwrap_err();
    assert!(error.to_string().starts_with("user `a`: line 2: source value 1.5"), "{error}");
    std::fs::remove_file(folder.path().join("b.csv")).unwrap();
    let error = recipe.read_input(&input).unwrap_err();
    assert!(error.to_string().starts_with("user `b`: ") && error.code() == "unreadable", "{error}");
}

#[test]
fn without_a_clock_rows_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.csv", "x,y\n1,0\n2,1\n0,1\n4,4\n");
    write("b.csv", "x,y\n7,1\n8,0\n9,0\n");
    let mut config = small();
    config.data.timestamp = None;
    config.data_root = folder.path().to_str().unwrap().to_owned();
    config.data.files = "*".to_owned();
    let users = inputs(&config).unwrap();
    let input = Input::Pair(PairInput { source: users[0].clone(), target: users[1].clone() });
    let frame = Recipe::new(&config).unwrap().read_input(&input).unwrap();
    assert_eq!((frame.timestamp, frame.target), (None, vec![1.0, 0.0, 0.0]));
    assert_eq!(frame.sources["m"], Ok(vec![1.0, 2.0, 0.0]));
}

/// A recording: steps of about a minute with gaps, from some time on.
fn recording() -> impl Strategy<Value = Vec<f64>> {
    let step = prop_oneof![20 => Just(60.0), 2 => 1.0..120.0f64, 1 => 3600.0..200_000.0f64];
    (0.0..3e7f64, prop::collection::vec(step, 2..400)).prop_map(|(start, steps)| {
        steps.into_iter().fold(vec![start], |mut times, step| {
            times.push(times[times.len() - 1] + step);
            times
        })
    })
}

proptest! {
    #[test]
    fn rows_stand_beside_those_of_their_time_of_day(
        one in recording(), other in recording(), offset in -12.0..14.0f64,
    ) {
        let wall = WallClock::Offset(offset);
        let found = beside(wall, &one, &other);
        let order: Vec<usize> = (0..other.len()).collect();
        let most = period(&other, &order).unwrap() / 2.0;
        for (a, b) in &found {
            let apart = (wall.local(one[*a]) - wall.local(other[*b])).rem_euclid(DAY);
            prop_assert!(apart.min(DAY - apart) <= most + 1e-6, "{apart} s apart");
        }
        // In time, and nobody twice.
        for step in found.windows(2) {
            prop_assert!(step[0].0 < step[1].0 && step[0].1 < step[1].1);
        }
    }

    #[test]
    fn a_recording_stands_beside_itself_whatever_the_days_between(one in recording(), days in -3000i32..3000) {
        // Whole seconds, so that moving them by days changes no digit.
        let one: Vec<f64> = one.iter().map(|time| time.round()).collect();
        let mut distinct = one.clone();
        distinct.dedup();
        let moved: Vec<f64> = distinct.iter().map(|time| time + DAY * f64::from(days)).collect();
        let found = beside(UTC, &moved, &distinct);
        let same: Vec<(usize, usize)> = (0..distinct.len()).map(|row| (row, row)).collect();
        prop_assert_eq!(found, same);
    }
}
