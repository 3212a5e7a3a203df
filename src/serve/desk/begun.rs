//! An answer that has begun.

use std::sync::Arc;

use serde_json::Value;

use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Answer, ColumnOf, Done, Frame};
use crate::serve::catalog::{Snapshot, Source};

/// The beginning of an answer: whether there is one is known.
#[derive(Debug)]
pub(crate) struct Begun {
    /// What follows.
    pub answer: Answer,
    /// The part that was read to know it.
    pub first: Option<Frame>,
    /// The columns of its rows.
    pub columns: Vec<ColumnOf>,
    /// What whoever reads them must know, as far as it is known before them.
    pub notes: Vec<String>,
    /// Which source is asked.
    pub source: Arc<Source>,
    /// The state of the source that is read, in use as long as this is there.
    pub snapshot: Snapshot,
    /// Those of the other sources that the query names.
    pub(super) _others: Vec<Snapshot>,
}

impl Begun {
    /// The next part; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>, Ended> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.answer.next().await.map_err(|ended| self.source.hide_ended(ended)),
        }
    }

    /// Its notes as one list of JSON in ASCII, which can stand in a head; nothing if there are none.
    pub(crate) fn notes_in_a_head(&self) -> Option<String> {
        let mut list = String::new();
        for c in Value::from(self.notes.as_slice()).to_string().chars() {
            if c.is_ascii() {
                list.push(c);
            } else {
                list.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
        (!self.notes.is_empty()).then_some(list)
    }

    /// All of its body, for answers that are small; what is left is the rest without it.
    pub(crate) async fn whole(mut self) -> Result<(Vec<u8>, Done, Self), Ended> {
        let mut body = Vec::new();
        loop {
            match self.next().await? {
                Some(Frame::Bytes(bytes)) => body.extend_from_slice(&bytes),
                Some(Frame::Message(message)) => body.extend_from_slice(&message.body),
                Some(Frame::Done(mut done)) => {
                    done.notes.iter_mut().for_each(|note| *note = self.source.hide(note));
                    return Ok((body, done, self));
                }
                Some(Frame::Error(ended)) => return Err(ended),
                Some(Frame::Columns(_) | Frame::Notes(_)) => {}
                None => return Err(Ended::new(Ending::Died, "the answer is not whole")),
            }
        }
    }
}
