//! A chain whose next rows are decoded while those before are being merged.

use std::sync::mpsc::{Receiver, sync_channel};

use super::chain::{Chain, SortedBatch};
use crate::store::StoreError;

type Decoded = (Chain, Result<Option<SortedBatch>, StoreError>);

/// A chain one batch ahead.
#[derive(Debug)]
pub(super) struct Ahead {
    coming: Option<Receiver<Decoded>>,
}

impl Ahead {
    /// Starts decoding.
    pub(super) fn new(chain: Chain) -> Self {
        Self { coming: Some(decode(chain)) }
    }

    /// The next rows, which are waited for.
    pub(super) fn next(&mut self) -> Result<Option<SortedBatch>, StoreError> {
        let Some(coming) = self.coming.take() else { return Ok(None) };
        let Ok((chain, batch)) = coming.recv() else {
            return Err(StoreError::Damaged {
                file: "a sorted file".into(),
                what: "cannot be decoded".into(),
            });
        };
        let batch = batch?;
        if batch.is_some() {
            self.coming = Some(decode(chain));
        }
        Ok(batch)
    }
}

fn decode(mut chain: Chain) -> Receiver<Decoded> {
    let (send, receive) = sync_channel(1);
    rayon::spawn(move || {
        let batch = chain.next();
        // Nobody waits any more if the merge has been given up.
        let _ = send.send((chain, batch));
    });
    receive
}
