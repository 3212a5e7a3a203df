//! Every table and column, from the schema files.

use results::schema::{Only, Schemas, TableSchema};

use super::markdown::{code, table, words};

const HEAD: &str = "# Tables

What `results schema show TABLE` says, of every table. Columns stand in the order of the CSV file; every table but those that
are made of all users has `user_id` before them. Columns that are *made by merge* are in no file of a run: they are
computed of all users, by `merge` and wherever a run is read. The last four are made when somebody asks, and are in no
file ([what they are for](../sql.md#tables)); columns that many tables have are left out of them. What stands in the files of a run is in [a run on disk](../run-format.md).

The types are text, whole numbers (`int`, 64 bits), `float` (double precision, never NaN), `bool`, and `timestamp` (UTC,
microseconds). A range `a..b` includes both ends.
";

pub(super) fn page() -> String {
    let schemas = Schemas::load(None).unwrap();
    let mut page = HEAD.to_owned();
    for schema in schemas.iter().chain(schemas.made()) {
        add(schema, &mut page);
    }
    page
}

fn add(schema: &TableSchema, page: &mut String) {
    page.push_str(&format!("\n## {}\n\n{}\n\n", schema.table, words(&schema.description)));
    page.push_str(&format!("Key: {}.", words(&schema.key_in_words())));
    if let Some(csv) = &schema.csv {
        page.push_str(&format!(" CSV: {}.", code(csv)));
    }
    if let Some(measure) = &schema.measure {
        page.push_str(&format!(" In `fdr.families`: {}.", code(measure)));
    }
    let rows: Vec<[String; 6]> =
        schema.columns.iter().filter(|column| schema.shows(column)).map(row).collect();
    let head = ["column", "type", "unit", "values", "made by merge", "meaning"];
    page.push_str(&format!("\n\n{}", table(head, &rows)));
}

fn row(column: &results::schema::Column) -> [String; 6] {
    assert!(!column.description.is_empty(), "{} has no description", column.name);
    let required = (!column.nullable).then(|| "required".to_owned());
    let allowed = Some(code(&column.allowed())).filter(|allowed| !allowed.is_empty());
    let only = match column.only {
        Some(Only::Nulls) => " Only where `statistical.nulls` has more than `permute`.",
        None => "",
    };
    let not_in_csv = if column.csv { "" } else { " Not in the CSV file." };
    [
        code(&column.name),
        column.kind.name().to_owned(),
        words(column.unit.as_deref().unwrap_or_default()),
        required.into_iter().chain(allowed).collect::<Vec<_>>().join(", "),
        words(&column.derived.as_ref().map_or(String::new(), ToString::to_string)),
        format!("{}{only}{not_in_csv}", words(&column.description)),
    ]
}
