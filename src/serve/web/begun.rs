//! An answer that has begun.

use std::sync::Arc;

use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Answer, ColumnOf, Done, Frame};
use crate::serve::catalog::{Snapshot, Source};

/// The beginning of an answer: whether there is one is known.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) answer: Answer,
    /// The part that was read to know it.
    pub(super) first: Frame,
    pub(super) columns: Vec<ColumnOf>,
    pub(super) source: Arc<Source>,
    /// The state of the source that is read, in use as long as this is there.
    pub(super) snapshot: Snapshot,
}

impl Begun {
    /// All of its body, for answers that are small; what is left is the rest without it.
    pub(super) async fn whole(self) -> Result<(Vec<u8>, Done, Self), Ended> {
        let Self { mut answer, first, columns, source, snapshot } = self;
        let mut body = Vec::new();
        let mut next = Some(first);
        loop {
            match next {
                Some(Frame::Bytes(bytes)) => body.extend_from_slice(&bytes),
                Some(Frame::Done(mut done)) => {
                    done.notes.iter_mut().for_each(|note| *note = source.hide(note));
                    let first = Frame::Bytes(Vec::new());
                    return Ok((body, done, Self { answer, first, columns, source, snapshot }));
                }
                Some(Frame::Error(ended)) => return Err(ended),
                Some(Frame::Columns(_)) => {}
                None => return Err(Ended::new(Ending::Died, "the answer is not whole")),
            }
            next = answer.next().await.map_err(|ended| source.hide_ended(ended))?;
        }
    }
}
