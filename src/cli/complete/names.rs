//! Names that stand for something: of tables, plots, queries, presets, engines, users.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use clap_complete::CompletionCandidate;

use super::line::{behind, definitions, first, loaded, sources};
use crate::batch::engine_names;
use crate::config::presets as all_presets;
use crate::queries::Query;
use crate::report::{plot, plots as all_plots};
use crate::schema::Schemas;
use crate::store::{EXPECTED, Run};

/// Users that are shown.
const MOST_USERS: usize = 500;
/// Bytes of a file of users that are read.
const MOST_BYTES: u64 = 4 << 20;

fn named(name: impl Into<String>, what: &str) -> CompletionCandidate {
    let what = what.lines().next().unwrap_or_default();
    CompletionCandidate::new(name.into()).help((!what.is_empty()).then(|| what.to_owned().into()))
}

/// Tables of what stands on the line.
pub(super) fn tables() -> Vec<CompletionCandidate> {
    let tables = |schemas: &Schemas| schemas.iter().map(|s| named(&*s.table, &s.description)).collect();
    loaded().map_or_else(Vec::new, |loaded| tables(&loaded.schemas))
}

/// Plots, those of the user's own too.
pub(super) fn plots() -> Vec<CompletionCandidate> {
    let Some(loaded) = loaded() else { return Vec::new() };
    let good = all_plots(&loaded.queries).into_iter().filter_map(|(name, plot)| Some((name, plot.ok()?)));
    good.map(|(name, plot)| named(name, &plot.plot.title)).collect()
}

/// Queries of `sql --query`.
pub(super) fn queries() -> Vec<CompletionCandidate> {
    let Some(loaded) = loaded() else { return Vec::new() };
    let reports = loaded.queries.below("reports/").filter(|query| query.unread.is_none());
    reports.map(|query| named(query.name.trim_start_matches("reports/"), query.description())).collect()
}

/// Parameters of the query or the plot that stands on the line, ready for a value.
pub(super) fn parameters() -> Vec<CompletionCandidate> {
    let of = |query: &Query| -> Vec<_> {
        query.parameters().map(|p| named(format!("{}=", p.name), p.what)).collect()
    };
    let Some(loaded) = loaded() else { return Vec::new() };
    match (behind("--query"), first()) {
        (Some(name), _) => loaded.queries.get(name).map_or_else(|_| Vec::new(), of),
        (None, Some(name)) => plot(&loaded.queries, name).map_or_else(|_| Vec::new(), |plot| of(&plot.query)),
        (None, None) => Vec::new(),
    }
}

/// Presets, those of the user's own too.
pub(super) fn presets() -> Vec<CompletionCandidate> {
    let folder = definitions().sub("config");
    all_presets(folder.as_deref()).into_iter().map(|(name, what)| named(name, &what)).collect()
}

/// Batch systems.
pub(super) fn engines() -> Vec<CompletionCandidate> {
    engine_names(definitions().sub("config").as_deref()).into_iter().map(CompletionCandidate::new).collect()
}

/// Users of what stands on the line.
pub(super) fn users(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let all: BTreeSet<String> = sources().iter().flat_map(|dir| users_of(dir)).collect();
    let fitting = all.into_iter().filter(|user| user.starts_with(typed));
    fitting.take(MOST_USERS).map(CompletionCandidate::new).collect()
}

/// Users by the plan of a run, or the ledger of a merged output; of a long one only the first.
fn users_of(dir: &Path) -> Vec<String> {
    let is_short = |file: &str| dir.join(file).metadata().is_ok_and(|about| about.len() <= MOST_BYTES);
    if is_short(EXPECTED) {
        let run = Run::open(dir);
        let units = run.as_ref().ok().and_then(|run| run.expected().ok()).unwrap_or_default();
        return units.iter().map(|unit| unit.user_id.clone()).collect();
    }
    let Ok(file) = std::fs::File::open(dir.join("users.csv")) else { return Vec::new() };
    let lines = BufReader::new(file.take(MOST_BYTES)).lines().map_while(Result::ok);
    lines.skip(1).filter_map(|line| first_field(&line)).collect()
}

/// The first field of a line of CSV; `None` if it goes on in the next line.
fn first_field(line: &str) -> Option<String> {
    let Some(quoted) = line.strip_prefix('"') else {
        return line.split(',').next().map(str::to_owned);
    };
    let mut field = String::new();
    let mut letters = quoted.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('"', Some('"')) => field.extend(letters.next()),
            ('"', _) => return Some(field),
            _ => field.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::first_field;

    #[test]
    fn the_first_field_of_a_line() {
        let first = |line: &str| first_field(line);
        assert_eq!(first("u1,composite").unwrap(), "u1");
        assert_eq!(first("u1").unwrap(), "u1");
        assert_eq!(first(r#""a ""b"", c",x"#).unwrap(), r#"a "b", c"#);
        assert_eq!(first("\"goes on"), None);
    }
}
