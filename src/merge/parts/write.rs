//! The rows of a part of the users as they are in the output.

use std::collections::BTreeMap;

use super::divided::{Divided, with_control};
use super::making::Making;
use super::ranges::hand_on;
use crate::merge::about::About;
use crate::merge::error::MergeError;
use crate::merge::stage::Stage;
use crate::merge::table::{TableFiles, WrittenTable};
use crate::schema::CONTROL;
use crate::tables::{GROUP_TESTS, PASSED, PUBLIC, Step};

/// What was written of each table.
pub(super) type Written = BTreeMap<String, WrittenTable>;

impl Divided<'_> {
    /// Writes the tables of a part.
    pub(super) async fn write(&self, about: &About<'_>, part: u32) -> Result<(), MergeError> {
        let (tables, passed) = self.tables(about.survey, Some(part), Stage::Write)?;
        let combined = self.exchange.all(Stage::Combine, Stage::Write)?;
        self.take_over(&tables.session, &combined, |name| Some(space_of(name)))?;
        with_control(&tables.session, about)?;
        let mut making = Making::of(&self.exchange, Stage::Write, part)?;
        let dir = making.dir().to_owned();
        let fingerprint = about.fingerprint();
        let files = TableFiles {
            merge: self.merge,
            tables: &tables,
            dir: &dir,
            is_complete: about.survey.gaps.is_empty(),
            fingerprint: &fingerprint,
            part: Some(part),
            // What is checked is read from them.
            parquet: true,
        };
        let wanted = self.merge.wanted(self.runs, about.survey);
        let mut written = Written::new();
        for schema in wanted.iter().filter(|schema| schema.user().is_some()) {
            written.insert(schema.table.clone(), files.write(schema).await?);
            if let Some(csv) = files.csv_path(schema).filter(|csv| csv.exists()) {
                making.whole(&csv_of(&schema.table), &csv).await?;
            }
            making.whole(&schema.table, &files.parquet_path(schema)).await?;
        }
        if wanted.iter().any(|schema| schema.table == "families") {
            for passed in passed.iter().filter(|passed| passed.step == Step::Write) {
                hand_on(&mut making, &tables.session, passed).await?;
            }
        }
        making.finish(&written)?;
        Ok(())
    }
}

/// What the CSV file of a table is called.
pub(super) fn csv_of(table: &str) -> String {
    format!("{table}.csv")
}

/// The schema in which something that was combined is a table.
pub(super) fn space_of(name: &str) -> &'static str {
    if [GROUP_TESTS, CONTROL].contains(&name) { PUBLIC } else { PASSED }
}
