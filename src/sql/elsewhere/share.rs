//! What another process is told of a query, and what it does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use super::places::Place;
use super::unshared::Unshared;
use super::{bytes, cut};
use crate::sources::Folder;
use crate::sql::bounds::{Bounds, Clock};
use crate::sql::damage::Damaged;
use crate::sql::params::Params;
use crate::sql::session::Session;

/// A query that is shared out: all that a process has to know to plan it as the one does that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    pub(super) places: Vec<Place>,
    pub(super) definitions: Option<PathBuf>,
    pub(super) sql: String,
    pub(super) params: Vec<(String, String)>,
    /// Partitions of plans.
    pub(super) partitions: usize,
    /// How long it may take.
    pub(super) time: Option<Duration>,
}

impl Asking {
    /// Whether this process sees what the query is asked of.
    ///
    /// # Errors
    /// What is not seen.
    pub fn look(&self) -> Result<(), String> {
        if let Some(folder) = self.definitions.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(format!("the folder {} of --definitions is not seen", folder.display()));
        }
        self.places.iter().try_for_each(Place::look)
    }

    /// The pieces of its plan, and what they are carried out in.
    async fn pieces(&self, clock: &mut Clock, bounds: Bounds) -> Result<Planned, Unshared> {
        let places = self.places.iter().map(Place::location).collect::<Result<Vec<_>, _>>()?;
        let folder = Folder(self.definitions.clone());
        let loaded = folder.load_for(&places).map_err(|failure| failure.to_string())?;
        let damaged = Damaged::of_each(self.places.iter().filter_map(Place::damage).collect());
        let session =
            Session::open_spread(&places, bounds, &damaged, loaded.as_ref(), self.partitions.clamp(1, 4096))?;
        let frame = session.planned(&self.sql, clock).await?;
        let values = self.params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let frame = Params::default().with_defaults(values).bind(frame)?;
        let task = Arc::new(frame.task_ctx());
        let plan = clock.part(async move { frame.create_physical_plan().await }).await?;
        Ok(Planned { pieces: cut::pieces(&plan)?, task, _session: session })
    }
}

struct Planned {
    pieces: Vec<Arc<dyn ExecutionPlan>>,
    task: Arc<TaskContext>,
    /// Held as long as there are rows to come.
    _session: Session,
}

/// A piece of the plan of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    pub(super) asking: Asking,
    /// Which of its pieces.
    pub(super) piece: usize,
    /// What tells it from others.
    pub(super) mark: String,
    pub(super) parts: u32,
}

impl Share {
    /// How many partitions it has.
    pub fn parts(&self) -> u32 {
        self.parts
    }

    /// What it is, for people.
    pub fn words(&self) -> String {
        format!("share {} of a query", self.piece)
    }

    /// Computes a partition and sends its rows, as [`Received`](super::Received) takes them.
    ///
    /// # Errors
    /// Why it is not done.
    pub async fn carry_out(&self, part: u32, to: &Sender<Vec<u8>>) -> Result<(), Unshared> {
        self.asking.look()?;
        crate::failpoint::hit("share", &self.asking.sql);
        let bounds = Bounds { time: self.asking.time, ..Bounds::of_memory(Bounds::usual_memory()) };
        let mut clock = bounds.start();
        let Planned { pieces, task, _session } = self.asking.pieces(&mut clock, bounds).await?;
        let piece = pieces.get(self.piece).filter(|piece| cut::mark(piece) == self.mark).cloned();
        let piece = piece.ok_or_else(|| {
            "the query is planned in another way there\n(hint: what --definitions names has to be the same on all machines)"
                .to_owned()
        })?;
        let part = part as usize;
        if part >= piece.output_partitioning().partition_count() {
            return Err(Unshared::Because("the query does not have so many partitions".to_owned()));
        }
        let schema = piece.schema();
        let rows = clock.part(async move { piece.execute(part, task) }).await?;
        Ok(bytes::send(clock.rows(rows), &schema, to).await?)
    }
}
