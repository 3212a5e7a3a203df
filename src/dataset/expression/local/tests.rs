use super::*;

const BERLIN: Tz = Tz::Europe__Berlin;

/// Texts as seconds since 1970, read on the clock of Berlin.
fn read(texts: &[&str]) -> Result<Vec<Option<i64>>> {
    let parse = |offset: i64| -> Int64Array {
        texts
            .iter()
            .map(|text| {
                if let Ok(time) = DateTime::parse_from_rfc3339(text) {
                    return Some(time.timestamp());
                }
                let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok()?;
                Some(time.and_utc().timestamp() - offset)
            })
            .collect()
    };
    Ok(instants(BERLIN, 1, &parse(0), &parse(12 * 3600))?.iter().collect())
}

fn utc(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp()
}

#[test]
fn summer_winter_and_offsets() {
    let read = read(&["2026-01-05T12:00", "2026-07-05T12:00", "", "2026-07-05T12:00:00-03:00"]).unwrap();
    let expected = [
        Some(utc("2026-01-05T11:00:00Z")),
        Some(utc("2026-07-05T10:00:00Z")),
        None,
        Some(utc("2026-07-05T15:00:00Z")),
    ];
    assert_eq!(read, expected);
}

#[test]
fn the_hour_that_comes_twice_goes_on_from_row_to_row() {
    let texts = [
        "2026-10-25T01:30",
        "2026-10-25T02:00",
        "2026-10-25T02:30",
        "2026-10-25T02:00",
        "",
        "2026-10-25T02:30",
        "2026-10-25T03:00",
    ];
    let start = utc("2026-10-24T23:30:00Z");
    let expected: Vec<Option<i64>> =
        [0, 1, 2, 3, -1, 4, 5].iter().map(|&step| (step >= 0).then_some(start + 1800 * step)).collect();
    assert_eq!(read(&texts).unwrap(), expected);
    // An hour a row: the same text twice.
    let hourly = ["2026-10-25T01:30", "2026-10-25T02:30", "2026-10-25T02:30", "2026-10-25T03:30"];
    let expected: Vec<Option<i64>> = (0..4).map(|step| Some(start + 3600 * step)).collect();
    assert_eq!(read(&hourly).unwrap(), expected);
}

#[test]
fn a_stretch_in_one_of_both_hours_is_put_where_the_gap_is_smaller() {
    let second = Some(utc("2026-10-25T01:40:00Z"));
    // The recording starts in the second of both hours, or its first is missing.
    assert_eq!(read(&["2026-10-25T02:40", "2026-10-25T03:00"]).unwrap()[0], second);
    assert_eq!(read(&["2026-10-25T01:00", "2026-10-25T02:40", "2026-10-25T03:00"]).unwrap()[1], second);
    // It stops in the first.
    let first = Some(utc("2026-10-25T00:40:00Z"));
    assert_eq!(read(&["2026-10-25T01:59", "2026-10-25T02:40"]).unwrap()[1], first);
    assert_eq!(read(&["2026-10-25T02:40"]).unwrap()[0], first);
}

#[test]
fn what_cannot_be_known_is_refused() {
    let gap = read(&["2026-03-29T02:30"]).unwrap_err().to_string();
    assert!(gap.contains("2026-03-29 02:30:00 is not a time in Europe/Berlin"), "{gap}");
    let mixed = ["2026-10-25T04:00", "2026-10-25T01:00", "2026-10-25T02:30"];
    let error = read(&mixed).unwrap_err().to_string();
    assert!(error.contains("2026-10-25 01:00:00 follows a later one"), "{error}");
    assert!(read(&["2026-10-26T04:00", "2026-10-26T01:00"]).is_ok(), "no hour comes twice here");
}
