//! Ctrl-C while a query runs ends the query and not the prompt.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::channel::oneshot;
use futures::future::{Either, select};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use crate::error::Failure;

type Waiting = Arc<Mutex<Option<oneshot::Sender<()>>>>;

/// Listens for Ctrl-C from now on.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(Waiting);

impl Interrupt {
    pub(super) fn listen() -> Result<Self, Failure> {
        let waiting = Waiting::default();
        let mut signals = Signals::new([SIGINT]).map_err(Failure::error)?;
        let told = Arc::clone(&waiting);
        let listen = move || {
            for _ in signals.forever() {
                let sender = told.lock().unwrap_or_else(PoisonError::into_inner).take();
                // Between two queries nobody waits.
                sender.map(|s| s.send(()));
            }
        };
        std::thread::Builder::new().name("ctrl-c".into()).spawn(listen).map_err(Failure::error)?;
        Ok(Self(waiting))
    }

    /// Does the work; `None` if Ctrl-C came first.
    pub(super) async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let (sender, came) = oneshot::channel();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        match select(came, pin!(work)).await {
            Either::Left(_) => None,
            Either::Right((done, _)) => Some(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn endless_work_ends_and_later_work_is_done() {
        let interrupt = Interrupt::listen().unwrap();
        let raiser = std::thread::spawn({
            let waiting = Arc::clone(&interrupt.0);
            move || {
                while waiting.lock().unwrap().is_none() {
                    std::thread::yield_now();
                }
                signal_hook::low_level::raise(SIGINT).unwrap();
            }
        });
        assert_eq!(interrupt.or(std::future::pending::<()>()).await, None);
        raiser.join().unwrap();
        assert_eq!(interrupt.or(async { 1 }).await, Some(1));
    }
}
