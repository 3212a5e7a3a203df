use super::super::place::Lines;
use super::super::testing::small;
use super::{Config, DatasetError, MissingTarget, Series, UserFrame, series};
use crate::config::{Discretize, GapMode, QuantileRule, RowOrder};

const NAN: f64 = f64::NAN;

/// The series of rows (time, source, target), the first on line 2.
fn of(config: &Config, rows: &[[f64; 3]]) -> Result<Series, DatasetError> {
    let column = |index: usize| rows.iter().map(|row| row[index]).collect::<Vec<f64>>();
    let frame = UserFrame {
        id: "u".to_owned(),
        lines: Lines::new((2..).take(rows.len()).collect()),
        timestamp: config.data.timestamp.as_ref().map(|_| column(0)),
        target: column(2),
        condition: config.data.condition.as_ref().map(|_| column(0)),
        sources: [("m".to_owned(), Ok(column(1)))].into(),
        fingerprint: String::new(),
    };
    series(config, &frame, frame.sources["m"].as_ref().unwrap())
}

#[test]
fn gaps_and_dropped_rows_start_segments() {
    let rows = [
        [0.0, 0.0, 1.0],
        [60.0, 1.0, 0.0],
        [120.0, NAN, 0.0],
        [180.0, 1.0, 1.0],
        [240.0, 0.0, 0.0],
        [340.0, 0.0, 1.0],
        [400.0, 1.0, NAN],
        [460.0, 1.0, 1.0],
    ];
    let mut config = small();
    let found = of(&config, &rows).unwrap();
    assert_eq!(found.source, [0, 1, 1, 0, 0, 1]);
    assert_eq!(found.target, [1, 0, 1, 0, 1, 1]);
    assert_eq!(found.segment_starts, [0, 2, 4, 5]);
    assert_eq!((found.rows_read, found.rows_without_source, found.rows_without_target), (8, 1, 1));
    config.gaps.max_seconds = Some(100.0);
    assert_eq!(of(&config, &rows).unwrap().segment_starts, [0, 2, 5]);
    config.data.missing_target = MissingTarget::Zero;
    assert_eq!(of(&config, &rows).unwrap().segment_starts, [0, 2]);
    config.gaps.mode = GapMode::Ignore;
    let found = of(&config, &rows).unwrap();
    assert_eq!(found.segment_starts, [0]);
    assert_eq!(found.target, [1, 0, 1, 0, 1, 0, 1]);
}

#[test]
fn two_rates_are_told() {
    let rows = |fast: usize, slow: usize| -> Vec<[f64; 3]> {
        let steps = std::iter::repeat_n(60.0, fast).chain(std::iter::repeat_n(120.0, slow));
        let times = steps.scan(0.0, |time, step| {
            *time += step;
            Some(*time)
        });
        times.enumerate().map(|(row, time)| [time, (row % 3) as f64, (row % 2) as f64]).collect()
    };
    let mut config = small();
    let found = of(&config, &rows(40, 20)).unwrap();
    let told = found.long_steps.unwrap().to_string();
    assert!(told.starts_with("20 of 59 steps are longer than 1.5 times the median step of 60 s"), "{told}");
    assert!(told.contains("20 are of 120 s"), "{told}");
    assert_eq!(found.segment_starts.len(), 21);
    assert_eq!(of(&config, &rows(12, 8)).unwrap().long_steps, None, "few");
    config.gaps.max_seconds = Some(120.0);
    assert_eq!(of(&config, &rows(40, 20)).unwrap().long_steps, None, "somebody has decided");
}

#[test]
fn gaps_of_one_length_are_told() {
    // A pause behind every ten rows, as long as `pause` says.
    let with = |pauses: usize, pause: &dyn Fn(usize) -> f64| {
        let steps = (1..=pauses).flat_map(|n| std::iter::repeat_n(60.0, 9).chain([pause(n)]));
        let times = std::iter::once(0.0).chain(steps.scan(0.0, |time, step| {
            *time += step;
            Some(*time)
        }));
        let rows: Vec<[f64; 3]> =
            times.enumerate().map(|(row, time)| [time, (row % 3) as f64, (row % 2) as f64]).collect();
        of(&small(), &rows).unwrap().long_steps.map(|steps| steps.to_string())
    };
    let told = with(12, &|_| 900.0).unwrap();
    assert!(told.starts_with("12 of 120 steps") && told.contains("12 are of 900 s"), "{told}");
    assert!(told.contains("`gaps.max_seconds`"), "{told}");
    let uneven = with(12, &|n| 895.0 + n as f64).unwrap();
    assert!(uneven.contains("12 are of"), "{uneven}");
    let but_one = with(12, &|n| if n == 3 { 30_000.0 } else { 900.0 }).unwrap();
    assert!(but_one.contains("11 are of 900 s"), "{but_one}");
    assert_eq!(with(12, &|n| 900.0 * n as f64), None, "gaps as they befall a recording");
    assert_eq!(with(9, &|_| 900.0), None, "few");
}

