//! What a user of the real analysis takes on the disk.

use std::path::Path;

use super::figures::Figures;
use super::made::size;
use super::process::must;
use super::say;

/// Users of the demonstration's data, analysed in groups of half of them.
const USERS: u64 = 600;

/// Five measures at two lags, committed in groups; few surrogates, whose number changes no size.
const CONFIG: &str = "feature_modes: [composite]
hour_bins: 6
taus: [1, 2]
k_selection: {strategy: AIS, k_grid: [1, 2, 3, 4, 5, 6]}
surrogates: 19
statistical: {nulls: [permute]}
analysis_modes: [global_te, stratified_te, true_cte, ste, gc]
runtime: {locks: lease, user_folders: 0, commit_seconds: 3600}
";

pub(crate) fn sizes(dir: &Path, figures: &mut Figures) {
    let users = USERS.to_string();
    must(dir, &["demo", "--users", &users, "--out", "people", "--data-only"]);
    std::fs::write(dir.join("sizes.yaml"), CONFIG).unwrap();
    must(dir, &["run", "--config", "sizes.yaml", "--data", "people/data", "--shards", "2", "--out", "run"]);
    let run = dir.join("run");
    let tables = |entry: &std::fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        entry.path().is_dir() && !name.starts_with('_') && name != "users"
    };
    let tables: Vec<_> = std::fs::read_dir(&run).unwrap().flatten().filter(tables).collect();
    let data: u64 = tables.iter().map(|table| size(&table.path()).1).sum();
    let files: u64 = tables.iter().map(|table| size(&table.path()).0).sum();
    let (ledger, plan) = (size(&run.join("users")), size(&run.join("_expected")));
    let each = |bytes: u64| bytes as f64 / USERS as f64;
    let words = format!(
        "{} tables, {files} files and {} of the ledger; bytes a user: data {:.0}, ledger {:.0}, plan {:.0}",
        tables.len(),
        ledger.0,
        each(data),
        each(ledger.1),
        each(plan.1)
    );
    say(&format!("{USERS} users, five measures, two lags"), &words, "");
    figures.note(
        "a user",
        &[
            ("tables", tables.len() as f64),
            ("data", each(data)),
            ("ledger", each(ledger.1)),
            ("plan", each(plan.1)),
        ],
    );
}
