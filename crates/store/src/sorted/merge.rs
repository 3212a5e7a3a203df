//! The merge proper: a heap of chains by the key of their next row.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::interleave;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::ahead::Ahead;
use super::chain::{Chain, SortedBatch, chains};
use super::choice::{Choice, Everything};
use super::file::SortedFile;
use super::order::Order;
use crate::store::StoreError;

/// Rows of a chunk, about.
const CHUNK: usize = 8192;

/// Rows decoded at once over all chains, about: what is in memory does not follow the number of files.
const ROWS_AHEAD: usize = 1 << 16;

/// Rows in the order of their key, where they are: batch and row.
#[derive(Debug, Default)]
pub struct Chunk {
    pub batches: Vec<Arc<SortedBatch>>,
    pub picks: Vec<(usize, usize)>,
    /// Places in `picks` at which another key begins; the first is 0.
    pub starts: Vec<usize>,
}

impl Chunk {
    /// All its rows, in some of the columns that were read.
    pub fn rows(&self, columns: &SchemaRef) -> Result<RecordBatch, StoreError> {
        gather(&self.batches, &self.picks, columns)
    }
}

/// Rows of batches in some of their columns.
pub(super) fn gather(
    batches: &[Arc<SortedBatch>],
    picks: &[(usize, usize)],
    columns: &SchemaRef,
) -> Result<RecordBatch, StoreError> {
    let arrays = columns
        .fields()
        .iter()
        .map(|field| column(batches, picks, field.name()))
        .collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(picks.len()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(columns), arrays, &options)?)
}

/// A column of rows of batches.
pub(super) fn column(
    batches: &[Arc<SortedBatch>],
    picks: &[(usize, usize)],
    name: &str,
) -> Result<ArrayRef, StoreError> {
    let arrays: Vec<&dyn Array> = batches
        .iter()
        .map(|batch| Ok(batch.rows.column(batch.rows.schema_ref().index_of(name)?).as_ref()))
        .collect::<Result<_, arrow::error::ArrowError>>()?;
    Ok(interleave(&arrays, picks)?)
}

/// The rows of all files in the order of their key, duplicates included.
#[derive(Debug)]
pub struct Merged {
    chains: Vec<Ahead>,
    heads: Vec<Option<Head>>,
    heap: Vec<usize>,
}

#[derive(Debug)]
struct Head {
    batch: Arc<SortedBatch>,
    row: usize,
    /// The first bytes of the row's key, which mostly decide.
    prefix: u128,
    /// Where the batch is in the chunk that is being made.
    place: Option<usize>,
}

impl Head {
    fn first(batch: SortedBatch) -> Self {
        let mut head = Self { batch: Arc::new(batch), row: 0, prefix: 0, place: None };
        head.prefix = prefix(head.key());
        head
    }

    fn key(&self) -> &[u8] {
        self.batch.keys.row(self.row).data()
    }

    /// Goes to the next row; whether there is one.
    fn next(&mut self) -> bool {
        self.row += 1;
        let more = self.row < self.batch.rows.num_rows();
        if more {
            self.prefix = prefix(self.key());
        }
        more
    }
}

/// Compares as the bytes do as long as they differ in it.
fn prefix(key: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let length = key.len().min(16);
    bytes[..length].copy_from_slice(&key[..length]);
    u128::from_be_bytes(bytes)
}

impl Merged {
    /// Opens the files.
    pub fn open(files: Vec<SortedFile>, order: Order, choice: &Arc<dyn Choice>) -> Result<Self, StoreError> {
        let order = Arc::new(order);
        let chains = chains(files)?;
        let rows = (ROWS_AHEAD / chains.len().max(1)).clamp(256, CHUNK);
        let start = |files| Ahead::new(Chain::new(files, Arc::clone(&order), Arc::clone(choice), rows));
        let mut merged =
            Self { chains: chains.into_iter().map(start).collect(), heads: Vec::new(), heap: Vec::new() };
        for chain in 0..merged.chains.len() {
            let head = merged.chains[chain].next()?;
            merged.heads.push(head.map(Head::first));
            if merged.heads[chain].is_some() {
                merged.heap.push(chain);
            }
        }
        for at in (0..merged.heap.len() / 2).rev() {
            merged.sift_down(at);
        }
        Ok(merged)
    }

