//! Which partitions of a plan a task does.
//!
//! The scheduler cuts the leaves that it knows to the partitions of a task; of ours it only says which those are.

use std::sync::Arc;

use ballista_core::JobId;
use ballista_executor::execution_engine::{DefaultExecutionEngine, ExecutionEngine, QueryStageExecutor};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;

use super::plan::PartExec;

/// Does tasks of plans whose leaves are ours.
#[derive(Default)]
pub(super) struct Slices(DefaultExecutionEngine);

impl ExecutionEngine for Slices {
    fn create_query_stage_exec(
        &self,
        job_id: JobId,
        stage_id: usize,
        task_id: usize,
        partitions: Vec<usize>,
        plan: Arc<dyn ExecutionPlan>,
        work_dir: &str,
        config: &SessionConfig,
    ) -> Result<Arc<dyn QueryStageExecutor>> {
        let cut = plan.transform(|node| match node.downcast_ref::<PartExec>() {
            Some(leaf) => Ok(Transformed::yes(Arc::new(leaf.slice(&partitions)?) as Arc<dyn ExecutionPlan>)),
            None => Ok(Transformed::no(node)),
        })?;
        self.0.create_query_stage_exec(job_id, stage_id, task_id, partitions, cut.data, work_dir, config)
    }
}
