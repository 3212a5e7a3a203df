//! `results schema`

use super::definitions::Folder;
use super::outcome::Outcome;
use super::speak::out;
use super::text::columns;
use crate::error::{Exit, Failure};
use crate::schema::{Column, ColumnType, Derived, TableSchema};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  results schema show\n  results schema show te\n  results schema show te --yaml > mine.yaml"
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show all tables, or the columns of one
    #[command(after_help = "Examples:\n  results schema show\n  results schema show te")]
    Show {
        /// The table
        table: Option<String>,
        /// Print the schema file
        #[arg(long)]
        yaml: bool,
    },
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let Command::Show { table, yaml } = &args.command;
    let schemas = definitions.load()?.schemas;
    match table {
        None => {
            let rows: Vec<Vec<String>> = schemas
                .iter()
                .map(|s| {
                    vec![
                        s.table.clone(),
                        s.version.to_string(),
                        s.columns.len().to_string(),
                        s.csv.clone().unwrap_or_default(),
                        s.description.clone(),
                    ]
                })
                .collect();
            out(&columns(&["table", "version", "columns", "csv", "description"], &rows))?;
        }
        Some(table) => {
            let schema = schemas.get(table).map_err(Failure::usage)?;
            if *yaml {
                out(&serde_saphyr::to_string(schema).map_err(Failure::error)?)?;
            } else {
                out(&render(schema))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// What a schema says of the values of a column.
fn allowed(column: &Column) -> String {
    let show = |bound: Option<f64>| bound.map_or(String::new(), |bound| bound.to_string());
    let is_ranged = column.min.is_some() || column.max.is_some();
    let range = is_ranged.then(|| format!("{}..{}", show(column.min), show(column.max)));
    let list = column.values.as_ref().map(|values| values.join("|"));
    let setting = column.config.as_ref().map(|key| format!("= {key}"));
    [range, list, setting].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn render(schema: &TableSchema) -> String {
    let rows: Vec<Vec<String>> = schema
        .columns
        .iter()
        .map(|c| {
            let kind = match c.kind {
                ColumnType::Text => "text",
                ColumnType::Int => "int",
                ColumnType::Float => "float",
                ColumnType::Bool => "bool",
                ColumnType::Timestamp => "timestamp",
            };
            let made = match &c.derived {
                None => String::new(),
                Some(Derived::Q { q_of, family }) => format!("q of {q_of} per {}", family.join(", ")),
                Some(Derived::GroupP { group_p_of, by }) => {
                    format!("test of {group_p_of} per {}", by.join(", "))
                }
                Some(Derived::GroupQ { group_q_of, .. }) => format!("q of the test of {group_q_of}"),
                Some(Derived::Control { control_of }) => {
                    format!("share of strangers that {control_of} calls")
                }
            };
            vec![
                c.name.clone(),
                kind.to_owned(),
                c.unit.clone().unwrap_or_default(),
                if c.nullable { "" } else { "required" }.to_owned(),
                allowed(c),
                made,
                c.description.clone(),
            ]
        })
        .collect();
    format!(
        "{}: {}\nkey: user_id{}\n\n{}",
        schema.table,
        schema.description,
        schema.key.iter().fold(String::new(), |all, k| all + ", " + k),
        columns(&["column", "type", "unit", "", "values", "made by merge", "meaning"], &rows)
    )
}
