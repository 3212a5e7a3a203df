//! What a statement takes and gives, known before it is answered.

use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;

use crate::serve::access::{Ended, Ending};

/// What a statement takes and gives.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// The columns of its rows.
    pub rows: SchemaRef,
    /// Its parameters in order, by number or name.
    pub parameters: SchemaRef,
}

impl Shape {
    /// From the answer to [`Ask::Shape`](crate::serve::answer::Ask::Shape): both as streams without rows, each behind its
    /// length.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Ended> {
        let torn = || Ended::new(Ending::Died, "the answer is torn");
        let (rows, rest) = part(body).ok_or_else(torn)?;
        let (parameters, _) = part(rest).ok_or_else(torn)?;
        let schema = |bytes: &[u8]| {
            StreamReader::try_new(bytes, None).map(|reader| reader.schema()).map_err(|_| torn())
        };
        Ok(Self { rows: schema(rows)?, parameters: schema(parameters)? })
    }
}

fn part(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = body.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}
