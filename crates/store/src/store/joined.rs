//! Small files of one schema as one batch, decoded once: a reader for each of thousands takes far longer than
//! their rows.
//!
//! Plain values of several pages, one after the other, are the plain values of one long page. So the pages of
//! all files become a page for each column, and that is given to the general reader.

use arrow::array::BooleanBufferBuilder;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageIterator, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::schema::types::ColumnDescriptor;

use super::small::{Pages, content, footer, schema_of};

/// Files of several schemas, each put together with its kind.
#[derive(Debug, Default)]
pub struct SmallFiles {
    kinds: Vec<Joined>,
    /// Columns that are needed; none if all are.
    needed: Option<Vec<String>>,
}

impl SmallFiles {
    /// Files of which only some columns are looked at.
    pub fn of_columns(names: impl IntoIterator<Item = String>) -> Self {
        Self { kinds: Vec::new(), needed: Some(names.into_iter().collect()) }
    }

    /// Adds the rows of a file; gives the place of its kind, and how many rows they are.
    ///
    /// None if the file must be read by itself: it is large, of another form, or damaged.
    pub fn push(&mut self, file: &[u8]) -> Option<(usize, usize)> {
        let footer = footer(file)?;
        let is_of = |kind: &Joined| footer.starts_with(&kind.schema);
        let known = self.kinds.iter().position(is_of);
        let place = known.unwrap_or(self.kinds.len());
        if known.is_none() {
            self.kinds.push(Joined::new(footer, self.needed.as_deref())?);
        }
        Some((place, self.kinds[place].push(file, footer)?))
    }

    /// The rows of each kind, in the order in which they were added.
    pub fn finish(self) -> impl Iterator<Item = Result<RecordBatch>> {
        self.kinds.into_iter().map(Joined::finish)
    }
}

/// Files of one schema.
#[derive(Debug)]
struct Joined {
    /// The first bytes of their footers.
    schema: Vec<u8>,
    /// Of the first of them.
    metadata: ParquetMetaData,
    /// Those that are needed.
    columns: Vec<Option<Column>>,
    rows: usize,
    pages: Pages,
}

impl Joined {
    fn new(footer: &[u8], needed: Option<&[String]>) -> Option<Self> {
        let metadata = ParquetMetaDataReader::decode_metadata(footer).ok()?;
        let leaves = metadata.file_metadata().schema_descr().columns();
        let is_needed = |leaf: &ColumnDescriptor| {
            needed.is_none_or(|names| leaf.path().parts().first().is_some_and(|name| names.contains(name)))
        };
        let column = |leaf: &ColumnDescriptor| {
            if is_needed(leaf) { Column::new(leaf).map(Some) } else { Some(None) }
        };
        let columns = leaves.iter().map(|leaf| column(leaf)).collect::<Option<_>>()?;
        let schema = schema_of(footer)?.to_vec();
        Some(Self { schema, metadata, columns, rows: 0, pages: Pages::default() })
    }

    /// Adds the rows of a file.
    fn push(&mut self, file: &[u8], footer: &[u8]) -> Option<usize> {
        self.pages.find(file, footer, &self.schema)?;
        let rows = self.pages.rows;
        if rows == 0 {
            return Some(0);
        }
        if self.pages.places.len() != self.columns.len() {
            return None;
        }
        let pages = self.columns.iter_mut().zip(&self.pages.places);
        let mut pages = pages.filter_map(|(column, place)| Some((column.as_mut()?, place)));
        if pages.try_for_each(|(column, place)| column.push(content(file, place, rows)?, rows)).is_none() {
            self.columns.iter_mut().flatten().for_each(|column| column.reset(self.rows));
            return None;
        }
        self.columns.iter_mut().flatten().for_each(Column::keep);
        self.rows += rows;
        Some(rows)
    }

