//! The program `results-cluster`: scheduler and executors of a Ballista cluster, and the commands of `results` that have it
//! do their work.

mod cluster;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cluster::main().into()
}
