//! The output, put together of what the parts have written.

use std::path::Path;

use super::divided::{Divided, noted, with_control};
use super::record::{PartFile, Record};
use super::write::{Written, csv_of, space_of};
use crate::export::{join_csv, join_parquet};
use crate::merge::about::About;
use crate::merge::error::MergeError;
use crate::merge::outcome::MergeOutcome;
use crate::merge::output::Output;
use crate::merge::stage::Stage;
use crate::merge::table::{InParts, TableFiles, WrittenTable};
use crate::schema::{Facts, TableSchema};
use crate::sorted::Findings;
use crate::tables::{PASSED, PUBLIC};

/// What the parts have written.
#[derive(Debug)]
struct WrittenParts<'a> {
    divided: &'a Divided<'a>,
    records: Vec<Record>,
    written: Vec<Written>,
}

impl Divided<'_> {
    /// Puts the output together, checks it, and puts it into its place.
    pub(super) async fn together(&self, about: &About<'_>) -> Result<MergeOutcome, MergeError> {
        let records = self.exchange.all(Stage::Write, Stage::Together)?;
        let (tables, _) = self.tables(about.survey, None, Stage::Together)?;
        let combined = self.exchange.all(Stage::Combine, Stage::Together)?;
        let of_all = |name: &str| Some(space_of(name)).filter(|space| *space == PUBLIC);
        self.take_over(&tables.session, &combined, of_all)?;
        let schemas = self.merge.definitions.schemas;
        let is_table = |name: &str| schemas.get(name).is_ok();
        self.take_over(&tables.session, &records, |name| match name {
            name if is_table(name) => Some(PUBLIC),
            name => name.strip_suffix(".csv").is_none().then_some(PASSED),
        })?;
        with_control(&tables.session, about)?;
        let written = records.iter().map(|record| noted(record, Stage::Write)).collect::<Result<_, _>>()?;
        let parts = WrittenParts { divided: self, records, written };
        let output = Output {
            merge: self.merge,
            tables: &tables,
            runs: self.runs,
            survey: about.survey,
            calls: about.calls,
            parts: Some(&parts),
        };
        output.write().await
    }
}

impl InParts for WrittenParts<'_> {
    fn table(&self, files: TableFiles<'_>, schema: &TableSchema) -> Result<WrittenTable, MergeError> {
        let csv = self.files(&csv_of(&schema.table));
        if let Some(path) = files.csv_path(schema).filter(|_| !csv.is_empty()) {
            self.join(&csv, &path)?;
        }
        if files.parquet {
            let exchange = &self.divided.exchange;
            let rows = self.files(&schema.table);
            let rows = rows.iter().map(|file| exchange.opened(exchange.verified(file)?));
            join_parquet(&rows.collect::<Result<Vec<_>, _>>()?, &files.parquet_path(schema))?;
        }
        let mut seen: Option<(u64, Facts, Findings)> = None;
        for (rows, facts, findings) in self.written.iter().filter_map(|written| written.get(&schema.table)) {
            match &mut seen {
                None => seen = Some((*rows, facts.clone(), findings.clone())),
                Some(seen) => {
                    seen.0 += rows;
                    seen.1.add(facts);
                    seen.2.add(findings.clone());
                }
            }
        }
        Ok(seen.unwrap_or_default())
    }

    fn clear(&self) -> Result<(), MergeError> {
        self.divided.exchange.clear()
    }
}

impl WrittenParts<'_> {
    /// The files of a name, in the order of the parts.
    fn files(&self, name: &str) -> Vec<&PartFile> {
        self.records.iter().flat_map(|record| &record.files).filter(|file| file.name == name).collect()
    }

    /// Puts CSV files together, and refuses those that are not what was written.
    fn join(&self, files: &[&PartFile], path: &Path) -> Result<(), MergeError> {
        let exchange = &self.divided.exchange;
        let opened = files.iter().map(|file| exchange.opened(file)).collect::<Result<Vec<_>, _>>()?;
        for (file, sum) in files.iter().zip(join_csv(&opened, path)?) {
            exchange.compared(file, &sum)?;
        }
        Ok(())
    }
}
