//! Ctrl-C and SIGTERM: once to stop after the unit in work, twice to stop now.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Exit, Failure};
use crate::run::Stop;

/// A wish to stop for every signal. At the second the process exits if `exit` says so; else whoever
/// reads the wish ends what it has started first.
pub(super) fn stop_on_signals(exit: bool) -> Result<Stop, Failure> {
    let stop = Stop::default();
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(Failure::error)?;
    let asked = stop.clone();
    let listen = move || {
        for _ in signals.forever() {
            asked.ask();
            if exit && asked.is_urgent() {
                std::process::exit(i32::from(Exit::Interrupted as u8));
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(listen).map_err(Failure::error)?;
    Ok(stop)
}