#[test]
fn a_time_far_from_all_others_is_told() {
    let doubts = |odd: &[(usize, f64)]| {
        let mut rows: Vec<[f64; 3]> = (0..60_u32)
            .map(|row| [1.767_571_2e9 + 60.0 * f64::from(row), f64::from(row % 3), f64::from(row % 2)])
            .collect();
        for &(row, time) in odd {
            rows[row][0] = time;
        }
        of(&small(), &rows).unwrap().doubts
    };
    let told = doubts(&[(7, 4_294_967_295.0)]);
    assert_eq!(
        told,
        [
            "1 of 60 times is more than a year from all others (2026-01-05T00:00:00Z to 2026-01-05T00:59:00Z): \
          2106-02-07T06:28:15Z at line 9 (hint: a clock that was not set, or a number for a missing time? If so, remove \
          the row)"
        ]
    );
    // The largest number of 32 bits with a sign, a default of the year 2000, and both ends at once.
    assert!(doubts(&[(0, 2_147_483_647.0)])[0].contains("2038-01-19T03:14:07Z at line 2"));
    let both = doubts(&[(0, 946_684_800.0), (59, 4_070_908_800.0)]);
    assert!(both[0].starts_with("2 of 60 times are more than a year from all others"), "{both:?}");
    assert!(both[0].contains("the first 2000-01-01T00:00:00Z at line 2"), "{both:?}");
    let next_year: Vec<(usize, f64)> = (40..60).map(|row| (row, 1.9e9 + 60.0 * row as f64)).collect();
    assert!(doubts(&next_year).is_empty(), "recorded twice");
    let every_year: Vec<(usize, f64)> = (0..60).map(|row| (row, 4e7 * (10 + row) as f64)).collect();
    assert!(doubts(&every_year).is_empty(), "a row a year");
    assert!(doubts(&[]).is_empty());
}

#[test]
fn rows_are_put_in_time_order() {
    let rows = [[7200.0, 2.0, 0.0], [0.0, 0.0, 1.0], [3600.0, 1.0, 0.0]];
    let mut config = small();
    let found = of(&config, &rows).unwrap();
    assert_eq!((found.source, found.hour), (vec![0, 1, 2], vec![0, 1, 2]));
    assert_eq!(found.segment_starts, [0]);
    config.data.order = RowOrder::File;
    let found = of(&config, &rows).unwrap();
    assert_eq!(found.source, [2, 0, 1]);
    assert_eq!(found.segment_starts, [0, 1], "time does not go back within a segment");
}

#[test]
fn implausible_rows_are_named() {
    let good = [0.0, 0.0, 1.0];
    let code = |row: [f64; 3]| {
        let error = of(&small(), &[good, row]).unwrap_err();
        assert!(error.is_failure() && error.to_string().contains('3'), "{error}");
        error.code()
    };
    assert_eq!(code([0.0, 1.0, 0.0]), "duplicate_timestamp");
    assert_eq!(code([NAN, 1.0, 0.0]), "missing_timestamp");
    assert_eq!(code([1.4e12, 1.0, 0.0]), "implausible_timestamp");
    assert_eq!(code([-60.0, 1.0, 0.0]), "implausible_timestamp");
    assert_eq!(code([f64::INFINITY, 1.0, 0.0]), "implausible_timestamp");
    assert_eq!(code([60.0, 0.5, 0.0]), "not_a_symbol");
    for label in [0.7, -1.0, f64::INFINITY] {
        assert_eq!(code([60.0, 1.0, label]), "not_a_symbol");
    }
    // A row that is dropped anyway need not have a time.
    assert_eq!(of(&small(), &[good, [60.0, 1.0, 1.0], [NAN, NAN, NAN]]).unwrap().len(), 2);
}

