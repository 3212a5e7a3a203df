//! Tests of what is told of times.

use super::{doubt, recording, time};

#[test]
fn the_unit_of_a_large_number_is_named() {
    for (value, name, sql) in [
        (1_767_571_200e3, "milliseconds", "`\"t\" / 1000`"),
        (1_767_571_200e6, "microseconds", "`\"t\" / 1000000`"),
        (1_767_571_200e9, "nanoseconds", "`\"t\" / 1000000000`"),
        (134_120_448e9, "since 1601", "`\"t\" / 10000000 - 11644473600`"),
        (639_031_680e9, "since the year 1", "`\"t\" / 10000000 - 62135596800`"),
    ] {
        let told = time(value, "\"t\"").unwrap();
        assert!(told.contains(name) && told.contains("2026-01-05T00:00:00Z") && told.contains(sql), "{told}");
    }
    assert!(time(1_767_571_200e3, "a + b").unwrap().contains("`(a + b) / 1000`"));
    for (value, form) in [(20_260_105_130_500.0, "'%Y%m%d%H%M%S'"), (202_601_051_305.0, "'%Y%m%d%H%M'")] {
        let told = time(value, "t").unwrap();
        assert!(told.contains("it looks like 2026-01-05 13:05:00") && told.contains(form), "{told}");
    }
    assert!(time(253_402_300_799.0, "t").unwrap().contains("9999-12-31T23:59:59Z"));
    assert!(time(1e300, "t").unwrap().contains("beyond the calendar"));
    for (value, told) in [
        (-1.0, "1969-12-31T23:59:59Z, before 1970 (hint: if it stands for a time that is missing"),
        (
            -61_346_332_800.0,
            "0026-01-05T00:00:00Z, before 1970 (hint: a year of two digits, probably 2026: write `%y`",
        ),
        (-59_642_265_600.0, "probably 1980: write"),
        (
            -1_388_188_800.0,
            "1926-01-05T00:00:00Z, before 1970 (hint: the year was probably written with two digits and is 2026;",
        ),
        (-1e300, "beyond the calendar, before 1970"),
    ] {
        let said = time(value, "t").unwrap();
        assert!(
            said.contains(told) && said.ends_with("`data.plausibility: false` takes such times as they are)"),
            "{said}"
        );
    }
    assert_eq!(time(4e9, "t"), None, "dates are shifted for privacy");
    assert!(time(9_223_372_036.854_776, "to_timestamp(t)").unwrap().contains("takes numbers for seconds"));
}

fn told(times: &[f64]) -> Option<(usize, String)> {
    recording(times, &vec![true; times.len()], "t")
}

#[test]
fn days_are_not_seconds() {
    let minutes = |start: f64| (0..100).map(|row| start + f64::from(row) / 1440.0).collect::<Vec<f64>>();
    for (start, name, sql) in [
        (46_027.0, "spreadsheets", "`t * 86400 - 2209161600`"),
        (20_458.0, "days since 1970", "`t * 86400`"),
        (739_987.0, "MATLAB", "`t * 86400 - 62167305600`"),
        (61_045.0, "modified Julian", "`t * 86400 - 3506716800`"),
        (2_461_045.5, "Julian", "`t * 86400 - 210866760000`"),
    ] {
        let (row, told) = told(&minutes(start)).unwrap();
        assert_eq!(row, 0);
        assert!(told.contains(name) && told.contains("2026-01-05T00:00:00Z") && told.contains(sql), "{told}");
    }
    assert_eq!(told(&minutes(0.0)), None, "since the start of a fast recording");
    let seconds: Vec<f64> = (0..100).map(|row| 46_027.0 + f64::from(row)).collect();
    assert_eq!(told(&seconds), None, "since the start of a slow one");
}

#[test]
fn a_clock_that_was_not_set_is_named() {
    let (row, reason) = told(&[1_767_571_260.0, 60.0, 0.0, 1_767_571_200.0]).unwrap();
    assert_eq!(row, 2);
    assert!(reason.contains("remove the 2 row(s)") && reason.contains("2026-01-05T00:00:00Z"), "{reason}");
    assert_eq!(recording(&[0.0, 1_767_571_200.0], &[false, true], "t"), None, "a row that is dropped");
    assert_eq!(told(&[315_500_000.0, 315_600_000.0]), None, "from 1979 to 1980");
    assert_eq!(told(&[]), None);
}

#[test]
fn times_of_other_epochs_are_told() {
    let told = |start: f64| doubt(&[start, start + 60.0], "t");
    let start = told(0.0).unwrap();
    assert!(start.contains("from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z"), "{start}");
    assert!(start.contains("hours since then") && start.contains("`t * 60` of minutes"), "{start}");
    assert!(told(40_000_000.0).unwrap().contains("1971-04-08"));
    let epoch = 1_767_571_200.0;
    for (zero, name, sql) in [
        (2_082_844_800.0, "LabVIEW", "`t - 2082844800`"),
        (2_208_988_800.0, "NTP", "`t - 2208988800`"),
        (12_219_379_200.0, "SPSS", "`t - 12219379200`"),
    ] {
        let told = told(epoch + zero).unwrap();
        let date = told.contains("2026-01-05T00:00:00Z");
        assert!(date && told.contains(name) && told.contains(sql), "{told}");
    }
    assert_eq!(told(epoch), None);
    assert_eq!(doubt(&[], "t"), None);
}
