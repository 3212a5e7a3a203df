//! The plan of a stage of a merge, or of a piece of a query: a leaf whose partitions are parts.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::{mpsc, oneshot};

use super::said::Said;
use super::work::{STACK, Spec};

/// Chunks of rows that are made before they are asked for.
const AHEAD: usize = 4;

/// Does a part a partition.
#[derive(Debug)]
pub(super) struct PartExec {
    spec: Arc<Spec>,
    properties: Arc<PlanProperties>,
}

impl PartExec {
    pub(super) fn new(spec: Spec) -> Self {
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Said::schema()),
            Partitioning::UnknownPartitioning(spec.parts.len()),
            EmissionType::Final,
            Boundedness::Bounded,
        ));
        Self { spec: Arc::new(spec), properties }
    }

    pub(super) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Of some of its partitions only.
    pub(super) fn slice(&self, partitions: &[usize]) -> Result<Self> {
        let part = |partition: &usize| {
            let part = self.spec.parts.get(*partition).copied();
            part.ok_or_else(|| DataFusionError::Internal(format!("no partition {partition}")))
        };
        let parts = partitions.iter().map(part).collect::<Result<_>>()?;
        Ok(Self::new(Spec { parts, ..(*self.spec).clone() }))
    }
}

impl DisplayAs for PartExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartExec: {}, parts={:?}", self.spec.work.words(), self.spec.parts)
    }
}

impl ExecutionPlan for PartExec {
    fn name(&self) -> &'static str {
        "PartExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let part = self.spec.parts.get(partition).copied();
        let part = part.ok_or_else(|| DataFusionError::Internal(format!("no partition {partition}")))?;
        let spec = Arc::clone(&self.spec);
        let begin = async move {
            let (send, mut receive) = mpsc::channel(AHEAD);
            let (end, ended) = oneshot::channel();
            let thread = std::thread::Builder::new().name(format!("part {part}")).stack_size(STACK);
            thread.spawn(move || end.send(spec.carry_out(part, &send)))?;
            let rows = stream::poll_fn(move |context| receive.poll_recv(context));
            let rows = rows.map(move |bytes| Said::rows(part, bytes).to_row());
            let last = async move {
                let done = ended.await.unwrap_or_else(|_| Err("the thread of the part has ended".to_owned()));
                Said::of(part, done).to_row()
            };
            Ok::<_, DataFusionError>(rows.chain(stream::once(last)))
        };
        let said = stream::once(begin).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(Said::schema(), said)))
    }
}
