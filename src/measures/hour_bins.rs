//! How many rows each bin of the condition and each hour has.

use crate::dataset::Series;
use crate::schema::Row;

/// A row a bin, then a row for each of the 24 hours (if there is a clock).
pub(super) fn hour_bin_rows(feature_mode: &str, series: &Series) -> Vec<Row> {
    let mut bins = vec![0i64; series.condition_levels as usize];
    for bin in &series.condition {
        if let Some(count) = usize::try_from(*bin).ok().and_then(|b| bins.get_mut(b)) {
            *count += 1;
        }
    }
    let mut hours = vec![0i64; if series.hour.is_empty() { 0 } else { 24 }];
    for hour in &series.hour {
        hours[usize::from(*hour % 24)] += 1;
    }
    let rows = |kind: &'static str, counts: Vec<i64>| {
        counts.into_iter().enumerate().map(move |(i, count)| {
            Row::new()
                .with("feature_mode", feature_mode)
                .with("kind", kind)
                .with("idx", i)
                .with("count", count)
        })
    };
    rows("bin", bins).chain(rows("hour", hours)).collect()
}
