//! Against directories as the predecessor left them, and what can become of such directories.

mod broken;
mod error_log;
mod form;
mod imports;
mod mutations;
mod samples;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::shard::{Files, read_files};
use super::*;
use crate::schema::{Cell, Row, Schemas};

const SHARDS: [&str; 3] = [
    "full_bins6_20261123_1300_shard0of3",
    "full_bins6_20261123_1301_shard1of3",
    "full_bins6_20261123_1302_shard2of3",
];
const INTERRUPTED: &str = "interrupted_shard2of3";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/legacy").join(name)
}

/// Read once: it takes longer than a sample does.
fn schemas() -> &'static Schemas {
    static SCHEMAS: OnceLock<Schemas> = OnceLock::new();
    SCHEMAS.get_or_init(|| Schemas::load(None).unwrap())
}

fn sample(name: &str) -> LegacyShard {
    read(&folder(name), schemas()).unwrap()
}

/// The files of a sample, to be changed.
fn files(name: &str) -> Files {
    let there = |file| Some((file, std::fs::read(folder(name).join(file)).ok()?));
    layout::all_files().filter_map(there).collect()
}

fn of_files(files: &Files) -> LegacyShard {
    read_files(Path::new("dir"), "dir_shard0of3", files, schemas()).unwrap()
}

/// The first sample with a file changed.
fn changed(file: &str, change: impl FnOnce(String) -> String) -> LegacyShard {
    let mut files = files(SHARDS[0]);
    let bytes = files.get_mut(file).unwrap();
    *bytes = change(String::from_utf8(bytes.clone()).unwrap()).into_bytes();
    of_files(&files)
}

fn rows<'a>(unit: &'a LegacyUnit, table: &str) -> &'a [Row] {
    unit.tables.iter().find(|(name, _)| name == table).map_or(&[], |(_, rows)| rows)
}

fn cell<'a>(row: &'a Row, column: &str) -> &'a Cell {
    row.0.iter().find(|(name, _)| *name == column).map_or(&Cell::Null, |(_, cell)| cell)
}

fn unit<'a>(shard: &'a LegacyShard, user: &str) -> &'a LegacyUnit {
    shard.units.iter().find(|unit| unit.user_id.starts_with(user)).unwrap()
}

/// Lines of the findings of a kind in a file.
fn lines(shard: &LegacyShard, file: &str, kind: Kind) -> Vec<u64> {
    let of = |f: &&Finding| f.kind == kind && f.file.ends_with(file);
    shard.findings.iter().filter(of).flat_map(|f| f.lines.clone()).collect()
}

fn has(shard: &LegacyShard, file: &str, kind: Kind) -> bool {
    shard.findings.iter().any(|f| f.kind == kind && f.file.ends_with(file))
}