    fn finish(self) -> Result<RecordBatch> {
        let rows = self.rows;
        let schema = self.metadata.file_metadata().schema_descr();
        let needed = self.columns.iter().enumerate().filter(|(_, column)| column.is_some());
        let mask = ProjectionMask::leaves(schema, needed.map(|(leaf, _)| leaf));
        let levels = parquet_to_arrow_field_levels(schema, mask, None)?;
        let page = |column: Option<Column>| column.map(|column| column.page(rows)).transpose();
        let pages = self.columns.into_iter().map(page).collect::<Result<_>>()?;
        let group = OneGroup { metadata: self.metadata, pages, rows };
        let mut reader = ParquetRecordBatchReader::try_new_with_row_groups(&levels, &group, rows, None)?;
        let schema = arrow::record_batch::RecordBatchReader::schema(&reader);
        let batch = if rows > 0 { reader.next().transpose()? } else { None };
        let batch = batch.unwrap_or_else(|| RecordBatch::new_empty(schema));
        if batch.num_rows() == rows { Ok(batch) } else { Err(ParquetError::EOF("rows are missing".into())) }
    }
}

/// The pages of a column.
#[derive(Debug)]
struct Column {
    width: Width,
    /// Which rows have a value; none if all must.
    present: Option<BooleanBufferBuilder>,
    values: Vec<u8>,
    /// Values that are bits.
    bits: BooleanBufferBuilder,
    /// How much of both is of whole files.
    kept: (usize, usize),
}

/// The bytes of a plain value.
#[derive(Debug, Clone, Copy)]
enum Width {
    Bit,
    Bytes(usize),
    /// Its length comes first.
    Told,
}

impl Column {
    /// None for columns within columns.
    fn new(leaf: &ColumnDescriptor) -> Option<Self> {
        let is_flat = leaf.max_rep_level() == 0 && leaf.max_def_level() <= 1;
        let width = match leaf.physical_type() {
            Type::BOOLEAN => Width::Bit,
            Type::INT32 | Type::FLOAT => Width::Bytes(4),
            Type::INT64 | Type::DOUBLE => Width::Bytes(8),
            Type::INT96 => Width::Bytes(12),
            Type::FIXED_LEN_BYTE_ARRAY => Width::Bytes(usize::try_from(leaf.type_length()).ok()?),
            Type::BYTE_ARRAY => Width::Told,
        };
        is_flat.then(|| Self {
            width,
            present: (leaf.max_def_level() > 0).then(|| BooleanBufferBuilder::new(0)),
            values: Vec::new(),
            bits: BooleanBufferBuilder::new(0),
            kept: (0, 0),
        })
    }

    /// Adds a page. Its values must be as many bytes as they should be, or those of the next file would be shifted.
    fn push(&mut self, page: &[u8], rows: usize) -> Option<()> {
        let (values, count) = match &mut self.present {
            None => (page, rows),
            Some(present) => {
                let (length, rest) = page.split_first_chunk()?;
                let (levels, values) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
                (values, add_levels(present, levels, rows)?)
            }
        };
        let is_whole = match self.width {
            Width::Bit => values.len() == count.div_ceil(8),
            Width::Bytes(width) => Some(values.len()) == count.checked_mul(width),
            Width::Told => are_texts(values, count),
        };
        match self.width {
            _ if !is_whole => return None,
            Width::Bit => self.bits.append_packed_range(0..count, values),
            _ => self.values.extend_from_slice(values),
        }
        Some(())
    }

    fn keep(&mut self) {
        self.kept = (self.values.len(), self.bits.len());
    }

    /// Takes back what was added of a file that turned out to be of another form.
    fn reset(&mut self, rows: usize) {
        if let Some(present) = &mut self.present {
            present.truncate(rows);
        }
        self.values.truncate(self.kept.0);
        self.bits.truncate(self.kept.1);
    }

