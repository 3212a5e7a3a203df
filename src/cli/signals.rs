//! Ctrl-C, SIGTERM and the end of a connection: once to stop after the unit in work, twice to stop now.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Exit, Failure};
use crate::run::Stop;

/// A wish to stop for every signal. At the second the process exits if `exit` says so; else whoever
/// reads the wish ends what it has started first.
pub(super) fn stop_on_signals(exit: bool) -> Result<Stop, Failure> {
    let stop = Stop::default();
    let mut heeded = vec![SIGINT, SIGTERM];
    // Whoever was started by `nohup` outlives its terminal.
    if !crate::system::is_ignored(SIGHUP) {
        heeded.push(SIGHUP);
    }
    let mut signals = Signals::new(heeded).map_err(Failure::error)?;
    let asked = stop.clone();
    let listen = move || {
        for signal in signals.forever() {
            // The end of a connection is told by the shell and by the system: that is one wish.
            if signal != SIGHUP || !asked.is_asked() {
                asked.ask();
            }
            if exit && asked.is_urgent() {
                std::process::exit(i32::from(Exit::Interrupted as u8));
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(listen).map_err(Failure::error)?;
    Ok(stop)
}
