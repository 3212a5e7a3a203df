//! Where workers run: in this process, or as processes of this machine.

mod cause;
mod here;
mod log;
mod processes;

pub use here::Here;
pub use processes::Processes;
