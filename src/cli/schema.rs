//! `results schema`

use super::definitions::Folder;
use super::outcome::Outcome;
use super::speak::out;
use super::text::columns;
use crate::error::{Exit, Failure};
use crate::schema::TableSchema;
use crate::yaml::to_yaml;

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
                out(&to_yaml(schema).map_err(Failure::error)?)?;
            } else {
                out(&render(schema))?;
            }
        }
    }
    Ok(Exit::Done)
}

fn render(schema: &TableSchema) -> String {
    let rows: Vec<Vec<String>> = schema
        .columns
        .iter()
        .map(|c| {
            vec![
                c.name.clone(),
                c.kind.name().to_owned(),
                c.unit.clone().unwrap_or_default(),
                if c.nullable { "" } else { "required" }.to_owned(),
                c.allowed(),
                c.derived.as_ref().map_or(String::new(), ToString::to_string),
                c.description.clone(),
            ]
        })
        .collect();
    format!(
        "{}: {}\nkey: {}\n\n{}",
        schema.table,
        schema.description,
        schema.key_in_words(),
        columns(&["column", "type", "unit", "", "values", "made by merge", "meaning"], &rows)
    )
}
