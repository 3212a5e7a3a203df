//! Schema files, embedded in the binary or taken from a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use include_dir::{Dir, include_dir};
use thiserror::Error;

use super::kept::{LEDGER, MadeOf};
use super::table::{Column, Only, TableSchema};
use crate::config::Settings;
use crate::hidden::is_hidden;
use crate::text_file;
use crate::yaml::from_yaml;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../schemas");

/// Why a schema could not be used.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// A file could not be read.
    #[error("cannot read the schema file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file is not a schema.
    #[error("{file} is not a table schema: {message}\n(hint: `results schema show te` prints one that is)")]
    Parse {
        /// The file.
        file: String,
        /// What is wrong, with line and column.
        message: String,
    },
    /// A schema contradicts itself.
    #[error("{file}: {fault}")]
    Fault {
        /// The file.
        file: String,
        /// The contradiction.
        fault: String,
    },
    /// No such table.
    #[error("unknown table `{name}`\n(hint: known tables are {known})")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The tables there are.
        known: String,
    },
}

/// Where the tables are described that no shard writes and no merge puts out.
const MADE: &str = "made";

/// The description there of columns that many tables have.
const EVERY: &str = "every";

/// All tables, by name.
#[derive(Debug, Clone)]
pub struct Schemas {
    tables: BTreeMap<String, TableSchema>,
    /// Those that are made when somebody asks, which have no rules.
    made: BTreeMap<String, TableSchema>,
    /// Names of those that are not embedded.
    own: BTreeSet<String>,
}

impl Schemas {
    /// The embedded schemas, with those of `folder` on top (same table: replaced; new: added).
    pub fn load(folder: Option<&Path>) -> Result<Self, SchemaError> {
        let Self { mut tables, made, mut own } = Self::built_in()?.clone();
        if let Some(folder) = folder {
            for path in yaml_files(folder)? {
                let text = text_file::read(&path)
                    .map_err(|source| SchemaError::Read { path: path.clone(), source })?;
                let schema = parse(&path.display().to_string(), &text)?;
                own.insert(schema.table.clone());
                tables.insert(schema.table.clone(), schema);
            }
        }
        Ok(Self { tables, made, own })
    }

    /// The embedded schemas, which are read once a process.
    fn built_in() -> Result<&'static Self, SchemaError> {
        static BUILT_IN: OnceLock<Schemas> = OnceLock::new();
        if let Some(known) = BUILT_IN.get() {
            return Ok(known);
        }
        let tables = embedded(&EMBEDDED, parse)?;
        let made = EMBEDDED.get_dir(MADE).map(|dir| embedded(dir, read)).transpose()?.unwrap_or_default();
        Ok(BUILT_IN.get_or_init(|| Self { tables, made, own: BTreeSet::new() }))
    }

    /// The tables that are not embedded, for a run to keep.
    pub fn own(&self) -> Vec<TableSchema> {
        self.own.iter().filter_map(|name| self.tables.get(name).cloned()).collect()
    }

    /// Adds tables that a run kept; those of a folder come before them.
    pub fn adopt(&mut self, kept: Vec<TableSchema>) {
        for schema in kept {
            if self.own.insert(schema.table.clone()) {
                self.tables.insert(schema.table.clone(), schema);
            }
        }
    }

    /// Takes away the columns that are elsewhere only, so that tables are what they were before there were any.
    pub fn without(&mut self, elsewhere: Only) {
        self.tables.values_mut().for_each(|schema| schema.without(elsewhere));
    }

    /// Every q gets a column beside it, with the share of pairs of strangers that its test rejects. Whoever reads what
    /// was written in these columns must know them, so the tables are kept with it.
    pub fn stand_beside_a_control(&mut self) {
        for (name, schema) in &mut self.tables {
            if schema.stand_beside_a_control() {
                self.own.insert(name.clone());
            }
        }
    }

    /// The table of that name.
    pub fn get(&self, table: &str) -> Result<&TableSchema, SchemaError> {
        self.tables.get(table).ok_or_else(|| SchemaError::Unknown {
            name: table.to_owned(),
            known: self.tables.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }

    /// What is known of a table, those included that are made when somebody asks (the plan, its files, events, tests).
    pub fn about(&self, table: &str) -> Option<&TableSchema> {
        self.tables.get(table).or_else(|| self.made.get(table).filter(|_| table != EVERY))
    }

    /// What is known of a column: by its table, or since many tables have it.
    pub fn about_column(&self, table: &str, column: &str) -> Option<&Column> {
        let known = self.about(table).and_then(|schema| schema.column(column));
        known.or_else(|| self.made.get(EVERY)?.column(column))
    }

    /// The tables that are made when somebody asks, in the order of their names.
    pub fn made(&self) -> impl Iterator<Item = &TableSchema> {
        self.made.values().filter(|schema| schema.table != EVERY)
    }

    /// The table of the attempts.
    pub fn ledger(&self) -> Result<&TableSchema, SchemaError> {
        self.get(LEDGER)
    }

    /// All tables in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &TableSchema> {
        self.tables.values()
    }

    /// Tables that shards write besides the ledger.
    pub fn data_tables(&self) -> impl Iterator<Item = &TableSchema> {
        self.iter().filter(|t| t.made_of() == MadeOf::Units)
    }
}