    fn page(mut self, rows: usize) -> Result<Page> {
        let mut content = match &mut self.present {
            Some(present) => levels(present, rows)?,
            None => Vec::new(),
        };
        let bits = self.bits.finish();
        content.reserve_exact(self.values.len() + bits.len().div_ceil(8));
        content.append(&mut self.values);
        content.extend_from_slice(&bits.inner()[..bits.len().div_ceil(8)]);
        Ok(Page::DataPage {
            buf: content.into(),
            num_values: u32::try_from(rows)?,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })
    }
}

/// Adds levels of one bit, in runs of equal or packed ones; gives how many are set.
fn add_levels(present: &mut BooleanBufferBuilder, levels: &[u8], rows: usize) -> Option<usize> {
    let (mut left, mut set, mut rest) = (rows, 0, levels);
    while left > 0 {
        let head = take_number(&mut rest)?;
        let length =
            if head & 1 == 0 { (head >> 1).min(left) } else { (head >> 1).checked_mul(8)?.min(left) };
        let (run, after) =
            rest.split_at_checked(if head & 1 == 0 { 1 } else { (head >> 1).min(rest.len()) })?;
        if head & 1 == 0 {
            let is_set = match run {
                [0] => false,
                [1] => true,
                _ => return None,
            };
            present.append_n(length, is_set);
            set += if is_set { length } else { 0 };
        } else {
            (length <= run.len() * 8).then_some(())?;
            present.append_packed_range(0..length, run);
            set += (0..length).filter(|bit| run[bit / 8] >> (bit % 8) & 1 == 1).count();
        }
        (length > 0).then_some(())?;
        (left, rest) = (left - length, after);
    }
    Some(set)
}

/// A number in parts of 7 bits, the lowest first.
fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(first & 0x7f) << shift;
        if *first < 0x80 {
            return Some(number);
        }
    }
    None
}

/// All levels as one run of packed ones, with its length before it.
fn levels(present: &mut BooleanBufferBuilder, rows: usize) -> Result<Vec<u8>> {
    let groups = rows.div_ceil(8);
    let mut head = groups << 1 | 1;
    let mut run = Vec::with_capacity(groups + 10);
    while head >= 0x80 {
        run.push((head & 0x7f) as u8 | 0x80);
        head >>= 7;
    }
    run.push(head as u8);
    run.extend_from_slice(&present.finish().inner()[..groups]);
    let length = u32::try_from(run.len())?;
    Ok([&length.to_le_bytes()[..], &run].concat())
}

/// Whether the bytes are so many texts, each after its length.
fn are_texts(mut bytes: &[u8], count: usize) -> bool {
    for _ in 0..count {
        let Some((length, rest)) = bytes.split_first_chunk() else { return false };
        let Some(rest) = rest.get(u32::from_le_bytes(*length) as usize..) else { return false };
        bytes = rest;
    }
    bytes.is_empty()
}

/// Rows of which every column is one page.
struct OneGroup {
    metadata: ParquetMetaData,
    /// Those of columns that are needed.
    pages: Vec<Option<Page>>,
    rows: usize,
}

impl RowGroups for OneGroup {
    fn num_rows(&self) -> usize {
        self.rows
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        Ok(Box::new(OneChunk(Some(OnePage(self.pages[column].clone())))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata.row_groups().iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

struct OneChunk(Option<OnePage>);

impl Iterator for OneChunk {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(|page| Ok(Box::new(page) as _))
    }
}

impl PageIterator for OneChunk {}

struct OnePage(Option<Page>);

impl Iterator for OnePage {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageReader for OnePage {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        Ok(self.0.take())
    }

    fn peek_next_page(&mut self) -> Result<Option<parquet::column::page::PageMetadata>> {
        let told = |page: &Page| parquet::column::page::PageMetadata {
            num_rows: None,
            num_levels: Some(page.num_values() as usize),
            is_dict: false,
        };
        Ok(self.0.as_ref().map(told))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0 = None;
        Ok(())
    }
}
