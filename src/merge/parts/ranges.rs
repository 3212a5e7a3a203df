//! What a part of the users says of what all of them determine.

use datafusion::prelude::Expr;

use super::divided::Divided;
use super::making::Making;
use crate::export::{ExportError, TableWriter};
use crate::merge::error::MergeError;
use crate::merge::stage::Stage;
use crate::merge::survey::Survey;
use crate::sql::Session;
use crate::tables::{Passed, Step};

impl Divided<'_> {
    /// Counts the p of a part, and takes the values of its group tests.
    pub(super) async fn count(&self, survey: &Survey, part: u32) -> Result<(), MergeError> {
        let (tables, passed) = self.tables(survey, Some(part), Stage::Ranges)?;
        let mut making = Making::of(&self.exchange, Stage::Ranges, part)?;
        for passed in passed.iter().filter(|passed| passed.step == Step::Ranges) {
            hand_on(&mut making, &tables.session, passed).await?;
        }
        making.finish(&())?;
        Ok(())
    }
}

/// Writes what is handed on into a file, in an order that depends on the rows alone.
pub(super) async fn hand_on(
    making: &mut Making<'_>,
    session: &Session,
    passed: &Passed,
) -> Result<(), MergeError> {
    let mut rows = session.query(&passed.sql).await?;
    if !passed.in_order {
        let by = rows.schema().iter().map(|column| Expr::from(column).sort(true, false)).collect();
        rows = rows.sort(by).map_err(ExportError::from)?;
    }
    let rows = rows.execute_stream().await.map_err(ExportError::from)?;
    let path = making.new_file();
    let mut writer =
        TableWriter::new(&rows.schema()).for_a_while().parquet(&path, &rows.schema(), None, Vec::new())?;
    writer.push_all(rows).await?;
    writer.finish()?;
    making.whole(&passed.name, &path).await
}
