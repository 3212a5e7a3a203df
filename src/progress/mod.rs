//! What a person sees of a running run: bars on a terminal, plain lines elsewhere.

mod alike;
mod bars;
mod lines;
mod words;

use std::io::IsTerminal;

use crate::event::FanOut;

pub(crate) use alike::{grouped, others};
pub(crate) use bars::Bars;
pub(crate) use lines::{Lines, Verbosity};
pub(crate) use words::{bytes, duration};

/// The reader that fits standard error: bars on a terminal, lines in a pipe or a log.
pub(crate) fn for_people(shards: u32, verbosity: Verbosity) -> FanOut {
    let terminal = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
    if terminal && verbosity == Verbosity::Normal {
        FanOut::default().with(Bars::new(shards))
    } else {
        FanOut::default().with(Lines::new(std::io::stderr(), verbosity))
    }
}
