//! The form of the small files of units: every column is one plain page, not compressed.
//!
//! Of such files, thousands are put together without a reader for each (see `joined`). What is not of this
//! form is told by giving none; it is left to the general reader.

use std::ops::Range;

use super::thrift::{I32, I64, LIST, STRUCT, Thrift};

/// First and last bytes of a Parquet file.
const MAGIC: &[u8] = b"PAR1";

/// Numbers of words of the format that small files use.
const UNCOMPRESSED: usize = 0;
const DATA_PAGE: usize = 0;
const PLAIN: usize = 0;
const RLE: usize = 3;

/// The footer of a file.
pub(super) fn footer(file: &[u8]) -> Option<&[u8]> {
    let rest = file.strip_prefix(MAGIC)?.strip_suffix(MAGIC)?;
    let (rest, length) = rest.split_last_chunk()?;
    let length = u32::from_le_bytes(*length) as usize;
    rest.get(rest.len().checked_sub(length)?..)
}

/// The first bytes of a footer: version and schema, by which files are known to be of one kind.
pub(super) fn schema_of(footer: &[u8]) -> Option<&[u8]> {
    let mut thrift = Thrift::new(footer, 0);
    let (mut last, mut end) = (0, None);
    thrift.fields(|thrift, number, kind| {
        // Whichever field comes next ends the schema.
        if last == 2 {
            end = end.or(Some(thrift.at() - 1));
        }
        last = number;
        (number != 2 || kind == LIST).then_some(false)
    })?;
    footer.get(..end?)
}

/// Where the pages of the columns are.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// How many rows they have.
    pub(super) rows: usize,
    /// The page of each column, its header before it.
    pub(super) places: Vec<Range<usize>>,
}

impl Pages {
    /// Looks into a file whose footer begins with the schema.
    pub(super) fn find(&mut self, file: &[u8], footer: &[u8], schema: &[u8]) -> Option<()> {
        self.places.clear();
        let (mut rows, mut groups) = (None, 0);
        let places = &mut self.places;
        // The fields before were numbers 1 and 2; those after say how far they are from the last one.
        let mut thrift = Thrift::new(footer, schema.len());
        thrift.fields(|thrift, after_schema, kind| match (after_schema + 2, kind) {
            (3, I64) => thrift.count().map(|count| rows = Some(count)).map(|()| true),
            (4, LIST) => {
                let (kind, length) = thrift.list()?;
                groups = length;
                if length == 1 && kind == STRUCT {
                    group(thrift, file, places)?;
                } else if length > 0 {
                    return None;
                }
                Some(true)
            }
            _ => Some(false),
        })?;
        self.rows = rows?;
        (groups == usize::from(self.rows > 0)).then_some(())
    }
}

/// The columns of a row group.
fn group(thrift: &mut Thrift<'_>, file: &[u8], places: &mut Vec<Range<usize>>) -> Option<()> {
    thrift.fields(|thrift, number, kind| {
        if (number, kind) != (1, LIST) {
            return Some(false);
        }
        let (kind, columns) = thrift.list()?;
        (kind == STRUCT && columns < file.len()).then_some(())?;
        for _ in 0..columns {
            places.push(column(thrift)?);
        }
        Some(true)
    })
}

/// Where the bytes of a column are.
fn column(thrift: &mut Thrift<'_>) -> Option<Range<usize>> {
    let mut place = None;
    thrift.fields(|thrift, number, kind| match (number, kind) {
        (3, STRUCT) => {
            place = Some(chunk(thrift)?);
            Some(true)
        }
        // In another file, or encrypted.
        (1 | 8 | 9, _) => None,
        _ => Some(false),
    })?;
    place
}

fn chunk(thrift: &mut Thrift<'_>) -> Option<Range<usize>> {
    let (mut codec, mut length, mut start) = (None, None, None);
    thrift.fields(|thrift, number, kind| {
        let target = match (number, kind) {
            (4, I32) => &mut codec,
            (7, I64) => &mut length,
            (9, I64) => &mut start,
            // A page of a dictionary or of an index.
            (10 | 11, _) => return None,
            _ => return Some(false),
        };
        *target = Some(thrift.count()?);
        Some(true)
    })?;
    (codec? == UNCOMPRESSED).then_some(())?;
    Some(start?..start?.checked_add(length?)?)
}

/// The content of a page that is all of a column, without its header.
pub(super) fn content<'f>(file: &'f [u8], place: &Range<usize>, rows: usize) -> Option<&'f [u8]> {
    let mut thrift = Thrift::new(file.get(..place.end)?, place.start);
    let (mut page, mut sizes, mut data) = (None, [None; 2], None);
    thrift.fields(|thrift, number, kind| {
        match (number, kind) {
            (1, I32) => page = Some(thrift.count()?),
            (2 | 3, I32) => sizes[usize::from(number == 3)] = Some(thrift.count()?),
            (5, STRUCT) => data = Some(data_page(thrift)?),
            _ => return Some(false),
        }
        Some(true)
    })?;
    let content = file.get(thrift.at()..place.end)?;
    let is_all = sizes == [Some(content.len()); 2];
    (page? == DATA_PAGE && is_all && data? == [Some(rows), Some(PLAIN), Some(RLE)]).then_some(content)
}

/// Values, their encoding and that of their levels.
fn data_page(thrift: &mut Thrift<'_>) -> Option<[Option<usize>; 3]> {
    let mut told = [None; 3];
    thrift.fields(|thrift, number, kind| {
        if !(1..=3).contains(&number) || kind != I32 {
            return Some(false);
        }
        told[number as usize - 1] = Some(thrift.count()?);
        Some(true)
    })?;
    Some(told)
}
