//! Rows as Arrow among lines: so many bytes behind the line that tells them.

use serde_json::Value;

use super::arrow::Streams;
use super::fault::Fault;
use super::rows::Rows;

/// Bytes that are told and not all taken yet.
#[derive(Debug)]
pub(super) struct Block {
    left: u64,
    /// None once a row broke its contract: what is left is passed over, so that the lines behind it can be read.
    streams: Option<Streams>,
    line: u64,
}

impl Block {
    /// As the line says: `{"arrow": 1234}`.
    pub(super) fn told(line: u64, bytes: &Value) -> Result<Self, Fault> {
        match bytes.as_u64() {
            Some(left) if left > 0 => Ok(Self { left, streams: Some(Streams::default()), line }),
            // How long it is would be guessed.
            _ => Err(Fault::Output(format!(
                "line {line} of the output: `arrow` is {bytes}, and must be the number of bytes that follow\n\
                 (hint: {{\"arrow\": 1234}}, a line's end, and 1234 bytes of Arrow streams)"
            ))),
        }
    }

    /// Bytes that are still to come.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Takes the next bytes of it.
    pub(super) fn take(&mut self, bytes: Vec<u8>, rows: &mut Rows<'_>) -> Result<(), Fault> {
        self.left = self.left.saturating_sub(bytes.len() as u64);
        let Some(mut streams) = self.streams.take() else { return Ok(()) };
        streams.piece(bytes, rows)?;
        if self.left > 0 {
            self.streams = Some(streams);
            return Ok(());
        }
        streams.finish(rows).map_err(|fault| match fault {
            Fault::CutOff(_) => Fault::Output(format!(
                "the bytes that line {} of the output told end in the middle of an Arrow stream\n\
                 (hint: the number is that of whole streams, their ends included)",
                self.line
            )),
            other => other,
        })
    }
}
