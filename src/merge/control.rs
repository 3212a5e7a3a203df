//! The table of a control, taken into the result of the run that it is of.

use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;

use super::accepted::of_control;
use super::error::MergeError;
use super::survey::survey;
use crate::attempts::{OpenRun, Precedence};
use crate::schema::CONTROL;
use crate::schema::columns::shown;
use crate::sources::Source;
use crate::sql::{Definitions, Session, SessionError};
use crate::store::{ControlOf, Location, StoreError};

/// The rows of the table `control` of a directory: a control, or what was merged of one.
pub(super) async fn rows(
    place: &Location,
    runs: &[OpenRun],
    allow_partial: bool,
    definitions: Definitions<'_>,
) -> Result<RecordBatch, MergeError> {
    let refused = |what: String| MergeError::NotItsControl { dir: place.clone(), what };
    let of = match Source::open(place)? {
        Source::Merged(_, manifest) => {
            if !manifest.complete && !allow_partial {
                return Err(refused("is partial".to_owned()));
            }
            manifest.control
        }
        Source::Run(run) => {
            let of = run.run.manifest().control.clone();
            if of.is_some() && !allow_partial {
                whole(place, *run, definitions)?;
            }
            of
        }
    };
    is_of(of, runs).map_err(refused)?;
    let session = Session::open(std::slice::from_ref(place), definitions)?;
    let batches = session.collect(&format!("SELECT * FROM {CONTROL}")).await?;
    let schema = definitions.schemas.get(CONTROL).map_err(StoreError::from)?;
    let columns = shown(schema);
    let of_table = |batch: &RecordBatch| {
        let place = |name: &String| batch.schema().index_of(name);
        let places = columns.fields().iter().map(|f| place(f.name())).collect::<Result<Vec<_>, _>>()?;
        let arrays = places.into_iter().zip(columns.fields());
        let arrays = arrays.map(|(at, field)| arrow::compute::cast(batch.column(at), field.data_type()));
        RecordBatch::try_new(Arc::clone(&columns), arrays.collect::<Result<Vec<_>, _>>()?)
    };
    let batches: Result<Vec<RecordBatch>, _> = batches.iter().map(of_table).collect();
    Ok(batches.and_then(|all| concat_batches(&columns, &all)).map_err(SessionError::from)?)
}

/// Refuses a control of which units are missing.
fn whole(place: &Location, run: OpenRun, definitions: Definitions<'_>) -> Result<(), MergeError> {
    let mut gaps = survey(&[run], Precedence::Latest, definitions.schemas)?.gaps;
    of_control(&mut gaps);
    match gaps.first() {
        None => Ok(()),
        Some(first) => Err(MergeError::NotItsControl {
            dir: place.clone(),
            what: format!(
                "is not complete: {} of its units are missing, the first {} ({})",
                gaps.len(),
                first.user_id,
                first.kind
            ),
        }),
    }
}

/// Refuses what is not a control of one of the runs.
fn is_of(of: Option<ControlOf>, runs: &[OpenRun]) -> Result<(), String> {
    if let Some(run) = runs.iter().find(|run| run.run.manifest().control.is_some()) {
        return Err(format!("cannot be a control of {}, which is a control itself", run.place));
    }
    let Some(of) = of else { return Err("is not a control".to_owned()) };
    if runs.iter().any(|run| run.run.manifest().run_id == of.of) {
        return Ok(());
    }
    Err(format!("is a control of another run: of {}, which was in {}", of.of, of.dir))
}
