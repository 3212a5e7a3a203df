//! How a child tells its answer: frames of a kind, a length and bytes, on its standard output.

use std::io::{self, Write};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::serve::access::Ended;

/// Bytes of a frame at most: what is longer comes in several.
pub(crate) const LONGEST: usize = 2 << 20;

/// Bytes of a message at most: a row is not cut, and a cell of it may be long.
const LONGEST_MESSAGE: usize = 1 << 30;

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Frame {
    /// The columns of the rows that come.
    Columns(Vec<ColumnOf>),
    /// What whoever reads the rows must know, as far as it is known before them.
    Notes(Vec<String>),
    /// A part of the body, in the format that was asked for.
    Bytes(Vec<u8>),
    /// A message of Arrow IPC.
    Message(Message),
    /// The answer is whole.
    Done(Done),
    /// There is no answer, or no more of it.
    Error(Ended),
}

/// A message of Arrow IPC, as programs pass it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// What it is, without a prefix.
    pub head: Bytes,
    /// Its buffers.
    pub body: Bytes,
}

/// A column of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnOf {
    /// Its name.
    pub name: String,
    /// `text`, `number`, `bool`, `time` or `other`.
    pub kind: String,
    /// Its type, as the engine calls it.
    pub engine: String,
    /// Whether a value may be absent.
    pub nullable: bool,
    /// Its unit, if the schema knows one.
    pub unit: Option<String>,
    /// What it means, if the schema knows it.
    pub description: Option<String>,
}

/// What is said after the last row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Done {
    /// Rows.
    pub rows: u64,
    /// Milliseconds from the job to the last row.
    pub ms: u64,
    /// Peak memory of the process, bytes.
    pub memory: u64,
    /// Whether there are more rows than were asked for.
    pub more: bool,
    /// Of rows of a table: what asks for those that follow.
    pub next: Option<Vec<Value>>,
    /// Of rows of a table: the same as a query.
    pub sql: Option<String>,
    /// What whoever reads the rows must know.
    pub notes: Vec<String>,
}

/// Writes a frame.
pub(super) fn write(out: &mut impl Write, frame: &Frame) -> io::Result<()> {
    let (kind, bytes) = match frame {
        Frame::Columns(columns) => (b'C', serde_json::to_vec(columns)?),
        Frame::Notes(notes) => (b'N', serde_json::to_vec(notes)?),
        Frame::Bytes(bytes) => {
            // Without a copy: these are the large ones.
            return bytes.chunks(LONGEST).try_for_each(|part| head_and(out, b'B', part));
        }
        Frame::Message(message) => {
            // In one piece, whatever its length: a cell is not cut.
            let length = message.head.len() + message.body.len() + 4;
            let length = u32::try_from(length).map_err(io::Error::other)?;
            out.write_all(b"M")?;
            out.write_all(&length.to_be_bytes())?;
            out.write_all(&(message.head.len() as u32).to_be_bytes())?;
            out.write_all(&message.head)?;
            return out.write_all(&message.body);
        }
        Frame::Done(done) => (b'D', serde_json::to_vec(done)?),
        Frame::Error(ended) => (b'E', serde_json::to_vec(ended)?),
    };
    head_and(out, kind, &bytes)?;
    out.flush()
}

fn head_and(out: &mut impl Write, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    out.write_all(&[kind])?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(bytes)
}

/// Reads a frame; `None` at the end.
///
/// # Errors
/// What is there is none.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let mut head = [0; 5];
    if let Err(error) = from.read_exact(&mut head).await {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    // Columns and notes are of the query's making too.
    let most = if head[0] == b'M' { LONGEST_MESSAGE } else { LONGEST * 4 };
    if length > most {
        return Err(io::Error::other(format!("a frame of {length} bytes")));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await?;
    let frame = match head[0] {
        b'C' => Frame::Columns(serde_json::from_slice(&bytes)?),
        b'N' => Frame::Notes(serde_json::from_slice(&bytes)?),
        b'B' => Frame::Bytes(bytes),
        b'M' => Frame::Message(message(bytes.into()).ok_or_else(|| io::Error::other("a torn message"))?),
        b'D' => Frame::Done(serde_json::from_slice(&bytes)?),
        b'E' => Frame::Error(serde_json::from_slice(&bytes)?),
        kind => return Err(io::Error::other(format!("a frame of the unknown kind {kind}"))),
    };
    Ok(Some(frame))
}

fn message(mut bytes: Bytes) -> Option<Message> {
    let length = u32::from_be_bytes(bytes.first_chunk::<4>().copied()?) as usize;
    let body = (bytes.len() >= 4 + length).then(|| bytes.split_off(4 + length))?;
    Some(Message { head: bytes.split_off(4), body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::access::Ending;

    #[tokio::test]
    async fn frames_come_back_as_they_went() {
        let frames = [
            Frame::Columns(Vec::new()),
            Frame::Notes(vec!["ä".into()]),
            Frame::Bytes(vec![7; 10]),
            Frame::Message(Message {
                head: Bytes::from_static(b"abc"),
                body: Bytes::from(vec![1; LONGEST + 7]),
            }),
            Frame::Message(Message { head: Bytes::new(), body: Bytes::new() }),
            Frame::Done(Done { rows: 3, next: Some(vec![Value::Null, "a".into()]), ..Done::default() }),
            Frame::Error(Ended::new(Ending::Memory, "more")),
        ];
        let mut bytes = Vec::new();
        for frame in &frames {
            write(&mut bytes, frame).unwrap();
        }
        let mut from = bytes.as_slice();
        for frame in &frames {
            assert_eq!(read(&mut from).await.unwrap().as_ref(), Some(frame));
        }
        assert_eq!(read(&mut from).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_long_comes_in_parts_and_what_is_torn_is_an_error() {
        let mut bytes = Vec::new();
        write(&mut bytes, &Frame::Bytes(vec![1; LONGEST + 1])).unwrap();
        let mut from = bytes.as_slice();
        for length in [LONGEST, 1] {
            let Some(Frame::Bytes(part)) = read(&mut from).await.unwrap() else { panic!("no bytes") };
            assert_eq!(part.len(), length);
        }
        assert!(read(&mut &bytes[..100]).await.is_err());
        assert!(read(&mut &b"M\0\0\0\x05\0\0\0\x02a"[..]).await.is_err());
        assert!(read(&mut &b"X\0\0\0\0"[..]).await.is_err());
        assert!(read(&mut &b"B\xff\xff\xff\xff"[..]).await.is_err());
    }
}
