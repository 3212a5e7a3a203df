//! Rows of the table `day_hours`.

use chrono::{Days, NaiveDate};

use crate::dataset::Series;
use crate::schema::Row;

/// The table.
pub(super) const TABLE: &str = "day_hours";

/// A row an hour that has rows.
pub(super) fn day_hour_rows(feature_mode: &str, series: &Series) -> Vec<Row> {
    let rows = series.day_hours.iter().filter_map(|hour| {
        Some(
            Row::new()
                .with("feature_mode", feature_mode)
                .with("day", date(hour.day)?)
                .with("hour", i64::from(hour.hour))
                .with("rows", hour.rows as i64)
                .with("kept", hour.kept as i64)
                .with("missing_target", hour.missing_target as i64)
                .with("source_mean", hour.source_mean)
                .with("target_mean", hour.target_mean),
        )
    });
    rows.collect()
}

/// A day since 1970 as `2026-03-29`; none beyond the calendar.
fn date(day: i64) -> Option<String> {
    let first = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    let days = Days::new(day.unsigned_abs());
    let date = if day < 0 { first.checked_sub_days(days) } else { first.checked_add_days(days) };
    date.map(|date| date.to_string())
}
