//! The thread that starts children.
//!
//! A child asks the system to end it with the thread that started it. The runtime's threads come and go; this one
//! stays as long as the pool.

use std::io;
use std::sync::mpsc;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

type Start = (Command, oneshot::Sender<io::Result<Child>>);

/// Starts children from one thread.
#[derive(Debug)]
pub(super) struct Starter(mpsc::Sender<Start>);

impl Starter {
    /// Begins, within a runtime.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn begin() -> io::Result<Self> {
        let (send, receive) = mpsc::channel::<Start>();
        let runtime = Handle::current();
        let work = move || {
            let _within = runtime.enter();
            while let Ok((mut command, started)) = receive.recv() {
                let _ = started.send(command.spawn());
            }
        };
        std::thread::Builder::new().name("children".into()).spawn(work)?;
        Ok(Self(send))
    }

    /// Starts a program.
    pub(super) async fn start(&self, command: Command) -> io::Result<Child> {
        let (send, started) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes is gone");
        self.0.send((command, send)).map_err(|_| gone())?;
        started.await.map_err(|_| gone())?
    }
}
