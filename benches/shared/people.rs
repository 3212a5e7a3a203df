//! Made-up people, and an analysis that takes a moment each.

use std::path::Path;

/// One measure with a hundred surrogates.
pub(crate) const MANY: &str = "feature_modes: [composite]
analysis_modes: [global_te]
taus: [1]
k_selection: {strategy: fixed, k_fixed: 1}
statistical: {nulls: [permute]}
surrogates: 100
quality_profile: exploratory
data: {format: columns, files: '*.csv', timestamp: time, source: activity, target: sitting, min_rows: 100,
  discretize: {source: {quantiles: 5}, target: none}}
";

/// Made-up users of 300 rows.
pub(crate) fn users(folder: &Path, count: u64) {
    std::fs::create_dir(folder).unwrap();
    for user in 0..count {
        let row = |i: u64| {
            let x = (i * i * 7919 + user * 104_729 + i * 31) % 997;
            format!("{},{},{}\n", 1_433_789_351 + 60 * i, x as f64 / 997.0, u8::from(x % 7 < 3))
        };
        let text: String =
            std::iter::once("time,activity,sitting\n".to_owned()).chain((0..300).map(row)).collect();
        std::fs::write(folder.join(format!("u{user:05}.csv")), text).unwrap();
    }
}
