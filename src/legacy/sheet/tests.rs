//! Whatever happens to a file, every intact row of it survives or is named.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::shard::Files;
use super::super::tests::*;
use super::super::*;
use crate::schema::{Cell, Row};

/// Something that happens to a file's lines.
#[derive(Debug, Clone)]
enum Damage {
    Cut(prop::sample::Index),
    Double(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    /// A crash in the middle of a line, and a resume that goes on behind it.
    Tear(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Damage::Cut),
        index().prop_map(Damage::Double),
        (index(), index()).prop_map(|(a, b)| Damage::Swap(a, b)),
        (index(), index()).prop_map(|(a, b)| Damage::Tear(a, b)),
    ]
}

fn apply(text: &mut String, damage: &Damage) {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if lines.is_empty() {
        return;
    }
    match damage {
        Damage::Cut(at) => return text.truncate(at.index(text.len())),
        Damage::Double(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at].clone());
        }
        Damage::Swap(a, b) => {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
        }
        Damage::Tear(line, at) => {
            let line = &mut lines[line.index(text.split_inclusive('\n').count())];
            let at = at.index(line.len());
            line.truncate(at);
        }
    }
    *text = lines.concat();
}

/// The rows of a sample's file by the text of their line, each in a form that can be looked for.
fn intact(name: &str, file: &str, shard: &LegacyShard) -> BTreeMap<String, (String, Vec<Row>)> {
    let text = String::from_utf8(files(name).remove(file).unwrap()).unwrap();
    let table = if file.starts_with("hbin") { "hour_bins" } else { "te" };
    text.lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let unit = unit(shard, fields[0]);
            let of_line = |row: &&Row| {
                table == "hour_bins" || cell(row, "tau") == &Cell::Int(fields[4].parse().unwrap())
            };
            (
                line.to_owned(),
                (fields[0].to_owned(), rows(unit, table).iter().filter(of_line).cloned().collect()),
            )
        })
        .collect()
}

fn survives(shard: &LegacyShard, user: &str, table: &str, wanted: &[Row]) -> bool {
    let mut of_user = shard.units.iter().filter(|unit| unit.user_id == user);
    of_user.any(|unit| wanted.iter().all(|row| rows(unit, table).contains(row)))
}

proptest! {
    #[test]
    fn every_intact_row_survives_or_is_named(
        file in prop::sample::select(vec!["per_user_te.csv", "hbin_counts.csv"]),
        damages in prop::collection::vec(damage(), 1..5),
    ) {
        let mut files = files(SHARDS[0]);
        let mut text = String::from_utf8(files[file].clone()).unwrap();
        for damage in &damages {
            apply(&mut text, damage);
        }
        files.insert(file, text.clone().into_bytes());
        let shard = of_files(&files);
        let intact = intact(SHARDS[0], file, &sample(SHARDS[0]));
        let table = if file == "per_user_te.csv" { "te" } else { "hour_bins" };
        for (place, line) in text.lines().enumerate() {
            let Some((user, wanted)) = intact.get(line) else { continue };
            let number = place as u64 + 1;
            let named = || shard.findings.iter().any(|f| f.file.ends_with(file) && f.lines.contains(&number));
            let is_there = survives(&shard, user, table, wanted) || named();
            prop_assert!(is_there, "line {number}: {line}\n{:?}", shard.findings);
        }
    }

    #[test]
    fn nothing_panics(
        file in prop::sample::select(layout::all_files().collect::<Vec<_>>()),
        damages in prop::collection::vec(damage(), 0..4),
        noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut files = files(SHARDS[0]);
        let mut text = String::from_utf8(files[file].clone()).unwrap();
        for damage in &damages {
            apply(&mut text, damage);
        }
        let mut bytes = text.into_bytes();
        for (at, byte) in noise.into_iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        files.insert(file, bytes);
        let shard = of_files(&files);
        for finding in &shard.findings {
            prop_assert!(finding.to_string().starts_with("dir_shard0of3/"));
        }
    }

    #[test]
    fn nor_does_any_text(
        file in prop::sample::select(layout::all_files().collect::<Vec<_>>()),
        text in "[a,\"\n\r0-9é.\0-]{0,80}",
    ) {
        let files = Files::from([(file, text.into_bytes())]);
        of_files(&files);
    }
}
