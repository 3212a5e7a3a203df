//! Messages on the wire: each as long as it says, none longer than it may be.
//!
//! They are taken apart here, since what a stranger sends must never make us fail: a length that lies, a text that does not
//! end, are words of an error. Whoever has said who they are keeps the connection.

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use pgwire::messages::Message as Sent;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a statement, as everywhere in the service, and of what stands around it.
const STATEMENT: usize = 256 << 10;

/// Bytes of values.
const VALUES: usize = 1 << 20;

/// Bytes of any other message, and of every one before the login.
pub(super) const SHORT: usize = 10_000;

/// Bytes that are read over: whoever sends more is let go.
const READ_OVER: usize = 64 << 20;

/// SQLSTATE of a message that is too long.
pub(super) const LONG: &str = "54000";

/// Bytes of rows that are gathered before they are sent.
pub(super) const FULL: usize = 64 << 10;

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Query(String),
    Parse(Parse),
    Bind(Bind),
    Describe(Which),
    Execute(String, u32),
    Close(Which),
    Flush,
    Sync,
    Terminate,
    Password(Bytes),
    /// Of a `COPY` that is none.
    Copy,
    /// A message that is whole and says nothing that can be understood: whether it belongs to the extended protocol, SQLSTATE
    /// and words.
    Torn(bool, &'static str, String),
}

/// A statement to be prepared.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parse {
    pub(super) name: String,
    pub(super) sql: String,
    pub(super) types: Vec<u32>,
}

/// Values for a prepared statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bind {
    pub(super) portal: String,
    pub(super) statement: String,
    /// Whether values are in binary: none, one for all, or one each.
    pub(super) formats: Vec<i16>,
    pub(super) values: Vec<Option<Bytes>>,
    /// The same of columns.
    pub(super) results: Vec<i16>,
}

/// A prepared statement or a portal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Which {
    Statement(String),
    Portal(String),
}

/// What a connection reads from and writes to.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    input: BytesMut,
    /// What is not sent yet.
    pub(super) output: BytesMut,
    patience: Duration,
    /// Bytes of a message at most, whatever its kind.
    most: usize,
}

impl Wire {
    /// On a stream, before the login; whoever does not read for so long is let go.
    pub(super) fn new(stream: Box<dyn Stream>, patience: Duration) -> Self {
        Self { stream, input: BytesMut::new(), output: BytesMut::new(), patience, most: SHORT }
    }

    /// Whoever is there may say more than before the login.
    pub(super) fn let_in(&mut self) {
        self.most = READ_OVER;
    }

