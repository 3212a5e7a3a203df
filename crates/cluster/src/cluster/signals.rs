//! When a program of the cluster ends.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Comes back at SIGTERM, or at Ctrl-C.
pub(super) async fn end() -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
