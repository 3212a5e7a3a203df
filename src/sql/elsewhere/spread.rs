//! A query that is answered with help.

use std::path::absolute;
use std::sync::Arc;
use std::time::Duration;

use datafusion::dataframe::DataFrame;
use datafusion::physical_plan::{
    ExecutionPlan, ExecutionPlanProperties, SendableRecordBatchStream, execute_stream,
};
use futures::future::try_join_all;

use super::cut;
use super::helper::{Helped, Helper};
use super::places::Now;
use super::received::{Received, ReceivedExec};
use super::same;
use super::share::{Asking, Share};
use super::unshared::Unshared;
use crate::sql::bounds::Bounds;
use crate::sql::damage::Damaged;
use crate::sql::error::SessionError;
use crate::sql::params::Params;
use crate::store::Location;

/// How a query is shared out, and of what it is asked.
#[derive(Debug, Clone)]
pub(in crate::sql) struct Spread {
    helped: Helped,
    now: Now,
    /// Partitions of its plan.
    pub(in crate::sql) partitions: usize,
    time: Option<Duration>,
    disk: Option<u64>,
}

impl Spread {
    /// Of directories as they are now.
    pub(in crate::sql) fn of(
        dirs: &[Location],
        bounds: Bounds,
        helped: &Helped,
    ) -> Result<Self, SessionError> {
        let partitions = bounds.partitions(helped.helper.partitions());
        let (time, disk) = (bounds.time, bounds.disk_bytes());
        let mut helped = helped.clone();
        helped.definitions = helped.definitions.map(|dir| absolute(&dir).unwrap_or(dir));
        Ok(Self { helped, now: Now::of(dirs)?, partitions, time, disk })
    }

    /// Where the directories are as they were.
    pub(in crate::sql) fn locations(&self) -> &[Location] {
        &self.now.locations
    }

    /// What others are told of a query.
    pub(in crate::sql) fn asking(&self, sql: &str, params: &Params, damaged: &Damaged) -> Asking {
        let Self { helped, now, partitions, time, .. } = self;
        Asking {
            places: now.without(damaged),
            definitions: helped.definitions.clone(),
            sql: sql.to_owned(),
            params: params.texts(),
            partitions: *partitions,
            time: *time,
        }
    }

    /// The rows of a query, whose pieces are computed elsewhere by now.
    pub(in crate::sql) async fn rows(
        self,
        asking: Asking,
        frame: DataFrame,
    ) -> Result<SendableRecordBatchStream, SessionError> {
        if let Some(refusal) = same::check(frame.logical_plan())? {
            return Err(refusal.into());
        }
        let task = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await?;
        let pieces = cut::pieces(&plan)?;
        if pieces.is_empty() {
            return Ok(execute_stream(plan, task)?);
        }
        let helper = &*self.helped.helper;
        helper.prepare(&asking).await?;
        let shares = pieces.iter().enumerate().map(|(place, piece)| {
            let parts = piece.output_partitioning().partition_count() as u32;
            let share = Share { asking: asking.clone(), piece: place, mark: cut::mark(piece), parts };
            computed(helper, share, piece, self.disk)
        });
        let received = try_join_all(shares).await?;
        Ok(execute_stream(cut::with(&plan, received)?, task)?)
    }
}

async fn computed(
    helper: &dyn Helper,
    share: Share,
    piece: &Arc<dyn ExecutionPlan>,
    disk: Option<u64>,
) -> Result<Arc<dyn ExecutionPlan>, Unshared> {
    let cannot = |error| format!("cannot write into {}: {error}", std::env::temp_dir().display());
    let received = Received::new(share.parts, disk).map_err(cannot)?;
    helper.compute(&share, &received).await?;
    if !received.missing().is_empty() {
        return Err(Unshared::Because("partitions of the query were not computed".to_owned()));
    }
    Ok(Arc::new(ReceivedExec::new(piece.as_ref(), share.piece, received)))
}
