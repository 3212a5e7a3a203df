//! What plans are as bytes, and which are accepted: parts of a stage of a merge or of a query, and no others. Who reaches the
//! ports of a cluster can have it do those; of a query, its text is sent and no plan, and who is sent it refuses what would
//! not only read.

use std::sync::Arc;

use ballista_core::execution_plans::ShuffleWriterExec;
use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::logical_plan::{AsLogicalPlan, LogicalExtensionCodec};
use datafusion_proto::physical_plan::{
    AsExecutionPlan, PhysicalExtensionCodec, PhysicalProtoConverterExtension,
};
use datafusion_proto::protobuf::physical_plan_node::PhysicalPlanType;
use datafusion_proto::protobuf::{PhysicalExtensionNode, PhysicalPlanNode};
use prost::Message;
use prost::bytes::BufMut;

use super::plan::PartExec;
use super::work::Spec;

/// How the bytes of ours begin; Ballista's begin otherwise.
const OURS: &[u8] = b"{\"results\":";

/// Reads and writes our leaf; of what Ballista puts above it, Ballista's.
#[derive(Debug, Default)]
pub(super) struct Codec {
    ballista: BallistaPhysicalExtensionCodec,
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if bytes.starts_with(OURS) {
            return Ok(Arc::new(PartExec::new(Spec::parse(bytes).map_err(refused)?)));
        }
        self.ballista.try_decode(bytes, inputs, context, converter)
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        match node.downcast_ref::<PartExec>() {
            Some(leaf) => bytes.extend(leaf.spec().to_bytes()?),
            None => self.ballista.try_encode(node, bytes, converter)?,
        }
        Ok(())
    }
}

fn refused(why: String) -> DataFusionError {
    DataFusionError::Plan(why)
}

fn not_ours() -> DataFusionError {
    refused(
        "not a plan of results: this cluster does parts of merges and of queries, and nothing else"
            .to_owned(),
    )
}

/// The extension that a node is.
fn extension(node: &PhysicalPlanNode) -> Option<&PhysicalExtensionNode> {
    match node.physical_plan_type.as_ref()? {
        PhysicalPlanType::Extension(node) => Some(node),
        _ => None,
    }
}

/// The leaf that a node is, if it is ours.
fn leaf(node: &PhysicalPlanNode) -> Result<Spec> {
    let node = extension(node).filter(|node| node.inputs.is_empty() && node.node.starts_with(OURS));
    Spec::parse(&node.ok_or_else(not_ours)?.node).map_err(refused)
}

fn decode(bytes: &[u8]) -> Result<PhysicalPlanNode> {
    PhysicalPlanNode::decode(bytes).map_err(|_| not_ours())
}

fn encode(node: &PhysicalPlanNode, to: &mut impl BufMut) -> Result<()> {
    node.encode(to).map_err(|error| DataFusionError::External(error.into()))
}

/// A plan as it is handed in: our leaf by itself.
#[derive(Debug, Clone)]
pub(super) struct HandedIn(PhysicalPlanNode);

impl HandedIn {
    /// The plan of a leaf.
    pub(super) fn of(spec: &Spec) -> Result<Self> {
        let node = PhysicalExtensionNode { node: spec.to_bytes()?, inputs: Vec::new() };
        Ok(Self(PhysicalPlanNode { physical_plan_type: Some(PhysicalPlanType::Extension(node)) }))
    }
}

impl AsExecutionPlan for HandedIn {
    fn try_decode(bytes: &[u8]) -> Result<Self> {
        let node = decode(bytes)?;
        leaf(&node)?;
        Ok(Self(node))
    }

    fn try_encode<B: BufMut>(&self, to: &mut B) -> Result<()> {
        encode(&self.0, to)
    }

    fn try_into_physical_plan(
        &self,
        _: &TaskContext,
        _: &dyn PhysicalExtensionCodec,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(PartExec::new(leaf(&self.0)?)))
    }

    fn try_from_physical_plan(plan: Arc<dyn ExecutionPlan>, _: &dyn PhysicalExtensionCodec) -> Result<Self> {
        Self::of(plan.downcast_ref::<PartExec>().ok_or_else(not_ours)?.spec())
    }
}

/// A plan as a task has it: our leaf, and above it what Ballista writes rows with.
#[derive(Debug, Clone)]
pub(super) struct OfTask(PhysicalPlanNode);

impl AsExecutionPlan for OfTask {
    fn try_decode(bytes: &[u8]) -> Result<Self> {
        let node = decode(bytes)?;
        let [below] = extension(&node).map(|node| &node.inputs[..]).unwrap_or_default() else {
            return Err(not_ours());
        };
        leaf(below)?;
        Ok(Self(node))
    }

    fn try_encode<B: BufMut>(&self, to: &mut B) -> Result<()> {
        encode(&self.0, to)
    }

    fn try_into_physical_plan(
        &self,
        context: &TaskContext,
        codec: &dyn PhysicalExtensionCodec,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.0.try_into_physical_plan(context, codec)?;
        let is_ours = plan.children().first().is_some_and(|below| below.is::<PartExec>());
        if is_ours && plan.is::<ShuffleWriterExec>() { Ok(plan) } else { Err(not_ours()) }
    }

    fn try_from_physical_plan(
        plan: Arc<dyn ExecutionPlan>,
        codec: &dyn PhysicalExtensionCodec,
    ) -> Result<Self> {
        PhysicalPlanNode::try_from_physical_plan(plan, codec).map(Self)
    }
}

/// The plan of a query; none is accepted.
#[derive(Debug, Clone)]
pub(super) enum NoQuery {}

impl AsLogicalPlan for NoQuery {
    fn try_decode(_: &[u8]) -> Result<Self> {
        Err(not_ours())
    }

    fn try_encode<B: BufMut>(&self, _: &mut B) -> Result<()> {
        match *self {}
    }

    fn try_into_logical_plan(&self, _: &TaskContext, _: &dyn LogicalExtensionCodec) -> Result<LogicalPlan> {
        match *self {}
    }

    fn try_from_logical_plan(_: &LogicalPlan, _: &dyn LogicalExtensionCodec) -> Result<Self> {
        Err(not_ours())
    }
}

#[cfg(test)]
mod tests;
