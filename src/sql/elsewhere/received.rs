//! Rows that other processes have computed, and a step of a plan that gives them.
//!
//! They are kept on the disk: steps above may ask for them late, more than once, or in any order, and who computed them may
//! be gone by then.

use std::fmt;
use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::ipc::reader::StreamReader;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::stream;

use super::unshared::Unshared;
use crate::beside::ScratchFile;

/// Bytes that are read at once.
const BLOCK: usize = 256 << 10;

/// The rows of a share, as they arrive.
#[derive(Debug)]
pub struct Received {
    inner: Mutex<Inner>,
    /// Bytes of disk that they may take.
    most: u64,
}

#[derive(Debug)]
struct Inner {
    file: ScratchFile,
    length: u64,
    parts: Vec<Part>,
}

/// What has arrived of a partition.
#[derive(Debug, Clone, Default)]
struct Part {
    /// Where in the file, and how long.
    pieces: Vec<(u64, usize)>,
    is_whole: bool,
}

impl Received {
    pub(super) fn new(parts: u32, most: Option<u64>) -> io::Result<Self> {
        let parts = vec![Part::default(); parts as usize];
        let inner = Inner { file: ScratchFile::new("received")?, length: 0, parts };
        Ok(Self { inner: Mutex::new(inner), most: most.unwrap_or(u64::MAX) })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The partitions whose rows are not all there.
    pub fn missing(&self) -> Vec<u32> {
        let inner = self.inner();
        let of = |(part, found): (usize, &Part)| (!found.is_whole).then_some(part as u32);
        inner.parts.iter().enumerate().filter_map(of).collect()
    }

    /// Begins a partition; what had arrived of it is given up.
    pub fn begin(&self, part: u32) {
        if let Some(part) = self.inner().parts.get_mut(part as usize) {
            *part = Part::default();
        }
    }

    /// Takes bytes of a partition, in order.
    ///
    /// # Errors
    /// The disk is full.
    pub fn add(&self, part: u32, bytes: &[u8]) -> std::result::Result<(), Unshared> {
        let mut inner = self.inner();
        let place = inner.length;
        if place + bytes.len() as u64 > self.most {
            return Err(Unshared::Because(format!(
                "the rows that were computed elsewhere take more than half of what is free in {}\n(hint: set TMPDIR to a \
                 larger disk, or ask for less: fewer columns or rows at once)",
                std::env::temp_dir().display()
            )));
        }
        let written = inner.file.append(bytes);
        written.map_err(|error| format!("cannot write into {}: {error}", std::env::temp_dir().display()))?;
        inner.length += bytes.len() as u64;
        if let Some(part) = inner.parts.get_mut(part as usize) {
            part.pieces.push((place, bytes.len()));
        }
        Ok(())
    }

    /// Ends a partition: all of it has arrived.
    pub fn end(&self, part: u32) {
        if let Some(part) = self.inner().parts.get_mut(part as usize) {
            part.is_whole = true;
        }
    }
}

/// Reads a partition.
struct Reader {
    rows: Arc<Received>,
    part: usize,
    piece: usize,
    at: usize,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let inner = self.rows.inner();
            let part = inner.parts.get(self.part);
            let Some((place, length)) = part.and_then(|part| part.pieces.get(self.piece)).copied() else {
                return Ok(0);
            };
            let count = buffer.len().min(length - self.at);
            if count > 0 || buffer.is_empty() {
                inner.file.read_at(place + self.at as u64, &mut buffer[..count])?;
                self.at += count;
                return Ok(count);
            }
            drop(inner);
            (self.piece, self.at) = (self.piece + 1, 0);
        }
    }
}

/// Gives the rows of a share in place of the piece of the plan that it is.
#[derive(Debug)]
pub(super) struct ReceivedExec {
    rows: Arc<Received>,
    share: usize,
    properties: Arc<PlanProperties>,
}

impl ReceivedExec {
    pub(super) fn new(piece: &dyn ExecutionPlan, share: usize, rows: Received) -> Self {
        Self { rows: Arc::new(rows), share, properties: Arc::clone(piece.properties()) }
    }
}

impl DisplayAs for ReceivedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.rows.inner();
        write!(
            f,
            "ReceivedExec: share={}, partitions={}, bytes={}",
            self.share,
            inner.parts.len(),
            inner.length
        )
    }
}

impl ExecutionPlan for ReceivedExec {
    fn name(&self) -> &'static str {
        "ReceivedExec"
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
        let reader = Reader { rows: Arc::clone(&self.rows), part: partition, piece: 0, at: 0 };
        let reader = StreamReader::try_new(BufReader::with_capacity(BLOCK, reader), None)?;
        if reader.schema() != self.schema() {
            return Err(DataFusionError::Internal(format!("columns of share {} differ", self.share)));
        }
        let rows = stream::iter(reader.map(|batch| batch.map_err(DataFusionError::from)));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
