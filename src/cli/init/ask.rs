//! Asks which column is the source and which the target.

use std::io::{self, BufRead, IsTerminal};

use crate::cli::speak::{say, say_line};
use crate::cli::text::columns;
use crate::error::Failure;
use crate::init::{Candidate, Choice, Found};

/// Candidates that are shown.
const SHOWN: usize = 9;

/// Asks for what is not told already.
pub(super) fn choice(source: Option<&str>, target: Option<&str>, found: &Found) -> Result<Choice, Failure> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(unknown(found));
    }
    let told = |option, wish: Option<&str>| wish.map(|wish| found.wish(option, wish));
    let (source, target) = (told("source", source), told("target", target));
    let (source, target) = match (source, target) {
        (Some(source), target) => (source, target),
        (None, target) => (ask("source", found, &found.sources, target.as_ref())?, target),
    };
    let target = match target {
        Some(target) => target,
        None => ask("target", found, &found.targets, Some(&source))?,
    };
    Ok(Choice { source, target })
}

/// Nobody is there to be asked.
fn unknown(found: &Found) -> Failure {
    let name = |candidates: &[Candidate], other: Option<&str>| {
        let likely = candidates.iter().find(|one| Some(one.name.as_str()) != other);
        likely.map_or_else(|| "COLUMN".to_owned(), |one| one.name.clone())
    };
    let source = name(&found.sources, None);
    let target = name(&found.targets, Some(&source));
    let quote = |name: &str| crate::cli::text::shell(std::path::Path::new(name));
    Failure::usage(format!(
        "which column is the source and which the target only you know, and without a terminal nobody can be asked\n(hint: name \
         them, as in `--source {} --target {}`, or take the likeliest with --yes)",
        quote(&source),
        quote(&target)
    ))
}

/// Asks until an answer fits.
fn ask(
    what: &'static str,
    found: &Found,
    candidates: &[Candidate],
    other: Option<&Candidate>,
) -> Result<Candidate, Failure> {
    let shown: Vec<&Candidate> = candidates
        .iter()
        .filter(|one| other.is_none_or(|other| other.name != one.name))
        .take(SHOWN)
        .collect();
    let rows: Vec<Vec<String>> = shown
        .iter()
        .enumerate()
        .map(|(at, one)| vec![(at + 1).to_string(), one.name.clone(), one.why.clone()])
        .collect();
    say(format_args!("\nWhich column is the {what}?\n{}", columns(&["", "column", "it holds"], &rows)));
    loop {
        say(format_args!(
            "{what} (a number, a name or SQL{}): ",
            if shown.is_empty() { "" } else { "; Enter for 1" }
        ));
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line).map_err(Failure::error)?;
        if read == 0 {
            say_line("");
            return Err(Failure::usage(format!("no {what} was named\n(hint: --{what} names it)")));
        }
        let answer = line.trim();
        if let Some(one) = answered(answer, &shown) {
            return Ok(one.clone());
        }
        let one = found.wish(what, answer);
        // A word that names none of them is a slip; SQL is checked when it is planned.
        let is_word = answer.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_word || found.columns.iter().any(|column| column.name == answer) {
            return Ok(one);
        }
        if !answer.is_empty() {
            say_line(found.unknown(what, answer));
        }
    }
}

/// The candidate of a number, or the first of nothing.
fn answered<'a>(answer: &str, shown: &[&'a Candidate]) -> Option<&'a Candidate> {
    if answer.is_empty() {
        return shown.first().copied();
    }
    let number: usize = answer.parse().ok()?;
    shown.get(number.checked_sub(1)?).copied()
}
