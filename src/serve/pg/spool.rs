//! Rows that wait: of a cursor, or of a portal that gave some of them. They lie on the disk, so that the child that made them
//! is free for other questions, and a reader may take their time.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Done, Frame, Message};
use crate::serve::desk::Begun;

/// Bytes before each message: the lengths of its parts.
const HEAD: usize = 16;

/// How far it is.
#[derive(Debug, Clone, Default)]
struct Far {
    written: u64,
    end: Option<Result<Done, Ended>>,
}

/// Rows that wait.
#[derive(Debug)]
pub(super) struct Spool {
    file: Arc<File>,
    at: u64,
    far: watch::Receiver<Far>,
    writing: JoinHandle<()>,
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.writing.abort();
    }
}

impl Spool {
    /// Takes the rest of an answer, as far as it needs no more of the disk than a query may have.
    pub(super) fn begin(mut begun: Begun, folder: &Path, most: u64) -> io::Result<Self> {
        static FILES: AtomicU64 = AtomicU64::new(0);
        let path = folder.join(format!("rows-{}", FILES.fetch_add(1, Ordering::Relaxed)));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        // Whatever becomes of this process, nothing is left of it.
        std::fs::remove_file(&path)?;
        let file = Arc::new(file);
        let (tell, far) = watch::channel(Far::default());
        let to = Arc::clone(&file);
        let writing = tokio::spawn(async move {
            let mut written = 0;
            let end = loop {
                let message = match begun.next().await {
                    Ok(Some(Frame::Message(message))) => message,
                    Ok(Some(Frame::Done(done))) => break Ok(done),
                    Ok(Some(Frame::Error(ended))) | Err(ended) => break Err(ended),
                    Ok(Some(_)) => continue,
                    Ok(None) => break Err(Ended::new(Ending::Died, "the answer is not whole")),
                };
                let length = (HEAD + message.head.len() + message.body.len()) as u64;
                if written + length > most {
                    let words = "the rows that wait need more disk than a query may have\n(hint: --query-disk gives more; or \
                                 ask for less)";
                    break Err(Ended::new(Ending::Disk, words));
                }
                let (to, at) = (Arc::clone(&to), written);
                match tokio::task::spawn_blocking(move || write(&to, at, &message)).await {
                    Ok(Ok(())) => written += length,
                    Ok(Err(error)) => break Err(Ended::new(Ending::Disk, error.to_string())),
                    Err(error) => break Err(Ended::new(Ending::Died, error.to_string())),
                }
                tell.send_modify(|far| far.written = written);
            };
            tell.send_modify(|far| far.end = Some(end));
        });
        Ok(Self { file, at: 0, far, writing })
    }

    /// The next message, or how it ended.
    pub(super) async fn next(&mut self) -> Result<Frame, Ended> {
        let at = self.at;
        let far = self.far.wait_for(|far| far.written > at || far.end.is_some()).await;
        let far = far.map_err(|_| Ended::new(Ending::Died, "the answer is not whole"))?.clone();
        if far.written == at {
            return far
                .end
                .unwrap_or_else(|| Err(Ended::new(Ending::Died, "the answer is not whole")))
                .map(Frame::Done);
        }
        let file = Arc::clone(&self.file);
        let read = tokio::task::spawn_blocking(move || read(&file, at)).await;
        let read = read.map_err(io::Error::other).and_then(|read| read);
        let (message, length) = read.map_err(|error| Ended::new(Ending::Disk, error.to_string()))?;
        self.at += length;
        Ok(Frame::Message(message))
    }
}

fn write(file: &File, at: u64, message: &Message) -> io::Result<()> {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&(message.head.len() as u64).to_be_bytes());
    head[8..].copy_from_slice(&(message.body.len() as u64).to_be_bytes());
    file.write_all_at(&head, at)?;
    let at = at + HEAD as u64;
    file.write_all_at(&message.head, at)?;
    file.write_all_at(&message.body, at + message.head.len() as u64)
}

fn read(file: &File, at: u64) -> io::Result<(Message, u64)> {
    let mut lengths = [[0; 8]; 2];
    file.read_exact_at(lengths.as_flattened_mut(), at)?;
    let [head, body] = lengths.map(u64::from_be_bytes);
    let part = |length: u64, at: u64| {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, at)?;
        io::Result::Ok(bytes.into())
    };
    let at = at + HEAD as u64;
    let message = Message { head: part(head, at)?, body: part(body, at + head)? };
    Ok((message, HEAD as u64 + head + body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_as_they_went() {
        let file = tempfile::tempfile().unwrap();
        let message = Message { head: vec![1; 5].into(), body: vec![2; 9].into() };
        write(&file, 3, &message).unwrap();
        assert_eq!(read(&file, 3).unwrap(), (message, 30));
        assert!(read(&file, 20).is_err());
    }
}