#[test]
fn too_little_is_skipped() {
    let rows = [[0.0, 0.0, 1.0], [60.0, 0.0, 0.0]];
    assert_eq!(of(&small(), &rows).unwrap_err().code(), "no_variance");
    let unlabelled = [[0.0, 0.0, NAN], [60.0, 1.0, NAN]];
    let error = of(&small(), &unlabelled).unwrap_err();
    assert_eq!((error.code(), error.is_skip()), ("no_labels", true));
    let mut config = small();
    config.data.min_rows = 3;
    let error = of(&config, &rows).unwrap_err();
    assert_eq!(error, DatasetError::TooFewRows { found: 2, needed: 3, read: 2 });
    config.data.min_rows = 0;
    assert_eq!(of(&config, &[[0.0, NAN, 1.0]]).unwrap_err().code(), "too_few_rows");
}

#[test]
fn without_a_clock_rows_are_steps() {
    let mut config = small();
    config.data.timestamp = None;
    let rows = [[3.0, 0.0, 1.0], [1.0, 1.0, 0.0], [1.0, NAN, 0.0], [NAN, 1.0, 0.0], [0.0, 2.0, 0.0]];
    let found = of(&config, &rows).unwrap();
    assert_eq!((found.condition, found.condition_levels), (vec![0; 4], 1));
    assert_eq!((found.hour.len(), found.segment_starts), (0, vec![0, 2]));
    config.data.condition = Some("time".to_owned());
    let found = of(&config, &rows).unwrap();
    assert_eq!((found.condition, found.condition_levels), (vec![3, 1, 0], 4));
    assert_eq!((found.rows_without_condition, found.segment_starts), (1, vec![0, 2]));
}

#[test]
fn a_target_can_be_binned() {
    let mut config = small();
    config.data.discretize_target = Discretize::Quantiles { bins: 2, rule: QuantileRule::Ranked };
    config.data.missing_target = MissingTarget::Zero;
    let rows = [[0.0, 0.0, -3.5], [60.0, 1.0, 0.5], [120.0, 2.0, NAN], [180.0, 3.0, 9.5]];
    assert_eq!(of(&config, &rows).unwrap().target, [0, 1, 0, 1]);
}

#[test]
fn numbers_that_stand_for_missing_values_are_told() {
    let doubts = |of_missing: f64, every: usize| {
        let rows: Vec<[f64; 3]> = (0..40)
            .map(|row| {
                let value = if row % every == 7 { of_missing } else { f64::from(row as u32 % 5) };
                [1_767_571_200.0 + 60.0 * row as f64, value, f64::from(row as u32 % 2)]
            })
            .collect();
        let mut config = small();
        config.data.discretize_source = Discretize::Quantiles { bins: 3, rule: QuantileRule::Ranked };
        of(&config, &rows).unwrap().doubts
    };
    assert_eq!(
        doubts(-999.0, 10),
        [
            "the source is -999 in 4 rows, the first at line 9, and from 0 to 4 in all others (hint: if it stands for a missing \
          value, set `data.missing_values: [-999]`)"
        ]
    );
    assert!(doubts(9999.0, 10)[0].contains("`data.missing_values: [9999]`"));
    assert!(
        doubts(65_535.0, 10)[0].contains("the largest number of 16 bits; if it stands for a missing value")
    );
    for (value, written) in [
        (32_767.0, "32767"),
        (-32_768.0, "-32768"),
        (2_147_483_647.0, "2147483647"),
        (4_294_967_295.0, "4294967295"),
        (1e30, "1e30"),
        (-3.402_823_5e38, "-3.4028235e38"),
        (f64::from(f32::MIN), "-3.4028234663852886e38"),
        (f64::from(1e30_f32), "1.0000000150474662e30"),
        (f64::MAX, "1.7976931348623157e308"),
    ] {
        let told = doubts(value, 10).remove(0);
        assert!(told.contains(&format!("the source is {written} in 4 rows")), "{told}");
        assert!(told.contains(&format!("`data.missing_values: [{written}]`")), "{told}");
    }
    for (value, every, why) in [
        (-998.0, 10, "no such number"),
        (65_534.0, 10, "no end of a type"),
        (-999.0, 40, "once"),
        (5.0, 10, "a value"),
    ] {
        assert!(doubts(value, every).is_empty(), "{why}");
    }
}

#[test]
fn times_before_1980_are_told() {
    let rows: Vec<[f64; 3]> = (0..9).map(|row| [60.0 * f64::from(row), f64::from(row % 2), 1.0]).collect();
    let mut config = small();
    let told = of(&config, &rows).unwrap().doubts;
    assert!(told[0].contains("from 1970-01-01T00:00:00Z to 1970-01-01T00:08:00Z"), "{told:?}");
    config.data.plausibility = false;
    assert!(!of(&config, &rows).unwrap().doubts.iter().any(|doubt| doubt.contains("1970")));
}