    /// The next rows; all of a key are in one chunk. Waits for decoding.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, StoreError> {
        let mut chunk = Chunk::default();
        for head in self.heads.iter_mut().flatten() {
            head.place = None;
        }
        while let Some(&top) = self.heap.first() {
            let Some(head) = &mut self.heads[top] else { break };
            let is_new = chunk
                .picks
                .last()
                .is_none_or(|&(batch, row)| chunk.batches[batch].keys.row(row).data() != head.key());
            if is_new && chunk.picks.len() >= CHUNK {
                break;
            }
            if is_new {
                chunk.starts.push(chunk.picks.len());
            }
            let place = *head.place.get_or_insert_with(|| {
                chunk.batches.push(Arc::clone(&head.batch));
                chunk.batches.len() - 1
            });
            chunk.picks.push((place, head.row));
            if !head.next() {
                self.heads[top] = self.chains[top].next()?.map(Head::first);
            }
            if self.heads[top].is_none() {
                self.heap.swap_remove(0);
            }
            self.sift_down(0);
        }
        Ok((!chunk.picks.is_empty()).then_some(chunk))
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let Some(&child) = self.heap.get(left) else { return };
            let (least, child) = match self.heap.get(right) {
                Some(&other) if self.before(other, child) => (right, other),
                _ => (left, child),
            };
            if !self.before(child, self.heap[at]) {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }

    /// Whether the next row of a chain is before that of another. Equal keys go by chain: the same files give
    /// the same order every time, others with the same rows need not.
    fn before(&self, a: usize, b: usize) -> bool {
        match (&self.heads[a], &self.heads[b]) {
            (Some(one), Some(other)) => {
                let order = one.prefix.cmp(&other.prefix).then_with(|| one.key().cmp(other.key()));
                order.then(a.cmp(&b)) == Ordering::Less
            }
            (one, _) => one.is_some(),
        }
    }
}

/// Goes through merged rows key by key; `C` is what is read of a batch's columns.
pub struct Cursor<C> {
    merged: Merged,
    read: fn(&SortedBatch) -> Result<C, StoreError>,
    chunk: Chunk,
    columns: Vec<C>,
    at: usize,
}

impl<C> std::fmt::Debug for Cursor<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor").field("at", &self.at).finish_non_exhaustive()
    }
}

impl<C> Cursor<C> {
    /// Before the first key.
    pub fn open(
        files: Vec<SortedFile>,
        order: Order,
        read: fn(&SortedBatch) -> Result<C, StoreError>,
    ) -> Result<Self, StoreError> {
        let everything: Arc<dyn Choice> = Arc::new(Everything);
        let merged = Merged::open(files, order, &everything)?;
        let mut cursor = Self { merged, read, chunk: Chunk::default(), columns: Vec::new(), at: 0 };
        cursor.load()?;
        Ok(cursor)
    }

    /// The key, which compares with those of a cursor over columns of the same types; none at the end.
    pub fn key(&self) -> Option<&[u8]> {
        let (batch, row) = *self.chunk.picks.get(*self.chunk.starts.get(self.at)?)?;
        Some(self.chunk.batches[batch].keys.row(row).data())
    }

    /// The rows of the key: columns, row and the file they are from.
    pub fn rows(&self) -> impl Iterator<Item = (&C, usize, &SortedFile)> {
        let start = self.chunk.starts.get(self.at).copied().unwrap_or(self.chunk.picks.len());
        let end = self.chunk.starts.get(self.at + 1).copied().unwrap_or(self.chunk.picks.len());
        self.chunk.picks[start..end]
            .iter()
            .map(|&(batch, row)| (&self.columns[batch], row, &*self.chunk.batches[batch].file))
    }

    /// Goes to the next key.
    pub fn advance(&mut self) -> Result<(), StoreError> {
        self.at += 1;
        if self.at < self.chunk.starts.len() { Ok(()) } else { self.load() }
    }

    fn load(&mut self) -> Result<(), StoreError> {
        self.at = 0;
        self.chunk = self.merged.next_chunk()?.unwrap_or_default();
        self.columns = self.chunk.batches.iter().map(|batch| (self.read)(batch)).collect::<Result<_, _>>()?;
        Ok(())
    }
}