    /// The next message; `None` at the end. It may be given up in between and asked for again.
    ///
    /// # Errors
    /// What comes is none.
    pub(super) async fn next(&mut self) -> io::Result<Option<Message>> {
        loop {
            if let Some((kind, length)) = self.head()? {
                let most = longest(kind);
                if length > most {
                    return self.read_over(kind, length).await;
                }
                if self.input.len() >= 5 + length {
                    self.input.advance(5);
                    let body = self.input.split_to(length).freeze();
                    if self.input.is_empty() {
                        // Nothing is kept of what was long.
                        self.input = BytesMut::new();
                    }
                    return Ok(Some(message(kind, body)));
                }
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Kind and length of the message that comes, without its head.
    fn head(&self) -> io::Result<Option<(u8, usize)>> {
        let Some((head, _)) = self.input.split_first_chunk::<5>() else { return Ok(None) };
        let length = i32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let length = usize::try_from(length).ok().and_then(|length| length.checked_sub(4));
        let length = length.ok_or_else(|| lies("a length that lies"))?;
        if longest(head[0]) == 0 || length > self.most {
            return Err(lies("not a message"));
        }
        Ok(Some((head[0], length)))
    }

    /// Reads over a message that is too long.
    async fn read_over(&mut self, kind: u8, length: usize) -> io::Result<Option<Message>> {
        let mut left = 5 + length;
        loop {
            let part = left.min(self.input.len());
            self.input.advance(part);
            left -= part;
            if left == 0 {
                let words = format!("a message of {length} bytes; {} are the most", longest(kind));
                return Ok(Some(Message::Torn(kind != b'Q', LONG, words)));
            }
            self.input.clear();
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Comes back when nobody is there any more. What is said meanwhile is kept for later, as far as it is short.
    pub(super) async fn closed(&mut self) {
        while self.input.len() < FULL {
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending::<()>().await;
    }

    /// Adds a message to what is to be sent.
    pub(super) fn put(&mut self, message: &impl Sent) {
        let before = self.output.len();
        if let Err(error) = message.encode(&mut self.output) {
            self.output.truncate(before);
            tracing::error!("a message that cannot be sent: {error}");
        }
    }

    /// Sends what there is. It may be given up in between: then the rest is still to be sent.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            let sent = tokio::time::timeout(self.patience, self.stream.write_buf(&mut self.output));
            if sent.await.map_err(|_| lies("nobody reads"))?? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        if self.output.capacity() > 4 * FULL {
            self.output = BytesMut::new();
        }
        self.stream.flush().await
    }

    /// Sends what there is and closes it.
    pub(super) async fn close(mut self) {
        let _ = self.flush().await;
        let _ = tokio::time::timeout(self.patience.min(Duration::from_secs(1)), self.stream.shutdown()).await;
    }
}

fn lies(words: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words)
}

/// Bytes that a message of a kind has at most; 0 if there is no such kind.
fn longest(kind: u8) -> usize {
    match kind {
        b'Q' | b'P' => STATEMENT + SHORT,
        b'B' => VALUES,
        b'D' | b'E' | b'C' | b'H' | b'S' | b'X' | b'p' | b'd' | b'c' | b'f' | b'F' => SHORT,
        _ => 0,
    }
}

/// A message of its bytes.
fn message(kind: u8, body: Bytes) -> Message {
    let mut parts = Parts(body);
    let read = match kind {
        b'Q' => parts.text().map(Message::Query),
        b'P' => parse(&mut parts),
        b'B' => bind(&mut parts),
        b'D' => which(&mut parts).map(Message::Describe),
        b'C' => which(&mut parts).map(Message::Close),
        b'E' => execute(&mut parts),
        b'H' => Ok(Message::Flush),
        b'S' => Ok(Message::Sync),
        b'X' => Ok(Message::Terminate),
        b'p' => Ok(Message::Password(parts.0)),
        b'd' | b'c' | b'f' => Ok(Message::Copy),
        _ => Err(Torn::Cut),
    };
    match read {
        Ok(message) => message,
        Err(torn) => {
            let (code, words) = match torn {
                Torn::Cut => ("08P01", "a message that ends before its end"),
                Torn::Letters => ("22021", "a text that isn't UTF-8"),
            };
            Message::Torn(kind != b'Q', code, words.to_owned())
        }
    }
}

/// What is wrong with a message.
enum Torn {
    Cut,
    Letters,
}

/// A message that is taken apart.
struct Parts(Bytes);

impl Parts {
    /// A text up to its end.
    fn text(&mut self) -> Result<String, Torn> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Torn::Cut)?;
        let bytes = self.0.split_to(end);
        self.0.advance(1);
        String::from_utf8(bytes.to_vec()).map_err(|_| Torn::Letters)
    }

    fn number(&mut self) -> Result<i32, Torn> {
        self.0.try_get_i32().map_err(|_| Torn::Cut)
    }

    fn short(&mut self) -> Result<i16, Torn> {
        self.0.try_get_i16().map_err(|_| Torn::Cut)
    }

    /// So many of something as it says.
    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T, Torn>) -> Result<Vec<T>, Torn> {
        let count = self.0.try_get_u16().map_err(|_| Torn::Cut)?;
        (0..count).map(|_| one(self)).collect()
    }

    fn bytes(&mut self) -> Result<Option<Bytes>, Torn> {
        let length = self.number()?;
        if length == -1 {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| Torn::Cut)?;
        if length > self.0.len() { Err(Torn::Cut) } else { Ok(Some(self.0.split_to(length))) }
    }
}

fn parse(parts: &mut Parts) -> Result<Message, Torn> {
    let (name, sql) = (parts.text()?, parts.text()?);
    let types = parts.list(|parts| parts.number().map(i32::cast_unsigned))?;
    Ok(Message::Parse(Parse { name, sql, types }))
}

fn bind(parts: &mut Parts) -> Result<Message, Torn> {
    Ok(Message::Bind(Bind {
        portal: parts.text()?,
        statement: parts.text()?,
        formats: parts.list(Parts::short)?,
        values: parts.list(Parts::bytes)?,
        results: parts.list(Parts::short)?,
    }))
}

fn which(parts: &mut Parts) -> Result<Which, Torn> {
    let kind = parts.0.try_get_u8().map_err(|_| Torn::Cut)?;
    let name = parts.text()?;
    match kind {
        b'S' => Ok(Which::Statement(name)),
        b'P' => Ok(Which::Portal(name)),
        _ => Err(Torn::Cut),
    }
}

fn execute(parts: &mut Parts) -> Result<Message, Torn> {
    let portal = parts.text()?;
    Ok(Message::Execute(portal, u32::try_from(parts.number()?).unwrap_or_default()))
}

/// Mechanism and first message of a login.
pub(super) fn first_of_login(bytes: Bytes) -> Option<(String, Bytes)> {
    let mut parts = Parts(bytes);
    let mechanism = parts.text().ok()?;
    Some((mechanism, parts.bytes().ok()??))
}

/// Names and values of a start packet.
pub(super) fn asked_at_start(bytes: Bytes) -> Option<std::collections::BTreeMap<String, String>> {
    let mut parts = Parts(bytes);
    let mut asked = std::collections::BTreeMap::new();
    loop {
        let name = parts.text().ok()?;
        if name.is_empty() {
            return Some(asked);
        }
        asked.insert(name, parts.text().ok()?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Vec<io::Result<Option<Message>>> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        theirs.write_all(bytes).await.unwrap();
        drop(theirs);
        let mut wire = Wire::new(Box::new(ours), Duration::from_secs(1));
        wire.let_in();
        let mut all = Vec::new();
        loop {
            all.push(wire.next().await);
            if !matches!(all.last(), Some(Ok(Some(_)))) {
                return all;
            }
        }
    }

    fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = i32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], length.as_slice(), body].concat()
    }

    #[tokio::test]
    async fn messages_are_taken_apart() {
        let mut bytes = framed(b'Q', b"select 1\0");
        bytes.extend(framed(b'P', b"a\0select $1\0\0\x01\0\0\0\x17"));
        bytes.extend(framed(b'B', b"\0a\0\0\0\0\x02\xff\xff\xff\xff\0\0\0\x01x\0\x01\0\x01"));
        bytes.extend(framed(b'E', b"\0\0\0\0\x05"));
        bytes.extend(framed(b'S', b""));
        let all: Vec<Message> = read(&bytes).await.into_iter().filter_map(|m| m.unwrap()).collect();
        assert_eq!(all[0], Message::Query("select 1".into()));
        assert_eq!(
            all[1],
            Message::Parse(Parse { name: "a".into(), sql: "select $1".into(), types: vec![23] })
        );
        let Message::Bind(bind) = &all[2] else { panic!("{all:?}") };
        assert_eq!(
            (bind.values.as_slice(), bind.results.as_slice()),
            ([None, Some("x".into())].as_slice(), [1].as_slice())
        );
        assert_eq!(all[3..], [Message::Execute(String::new(), 5), Message::Sync]);
    }

    #[tokio::test]
    async fn what_lies_is_an_error_and_what_is_long_is_read_over() {
        for bytes in [b"Q\xff\xff\xff\xff".as_slice(), b"Q\0\0\0\x03", b"Q\x7f\xff\xff\xff", b"?\0\0\0\x04"] {
            assert!(read(bytes).await[0].is_err(), "{bytes:?}");
        }
        for (kind, body) in [
            (b'B', b"\0\0\xff\xff".as_slice()),
            (b'B', b"\0\0\0\0\0\x01\0\0\xff\xff"),
            (b'P', b"a\0select"),
            (b'D', b"Q\0"),
            (b'Q', b"\xff\xfe\0"),
        ] {
            let all = read(&[framed(kind, body), framed(b'S', b"")].concat()).await;
            assert!(matches!(all[0], Ok(Some(Message::Torn(..)))), "{all:?}");
            assert!(matches!(all[1], Ok(Some(Message::Sync))), "{all:?}");
        }
        let long = framed(b'Q', &vec![b'x'; STATEMENT + SHORT + 1]);
        let all = read(&[long, framed(b'S', b"")].concat()).await;
        assert!(matches!(&all[0], Ok(Some(Message::Torn(false, "54000", _)))), "{all:?}");
        assert!(matches!(all[1], Ok(Some(Message::Sync))));
        // Torn off in between.
        assert!(matches!(read(b"Q\0\0\0\x09sel").await[0], Ok(None)));
    }
}
