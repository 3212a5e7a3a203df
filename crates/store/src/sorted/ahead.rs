//! A chain whose next rows are decoded while those before are being merged.

use std::sync::mpsc::{Receiver, sync_channel};

use super::chain::{Chain, SortedBatch};
use crate::store::StoreError;

type Decoded = (Chain, Result<Option<SortedBatch>, StoreError>);

/// A chain one batch ahead.
#[derive(Debug)]
pub(super) struct Ahead {
    coming: Option<Coming>,
}

/// The next rows.
#[derive(Debug)]
enum Coming {
    /// Another thread decodes them.
    Beside(Receiver<Decoded>),
    /// They are decoded when they are asked for: there is no other thread.
    Asked(Box<Chain>),
}

impl Ahead {
    /// Starts decoding.
    pub(super) fn new(chain: Chain) -> Self {
        Self { coming: Some(decode(chain)) }
    }

    /// The next rows, which are waited for.
    pub(super) fn next(&mut self) -> Result<Option<SortedBatch>, StoreError> {
        let Some(coming) = self.coming.take() else { return Ok(None) };
        let (chain, batch) = match coming {
            Coming::Asked(mut chain) => {
                let batch = chain.next();
                (*chain, batch)
            }
            Coming::Beside(coming) => coming.recv().map_err(|_| StoreError::Damaged {
                file: "a sorted file".into(),
                what: "cannot be decoded".into(),
            })?,
        };
        let batch = batch?;
        if batch.is_some() {
            self.coming = Some(decode(chain));
        }
        Ok(batch)
    }
}

fn decode(mut chain: Chain) -> Coming {
    // The only thread of a pool would wait for itself.
    if rayon::current_thread_index().is_some() && rayon::current_num_threads() == 1 {
        return Coming::Asked(Box::new(chain));
    }
    let (send, receive) = sync_channel(1);
    rayon::spawn(move || {
        let batch = chain.next();
        // Nobody waits any more if the merge has been given up.
        let _ = send.send((chain, batch));
    });
    Coming::Beside(receive)
}
