//! Every code by which the program says that something is not as it should be.

use results::merge::Kind;
use results::sql::Queries;

use super::file;
use super::markdown::{code, table, words};
use super::sources::{of, values, variants};

const HEAD: &str = "# Findings and errors

Codes never change their meaning. What to do stands beside each; the program says it too.
";

const EXITS: &str = "
## Exit codes

";

const KINDS: &str = "
## What keeps results from being complete

Found by `results merge`, `results validate` and the report; [merging](../merge.md) says what comes of them. They stand in the output
of `merge --json`, in `merge.yaml` (`missing`), and in the lists of the report.

";

const REFUSED: &str = "
## Merges that are refused

The `code` in the output of `merge --json`; nothing is written then.

";

const CHECKS: &str = "
## Checks of rows

Made by `results validate`, and by `results merge` before an output is put into place. A check that fails names the table and
the column and shows rows. Each is a query in `queries/checks/`; those of a folder of `--definitions` are made too.

";

const PROBLEMS: &str = "
## Errors of the service

What a question to `results serve` that has no answer ends with: the last part of `type` and the `status` of a problem in JSON (RFC 9457),
the code of gRPC with Flight SQL, and the SQLSTATE with Postgres.

";

pub(super) fn page() -> String {
    let parts = [
        (EXITS, exits()),
        (KINDS, kinds()),
        (REFUSED, refused()),
        (CHECKS, checks()),
        (PROBLEMS, problems()),
    ];
    let parts: Vec<String> = parts.into_iter().map(|(head, table)| format!("{head}{table}")).collect();
    format!("{HEAD}{}", parts.concat())
}

fn exits() -> String {
    let source = file("crates/store/src/error.rs");
    let body = source.split_once("enum Exit {").unwrap().1.split_once('}').unwrap().0;
    let number = |variant: &str| {
        let line = body.lines().find_map(|line| line.trim().strip_prefix(variant)?.strip_prefix(" = "));
        line.unwrap_or_else(|| panic!("Exit::{variant} has no number")).trim_end_matches(',').to_owned()
    };
    let rows: Vec<[String; 2]> = variants(&source, "Exit")
        .iter()
        .map(|(variant, said)| [code(&number(variant)), words(said)])
        .collect();
    table(["code", "means"], &rows)
}

fn kinds() -> String {
    let said = variants(&file("src/merge/finding.rs"), "Kind");
    assert_eq!(said.len(), Kind::ALL.len());
    let rows: Vec<[String; 4]> = Kind::ALL
        .iter()
        .map(|kind| {
            let meaning = of(&said, &format!("{kind:?}"));
            [kind.code().to_owned(), words(kind.name()), words(meaning), words(kind.remedy())]
        })
        .collect();
    table(["code", "name", "is", "what to do"], &rows)
}

fn refused() -> String {
    let source = file("src/merge/error.rs");
    let codes = values(&source, "code");
    let mut rows: Vec<[String; 2]> = variants(&source, "MergeError")
        .iter()
        .map(|(variant, said)| [of(&codes, variant).to_owned(), words(said)])
        .collect();
    rows.sort();
    table(["code", "why"], &rows)
}

fn checks() -> String {
    let queries = Queries::load(None).unwrap();
    let rows: Vec<[String; 3]> = queries
        .below("checks/")
        .map(|query| {
            let name = query.name.trim_start_matches("checks/");
            let remedy = query.header("remedy").unwrap_or_default();
            assert!(!remedy.is_empty(), "{name} does not say what to do");
            [code(name), words(query.description()), words(remedy)]
        })
        .collect();
    table(["check", "fails where", "what to do"], &rows)
}

fn problems() -> String {
    let source = file("src/serve/access/ending.rs");
    let (http, grpc, state) = (values(&source, "http"), values(&source, "grpc"), values(&source, "sqlstate"));
    let rows: Vec<[String; 5]> = variants(&source, "Ending")
        .iter()
        .map(|(variant, said)| {
            let status = of(&http, variant).trim_start_matches('(').split(',').next().unwrap();
            [
                code(&in_an_address(variant)),
                status.to_owned(),
                of(&grpc, variant).to_owned(),
                of(&state, variant).to_owned(),
                words(said),
            ]
        })
        .collect();
    table(["problem", "HTTP", "gRPC", "SQLSTATE", "is"], &rows)
}

/// `UnknownTable` as `unknown-table`.
fn in_an_address(variant: &str) -> String {
    let dashed = variant
        .chars()
        .map(|c| if c.is_uppercase() { format!("-{}", c.to_lowercase()) } else { c.to_string() });
    dashed.collect::<String>().trim_start_matches('-').to_owned()
}
