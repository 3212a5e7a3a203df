use super::{Clock, clock, of_named};
use crate::dataset::{GlimpsedColumn, Value, value};

fn column(name: &str, cell: impl Fn(i64) -> String) -> GlimpsedColumn {
    let values: Vec<Value> = (0..300).map(|row| value(&cell(row), false)).collect();
    GlimpsedColumn { name: name.to_owned(), values, is_time: false, is_text: false }
}

/// Minutes from 2026-01-05 13:05 on, by their form.
fn at(form: &'static str) -> impl Fn(i64) -> String {
    move |row| {
        let time = chrono::DateTime::from_timestamp(1_767_618_300 + 60 * row, 0).unwrap();
        time.format(form).to_string()
    }
}

fn of(columns: &[GlimpsedColumn]) -> Clock {
    clock(columns, None).unwrap()
}

#[test]
fn numbers_are_times_by_their_size() {
    let start = 1_767_618_300_i64;
    let steps = || column("steps", |row| (row % 40).to_string());
    for (name, cell, sql, unit) in [
        (
            "time",
            Box::new(move |row: i64| (start + row).to_string()) as Box<dyn Fn(i64) -> String>,
            "\"time\"",
            "seconds since 1970",
        ),
        ("x", Box::new(move |row| (start + row).to_string()), "\"x\"", "seconds since 1970"),
        ("ts", Box::new(move |row| ((start + row) * 1000).to_string()), "\"ts\" / 1000", "milliseconds"),
        (
            "ts",
            Box::new(move |row| ((start + row) * 1_000_000).to_string()),
            "\"ts\" / 1000000",
            "microseconds",
        ),
        (
            "ts",
            Box::new(move |row| ((start + row) * 1_000_000_000).to_string()),
            "\"ts\" / 1000000000",
            "nanoseconds",
        ),
        (
            "date",
            Box::new(|row| format!("{}", 46027.5 + row as f64 / 1440.0)),
            "(\"date\" - 25569) * 86400",
            "spreadsheets",
        ),
        (
            "time",
            Box::new(|row| format!("{}", 739_985.5 + row as f64 / 1440.0)),
            "\"time\" * 86400 - 62167305600",
            "MATLAB",
        ),
        ("time", Box::new(|row| (60 * row).to_string()), "\"time\"", "count from a start"),
    ] {
        let found = of(&[steps(), column(name, cell)]);
        assert_eq!(found.sql, sql);
        assert!(found.unit.contains(unit), "{}", found.unit);
    }
    assert_eq!(clock(&[steps(), column("line", |row| row.to_string())], None), None);
}

#[test]
fn texts_are_times_by_their_form() {
    for (form, sql) in [
        ("%Y-%m-%d %H:%M:%S", "to_timestamp(\"t\")"),
        ("%Y-%m-%dT%H:%M:%SZ", "to_timestamp(\"t\")"),
        ("%Y-%m-%dT%H:%M:%S-0400", "to_timestamp(\"t\")"),
        ("%Y-%m-%d %H:%M", "to_timestamp(\"t\", '%Y-%m-%d %H:%M')"),
        ("%d.%m.%Y %H:%M:%S", "to_timestamp(\"t\", '%d.%m.%Y %H:%M:%S%.f')"),
        ("%m/%d/%Y %I:%M %p", "to_timestamp(\"t\", '%m/%d/%Y %I:%M %p')"),
        ("%Y%m%d%H%M%S", "to_timestamp(\"t\", '%Y%m%d%H%M%S')"),
    ] {
        let found = of(&[column("t", at(form))]);
        assert_eq!((found.sql.as_str(), found.is_text), (sql, true), "{form}");
    }
    let found = of(&[column("t", at("%Y-%m-%d %H:%M:%S+0100 [Europe/London]"))]);
    assert_eq!(found.zone.as_deref(), Some("Europe/London"));
    assert_eq!(found.sql, "to_timestamp(split_part(\"t\", ' [', 1))");
    assert!(of(&[column("t", |row| format!("1918-01-05 13:{:02}:00", row % 60))]).is_shifted);
}

#[test]
fn date_and_time_stand_in_two_columns() {
    let both = |date: &'static str| {
        [column("Datum", at(date)), column("Zeit", at("%H:%M:%S")), column("x", |row| row.to_string())]
    };
    let found = of(&both("%d.%m.%Y"));
    assert_eq!(found.sql, "to_timestamp(\"Datum\" || ' ' || \"Zeit\", '%d.%m.%Y %H:%M:%S%.f')");
    assert_eq!(found.columns, ["Datum", "Zeit"]);
    assert_eq!(of(&both("%Y-%m-%d")).sql, "to_timestamp(\"Datum\" || ' ' || \"Zeit\")");
}

#[test]
fn the_order_of_day_and_month_is_the_one_in_which_days_follow() {
    // From the fifth to the tenth of January, a row an hour.
    let hours = |form: &'static str| {
        column("t", move |row| {
            let time = chrono::DateTime::from_timestamp(1_767_571_200 + 1800 * row, 0).unwrap();
            time.format(form).to_string()
        })
    };
    assert!(of(&[hours("%d/%m/%Y %H:%M")]).sql.contains("%d/%m/%Y"));
    assert!(of(&[hours("%m/%d/%Y %H:%M")]).sql.contains("%m/%d/%Y"));
    // A morning says nothing, and the file may.
    let one = || [column("t", at("%d/%m/%Y %H:%M"))];
    assert!(of(&one()).note.unwrap().contains("cannot be told"));
    let told = clock(&one(), Some(true)).unwrap();
    assert!(told.note.is_none() && told.sql.contains("%d/%m/%Y"), "{told:?}");
}

#[test]
fn a_named_column_is_taken_for_the_time() {
    let columns = [
        column("when", |row| (1_767_618_300_000 + 1000 * row).to_string()),
        column("x", |row| row.to_string()),
    ];
    assert_eq!(of_named(&columns, "when", None).unwrap().sql, "\"when\" / 1000");
    assert_eq!(of_named(&columns, "x", None).unwrap().sql, "\"x\"");
    assert_eq!(of_named(&columns, "y", None), None);
}

#[test]
fn a_time_that_never_changes_is_none() {
    let made = || column("created_at", |_| "2026-03-01 10:00:00".into());
    let time = column("time", |row| (1_767_618_300 + 60 * row).to_string());
    assert_eq!(of(&[made(), time.clone()]).sql, "\"time\"");
    assert_eq!(clock(&[made()], None), None);
    let uploads = column("uploaded_at", |row| format!("2026-03-0{} 10:00:00", 1 + row / 100));
    assert_eq!(of(&[uploads, time]).sql, "\"time\"");
    let both = [column("date", |_| "2026-03-01".into()), column("clock", |_| "10:00:00".into())];
    assert_eq!(clock(&both, None), None);
}
