//! The pages of `docs/reference/` are made of what they are about, and are what would be made now.
//!
//! Nobody writes in them: what is wrong there is mended at its source, and `RESULTS_WRITE_REFERENCE=1 cargo test
//! --features full --test it reference::` writes them.

mod commands;
mod findings;
mod markdown;
mod settings;
mod sources;
mod tables;

use std::path::Path;

/// A file of the repository.
fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares a page with what it would be now, or writes it.
fn is_current(page: &str, made: &str) {
    let path = format!("docs/reference/{page}");
    if std::env::var_os("RESULTS_WRITE_REFERENCE").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path), made).unwrap();
    }
    let there = file(&path);
    let other = there.lines().zip(made.lines()).position(|(there, made)| there != made);
    let line = other.unwrap_or_else(|| there.lines().count().min(made.lines().count()));
    let at = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    assert!(
        there == made,
        "{path}:{}: is\n{}\nand its source says\n{}\nRESULTS_WRITE_REFERENCE=1 writes the page",
        line + 1,
        at(&there),
        at(made)
    );
}

#[test]
fn the_commands_are_those_of_the_program() {
    is_current("commands.md", &commands::page());
}

#[test]
fn the_settings_are_those_that_are_read() {
    is_current("settings.md", &settings::page());
}

#[test]
fn the_tables_are_those_of_the_schemas() {
    is_current("tables.md", &tables::page());
}

#[test]
fn the_findings_are_those_there_are() {
    is_current("findings.md", &findings::page());
}
