//! `results export --paper`: tables, figure and methods of merged results.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use crate::cli::definitions::{Folder, Loaded};
use crate::cli::outcome::{Outcome, block_on};
use crate::cli::place::outside;
use crate::cli::speak::say_line;
use crate::error::{Exit, Failure};
use crate::report::{
    Asked, COUPLINGS, DIFFERENCES, GroupTest, Study, group_tests, latex, markdown, methods, svg,
};
use crate::sources::Source;
use crate::sql::Session;
use crate::store::Location;

const USERS: &str = "SELECT CAST(count(DISTINCT user_id) AS BIGINT) AS n FROM users WHERE state = 'ok'";

pub(super) fn exec(dir: &Location, folder: &Path, definitions: &Folder) -> Outcome {
    outside("--paper", folder)?;
    let loaded = definitions.load_for(std::slice::from_ref(dir))?;
    let Source::Merged(_, manifest) = Source::open(dir).map_err(Failure::error)? else {
        return Err(Failure::usage(format!(
            "{dir} is a run, and tests over all users are made by a merge\n\
             (hint: `results merge --shards {dir} --output merged`, then `results export merged --paper …`)"
        )));
    };
    let Rows { tests, couplings, users } = block_on(rows(dir, &loaded))??;
    let study = Study {
        manifest: &manifest,
        schemas: &loaded.schemas,
        users,
        tests: tests.len(),
        couplings: couplings.len(),
    };
    let fdr = &manifest.fdr;
    let mut files = vec![
        ("group_tests.md", markdown(&tests, Asked::Difference, fdr)),
        ("group_tests.tex", latex(&tests, Asked::Difference, fdr)),
        ("methods.md", methods(&study)),
        ("figure.svg", svg(&tests, fdr)),
    ];
    if !couplings.is_empty() {
        files.push(("couplings.md", markdown(&couplings, Asked::Coupling, fdr)));
        files.push(("couplings.tex", latex(&couplings, Asked::Coupling, fdr)));
    }
    write(folder, &files)?;
    if !manifest.complete {
        say_line(format_args!("note: {dir} is not complete; methods.md says so"));
    }
    if manifest.config.is_none() {
        say_line(format_args!(
            "note: {dir} does not hold the settings, so methods.md has no estimators (hint: merge again with this version)"
        ));
    }
    Ok(Exit::Done)
}

/// What is written of.
struct Rows {
    /// Tests of differences.
    tests: Vec<GroupTest>,
    /// Tests of single directions.
    couplings: Vec<GroupTest>,
    /// Users with a result, if the output has them.
    users: Option<u64>,
}

async fn rows(dir: &Location, loaded: &Loaded) -> Result<Rows, Failure> {
    let session = Session::open(std::slice::from_ref(dir), loaded.as_ref()).map_err(Failure::error)?;
    let has = |table: &str| session.has_table(table).map_err(Failure::error);
    if !has("group_tests")? {
        return Err(Failure::usage(format!(
            "{dir} has no table `group_tests`\n(hint: merge without `--table`, or with `--table group_tests`)"
        )));
    }
    let tests = tests_of(&session, loaded, DIFFERENCES).await?;
    let has_couplings = loaded.schemas.get("group_tests").is_ok_and(|of| of.column("direction").is_some());
    let couplings = if has_couplings { tests_of(&session, loaded, COUPLINGS).await? } else { Vec::new() };
    let ledger = &loaded.schemas.ledger().map_err(Failure::error)?.table;
    let users = if has(ledger)? {
        let batches = session.collect(USERS).await.map_err(Failure::error)?;
        let count = batches.first().map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
        count.and_then(|count| u64::try_from(count).ok())
    } else {
        None
    };
    Ok(Rows { tests, couplings, users })
}

/// The tests that a query file gives.
async fn tests_of(session: &Session, loaded: &Loaded, query: &str) -> Result<Vec<GroupTest>, Failure> {
    let sql = loaded.queries.get(query).map_err(Failure::error)?.in_place();
    let batches = session.collect(&sql).await.map_err(Failure::error)?;
    group_tests(&batches, &loaded.schemas).map_err(Failure::error)
}

/// Writes files that must not be there yet.
fn write(folder: &Path, files: &[(&str, String)]) -> Result<(), Failure> {
    if let Some((name, _)) = files.iter().find(|(name, _)| folder.join(name).exists()) {
        return Err(Failure::usage(format!(
            "{} exists already\n(hint: name another folder, or remove it)",
            folder.join(name).display()
        )));
    }
    std::fs::create_dir_all(folder)
        .map_err(|e| Failure::error(format!("cannot create {}: {e}", folder.display())))?;
    for (name, text) in files {
        let path = folder.join(name);
        let written = File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|e| Failure::error(format!("cannot write {}: {e}", path.display())))?;
        say_line(format_args!("{}", path.display()));
    }
    Ok(())
}
