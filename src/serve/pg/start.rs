//! The first packets of a connection: TLS, a request to cancel, or who somebody is.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::{SHORT, Stream, asked_at_start};
use crate::serve::tls::Tls;

const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
const CANCEL: u32 = 80_877_102;

/// What the first byte of TLS is that is not asked for first.
const HELLO: u8 = 0x16;

/// Bytes of a key at most, in any version.
const KEY: usize = 256;

/// What somebody wants who has connected.
pub(super) enum Start {
    /// To be let in.
    Session(Box<Asked>),
    /// To end a query: by the number of its connection, and its key.
    Cancel(i32, Vec<u8>),
    /// Nothing that can be understood; whether it asked for TLS that there is not.
    Nothing { wanted_tls: bool },
    /// Nothing at all, as of who looks whether the port is open.
    Silent,
}

/// What somebody says who wants to be let in.
pub(super) struct Asked {
    pub(super) stream: Box<dyn Stream>,
    /// Version of the protocol within the third.
    pub(super) minor: u16,
    pub(super) parameters: BTreeMap<String, String>,
    /// Whether others on the wire can read it.
    pub(super) is_plain: bool,
    /// The mark of the certificate, for logins that have it in their proof.
    pub(super) end_point: Option<Vec<u8>>,
}

/// Reads them. No more is kept of a packet that lies about its length than its length.
pub(super) async fn start(mut stream: TcpStream, tls: Option<&Arc<Tls>>) -> io::Result<Start> {
    let mut wanted_tls = false;
    let mut first = [0; 1];
    let said = stream.peek(&mut first).await?;
    match (said, tls) {
        (0, _) => return Ok(Start::Silent),
        (_, Some(tls)) if first[0] == HELLO => return encrypted(stream, tls).await,
        (_, None) if first[0] == HELLO => return Ok(Start::Nothing { wanted_tls: true }),
        _ => {}
    }
    // Each may be asked for once, and nothing is read beyond it: what follows in clear would be taken for encrypted.
    for _ in 0..3 {
        let Some((code, body)) = packet(&mut stream).await? else { return Ok(Start::Nothing { wanted_tls }) };
        match (code, tls) {
            (TLS, Some(tls)) if body.is_empty() => {
                stream.write_all(b"S").await?;
                return encrypted(stream, tls).await;
            }
            (TLS | GSS, _) if body.is_empty() => {
                wanted_tls |= code == TLS;
                stream.write_all(b"N").await?;
            }
            _ => return Ok(asked(code, body, Box::new(stream), None, true, wanted_tls)),
        }
    }
    Ok(Start::Nothing { wanted_tls })
}

async fn encrypted(stream: TcpStream, tls: &Arc<Tls>) -> io::Result<Start> {
    let (acceptor, end_point) = tls.for_postgres();
    let mut stream = acceptor.accept(stream).await?;
    let Some((code, body)) = packet(&mut stream).await? else {
        return Ok(Start::Nothing { wanted_tls: false });
    };
    Ok(asked(code, body, Box::new(stream), end_point, false, false))
}

fn asked(
    code: u32,
    body: BytesMut,
    stream: Box<dyn Stream>,
    end_point: Option<Vec<u8>>,
    is_plain: bool,
    wanted_tls: bool,
) -> Start {
    let nothing = Start::Nothing { wanted_tls };
    if code == CANCEL {
        return match body.split_first_chunk::<4>() {
            Some((number, key)) if (1..=KEY).contains(&key.len()) => {
                Start::Cancel(i32::from_be_bytes(*number), key.to_vec())
            }
            _ => nothing,
        };
    }
    let (major, minor) = (code >> 16, (code & 0xffff) as u16);
    match asked_at_start(body.freeze()) {
        Some(parameters) if major == 3 => {
            Start::Session(Box::new(Asked { stream, minor, parameters, is_plain, end_point }))
        }
        _ => nothing,
    }
}

/// A packet without a kind: its code and what follows; `None` if it isn't one.
async fn packet(stream: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Option<(u32, BytesMut)>> {
    let mut head = [0; 8];
    if let Err(error) = stream.read_exact(&mut head[..4]).await {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if !(8..=SHORT).contains(&length) {
        return Ok(None);
    }
    stream.read_exact(&mut head[4..]).await?;
    let code = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    let mut body = BytesMut::zeroed(length - 8);
    stream.read_exact(&mut body).await?;
    Ok(Some((code, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_lies_about_its_length_is_not_read() {
        let packet = |bytes: &'static [u8]| async move {
            let mut bytes = bytes;
            packet(&mut bytes).await
        };
        assert!(packet(b"GET / HTTP/1.1\r\n\r\n").await.unwrap().is_none());
        assert!(packet(b"\0\0\0\x07\0\0\0").await.unwrap().is_none());
        assert!(packet(b"\0\0\x27\x11\0\0\0\0").await.unwrap().is_none());
        assert!(packet(b"").await.unwrap().is_none());
        assert!(packet(b"\0\0\0\x10\0\x03\0\0abc").await.is_err());
        assert_eq!(
            packet(b"\0\0\0\x09\0\x03\0\0\0").await.unwrap().unwrap(),
            (196_608, BytesMut::from(&b"\0"[..]))
        );
    }
}
