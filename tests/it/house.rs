//! The house: every file of the sources lies in a room, and rooms know only those below them.
//!
//! Rooms and floors stand in the table of `ARCHITECTURE.md`, the rules in its words. Read without a
//! compiler: paths are followed through `use` and `pub use` by their text.

mod rules;
mod scan;

use std::collections::BTreeSet;
use std::path::Path;

use rules::House;

/// What is not yet as it shall be: rule and room. Entries are only ever taken out.
const KNOWN: &[(&str, &str)] = &[];

/// Every source of the project, by path.
fn sources(root: &Path) -> Vec<(String, String)> {
    let mut open = vec![root.join("src"), root.join("crates")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs")
                && (name.starts_with("src/") || name.contains("/src/"))
            {
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_sources_keep_the_rules_of_the_house() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let architecture = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let broken = House::new(&architecture, &sources(root)).broken();
    let new = broken.iter().filter(|broken| !KNOWN.contains(&(broken.rule, &broken.room)));
    let new: Vec<&str> = new.map(|broken| broken.words.as_str()).collect();
    assert!(new.is_empty(), "\n{}\n", new.join("\n"));
    let there: BTreeSet<(&str, &str)> = broken.iter().map(|b| (b.rule, b.room.as_str())).collect();
    let mended: Vec<_> = KNOWN.iter().filter(|known| !there.contains(*known)).collect();
    assert!(mended.is_empty(), "no longer broken: take these out of the list KNOWN of this file: {mended:?}");
}

/// What a made-up tree breaks: a table of four rooms, and these files beside clean ones.
fn said(files: &[(&str, &str)]) -> Vec<String> {
    const TABLE: &str = "| Floor | Room | |\n|---|---|---|\n| 9 | `cli/` | |\n| 5 | `merge/` | |\n| 4 | `tables/` | |\n| 1 | `store/` | |\n";
    let clean = [
        ("src/lib.rs", "pub mod cli;\npub mod merge;\nmod tables;\nmod store;\n"),
        ("src/cli/mod.rs", "use crate::merge::merge;\npub fn main() { merge(); crate::store::open() }\n"),
        ("src/merge/mod.rs", "mod work;\npub use work::merge;\n"),
        ("src/merge/work.rs", "use crate::tables::Table;\npub fn merge() {}\n"),
        ("src/tables/mod.rs", "mod scan;\npub(crate) use scan::Table;\n"),
        ("src/tables/scan.rs", "use crate::store;\npub(crate) struct Table;\n"),
        ("src/store/mod.rs", "mod run;\npub(crate) use run::open;\n"),
        ("src/store/run.rs", "pub(crate) fn open() {}\n"),
    ];
    let mut tree: Vec<(String, String)> =
        clean.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect();
    for (path, text) in files {
        tree.retain(|(there, _)| there != path);
        tree.push(((*path).into(), (*text).into()));
    }
    House::new(TABLE, &tree).broken().into_iter().map(|broken| broken.words).collect()
}

#[test]
fn a_clean_tree_breaks_nothing() {
    assert_eq!(said(&[]), [""; 0]);
    // Comments, literals and tests say what they like.
    let text = "//! use crate::cli;\n/* crate::cli::main() */\npub fn open() -> &'static str { r#\"crate::cli\"# }\n\
                #[cfg(test)]\nmod tests {\n    use crate::cli::main;\n}\n";
    assert_eq!(said(&[("src/store/run.rs", text)]), [""; 0]);
}

#[test]
fn an_import_of_a_higher_floor_is_named() {
    let broken = said(&[("src/store/run.rs", "use crate::cli;\npub(crate) fn open() {}\n")]);
    insta::assert_snapshot!(broken.join("\n"), @r"
    cli, merge, store, tables: a circle of rooms: one of them must not know the next [circles]
    src/cli/mod.rs: a circle of 2 files: move what both need to a file of its own
        src/cli/mod.rs:2 imports src/store/run.rs
        src/store/run.rs:1 imports src/cli/mod.rs [circles]
    src/store/run.rs:1: `store` (floor 1) imports src/cli/mod.rs (floor 9): rooms import lower floors only; move what both need below both [floors]
    ");
    // Without `use`, through `super`, in braces and under another name.
    for text in [
        "fn f() { crate::cli::main() }",
        "fn f() { super::super::cli::main() }",
        "use crate::{store, cli::{self}};",
        "use crate::cli as c;",
        "use crate as results; use results::cli::main;",
    ] {
        let broken = said(&[("src/store/run.rs", text)]);
        assert!(
            broken.iter().any(|words| words.contains("`store` (floor 1) imports src/cli/mod.rs")),
            "{text}: {broken:?}"
        );
    }
}

#[test]
fn re_exports_are_followed_to_the_file() {
    // `merge` is passed on by merge/mod.rs: the import is one of merge/work.rs.
    let broken = said(&[("src/tables/scan.rs", "use crate::merge::merge;\n")]);
    let upward = "src/tables/scan.rs:1: `tables` (floor 4) imports src/merge/work.rs";
    assert!(broken.iter().any(|words| words.starts_with(upward)), "{broken:?}");
    // A name that is only passed on is no import of the parent's, one that is used there is.
    let child = ("src/store/run.rs", "use super::Mode;\npub(crate) fn open() {}\n");
    let only =
        said(&[("src/store/mod.rs", "mod run;\npub(crate) use run::open;\npub enum Mode {}\n"), child]);
    assert_eq!(only, [""; 0]);
    let used = "mod run;\npub(crate) use run::open;\npub enum Mode {}\nfn f() { open() }\n";
    insta::assert_snapshot!(said(&[("src/store/mod.rs", used), child]).join("\n"), @r"
    src/store/mod.rs: a circle of 2 files: move what both need to a file of its own
        src/store/mod.rs:2 imports src/store/run.rs
        src/store/run.rs:1 imports src/store/mod.rs [circles]
    ");
}

#[test]
fn circles_between_rooms_and_files_are_named() {
    let broken = said(&[("src/store/run.rs", "use crate::tables::scan::Table;\n")]);
    insta::assert_snapshot!(broken.join("\n"), @r"
    store, tables: a circle of rooms: one of them must not know the next [circles]
    src/store/run.rs:1: `store` (floor 1) imports src/tables/scan.rs (floor 4): rooms import lower floors only; move what both need below both [floors]
    ");
}

#[test]
fn a_package_of_its_own_is_read_through_what_the_library_passes_on() {
    let lib = ("src/lib.rs", "pub mod cli;\npub mod merge;\nmod tables;\npub use results_store::store;\n");
    let store = [
        ("crates/store/src/lib.rs", "pub mod store;\n"),
        ("crates/store/src/store/mod.rs", "pub fn open() {}\n"),
        ("src/store/mod.rs", "// moved"),
        ("src/store/run.rs", "// moved"),
    ];
    let broken = said(&[&[lib][..], &store].concat());
    assert_eq!(broken, [""; 0]);
    let upward = ("crates/store/src/store/mod.rs", "use results::cli;\n");
    let broken = said(&[&[lib][..], &store, &[upward]].concat());
    assert!(broken.iter().any(|words| words.contains("imports src/cli/mod.rs")), "{broken:?}");
}

#[test]
fn long_files_and_functions_are_named() {
    let long = "// a line\n".repeat(500);
    let wide = format!("fn short() {{}}\nfn wide(\n) {{\n{}}}\n", "    work();\n".repeat(70));
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// a line\n".repeat(99));
    let broken = said(&[
        ("src/tables/scan.rs", &(long + "pub(crate) struct Table;")),
        ("src/merge/work.rs", &wide),
        ("src/store/run.rs", &tests),
        ("src/store/mod.rs", "mod run;\n#[cfg(test)]\nmod tests {\n}\n"),
        ("src/cli/tests/mod.rs", ""),
        ("src/merge/work/tests.rs", "// a line\n"),
        ("src/cli/tests.rs", "// a line\n"),
    ]);
    insta::assert_snapshot!(broken.join("\n"), @r"
    src/merge/work.rs:2: `wide` has 73 lines, 70 at most: give its steps names [sizes]
    src/tables/scan.rs:1: 501 lines, 400 at most: a file is one idea, split it [sizes]
    src/cli/tests/mod.rs:1: a folder of tests: they lie inside the file they test or in tests.rs beside it [tests]
    src/merge/work/tests.rs:1: 1 lines of tests: move them into src/merge/work.rs [tests]
    src/store/mod.rs:2: tests in a mod.rs: move them to src/store/tests.rs [tests]
    src/store/run.rs:1: 102 lines of tests: move them to src/store/run/tests.rs [tests]
    ");
}

#[test]
fn what_has_one_home_is_found_elsewhere() {
    let broken = said(&[
        ("src/tables/scan.rs", "fn f() {\n    std::fs::read(\"x\");\n}\npub(crate) struct Table;\n"),
        (
            "src/merge/work.rs",
            "pub fn merge() {\n    match name {\n        \"users\" => 1,\n        _ => a.basis,\n    }\n}\n",
        ),
        ("src/store/run.rs", "pub(crate) fn open() { mode == AnalysisMode::Te; \"users\"; std::fs::read }\n"),
        ("src/cli/mod.rs", "fn f() { \"x is no mode\"; \"is nothing\" } // this is no literal\n"),
    ]);
    insta::assert_snapshot!(broken.join("\n"), @r#"
    src/cli/mod.rs:1: `is no` stands nowhere: say `not found`, `unknown x` or `isn't a y` [one home]
    src/merge/work.rs:3: `"users"` stands in schema/, store/ only: ask `schema::columns` for columns, `TableSchema::made_of` for what is special about a table [one home]
    src/merge/work.rs:4: `.basis` stands in attempts/, store/, run/worker.rs, legacy/import.rs only: ask `Attempts` which attempt counts [one home]
    src/store/run.rs:1: `AnalysisMode::` stands in measures/, config/model.rs only: walk `measures::all()` [one home]
    src/tables/scan.rs:2: `std::fs` stands in run/launchers/log.rs, merge/place.rs, merge/parts/files.rs only: go through `Storage` [one home]
    "#);
}

#[test]
fn a_room_has_a_row_and_a_row_has_a_room() {
    let broken = said(&[("src/cache/mod.rs", ""), ("src/cli/mod.rs", "")]);
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(broken[0].starts_with("cache: a room without a floor"), "{broken:?}");
}