fn embedded(
    folder: &Dir<'_>,
    parse: fn(&str, &str) -> Result<TableSchema, SchemaError>,
) -> Result<BTreeMap<String, TableSchema>, SchemaError> {
    let each = folder.files().map(|file| {
        let schema = parse(&file.path().display().to_string(), file.contents_utf8().unwrap_or_default())?;
        Ok((schema.table.clone(), schema))
    });
    each.collect()
}

fn read(file: &str, text: &str) -> Result<TableSchema, SchemaError> {
    from_yaml(text).map_err(|e| SchemaError::Parse { file: file.to_owned(), message: e.to_string() })
}

/// A schema that keeps the rules of those that rows are written by.
fn parse(file: &str, text: &str) -> Result<TableSchema, SchemaError> {
    let schema = read(file, text)?;
    match schema.fault().or_else(|| fault_of_settings(&schema)) {
        Some(fault) => Err(SchemaError::Fault { file: file.to_owned(), fault }),
        None => Ok(schema),
    }
}

/// The first column that repeats a setting there is not, or one that cannot be its value: rows would never be
/// compared with it, and nobody would know.
fn fault_of_settings(schema: &TableSchema) -> Option<String> {
    let mut constants = schema.columns.iter().filter_map(|c| Some((c, c.config.as_deref()?))).peekable();
    constants.peek()?;
    let settings = Settings::built_in();
    constants.find_map(|(column, key)| match settings.get(key) {
        // A measure's own settings are there where it is computed.
        None if key.starts_with("measures.") => None,
        None => Some(format!("column `{}` repeats the setting `{key}`, which is not a setting", column.name)),
        // What has no value by default may have one of any type.
        Some(value) if value.is_null() || column.kind.can_be(value) => None,
        Some(value) => Some(format!(
            "column `{}` repeats the setting `{key}`, and {value} isn't a value of its type",
            column.name
        )),
    })
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, SchemaError> {
    let read = |source| SchemaError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if !is_hidden(path.file_name().unwrap_or_default())
            && path.extension().is_some_and(|e| e == "yaml" || e == "yml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_schemas_are_sound() {
        let schemas = Schemas::load(None).unwrap();
        for table in ["users", "te", "k_selection", "hour_bins", "issues"] {
            assert!(schemas.get(table).is_ok(), "{table} is missing");
        }
        let made: Vec<&str> = schemas.made().map(|schema| schema.table.as_str()).collect();
        assert_eq!(made, ["events", "expected", "files", "tests"]);
        assert!(made.iter().all(|table| schemas.get(table).is_err() && schemas.about(table).is_some()));
        assert!(schemas.about("every").is_none());
        let shard = schemas.about_column("te", "shard").unwrap();
        assert_eq!(shard.description, "Shard of the plan.");
    }

    #[test]
    fn a_folder_adds_tables_and_a_fault_names_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write(
            "mine.yaml",
            "table: mine\nversion: 1\ndescription: d\nkey: [a]\ncolumns:\n  - {name: a, type: int}\n",
        );
        assert!(Schemas::load(Some(dir.path())).unwrap().get("mine").is_ok());
        write(
            "bad.yaml",
            "table: bad\nversion: 1\ndescription: d\nkey: [b]\ncolumns:\n  - {name: a, type: int}\n",
        );
        let error = Schemas::load(Some(dir.path())).unwrap_err().to_string();
        assert!(error.contains("bad.yaml") && error.contains("`b`"), "{error}");
        let fault = |column: &str| {
            write("bad.yaml", &format!("table: bad\nversion: 1\ndescription: d\ncolumns:\n  - {column}\n"));
            Schemas::load(Some(dir.path())).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(fault("{name: a, type: int, config: seed}"), Ok(()));
        assert_eq!(fault("{name: a, type: !!str text, values: !!python/tuple [x, y]}"), Ok(()));
        assert_eq!(fault("{name: a, type: int, config: k_selection.k_max}"), Ok(()));
        for (column, told) in [
            ("{name: a, type: int, config: hour_bin}", "`hour_bin`, which is not a setting"),
            ("{name: a, type: text, config: fdr.alpha}", "0.05 isn't a value of its type"),
            ("{name: a, type: int, config: taus}", "[1,2] isn't a value of its type"),
            ("{name: a, type: int, min: !!python/object/apply:numpy.core.multiarray.scalar [f8]}", "line 5"),
            ("{name: a, type: text, values: []}", "without a value"),
            ("{name: a, type: int, values: [a, b]}", "column `a` is of type int and has `values: [a, b]`"),
            ("{name: a, type: bool, values: [yes]}", "column `a` is of type bool and has `values: [yes]`"),
            ("{name: a, type: text, min: 0}", "column `a` is of type text and has `min` or `max`"),
            ("{name: a, type: float, min: 1, max: 0}", "`min` of 1 above its `max` of 0"),
        ] {
            let error = fault(column).unwrap_err();
            assert!(error.contains(told) && error.contains("bad.yaml"), "{error}");
        }
        write("bad.yaml", "table: bad\nversion: one\n");
        let error = Schemas::load(Some(dir.path())).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
