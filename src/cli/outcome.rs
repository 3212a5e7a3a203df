//! What every command gives back, and what runs the asynchronous work of one.

use tokio::runtime::Runtime;

use crate::error::{Exit, Failure};

/// What a command gives back.
pub(super) type Outcome = Result<Exit, Failure>;

/// Runs asynchronous work of the query engine.
pub(super) fn block_on<F: Future>(work: F) -> Result<F::Output, Failure> {
    Ok(runtime()?.block_on(work))
}

/// The same for work that may be left before it is done: nobody waits for what it still does.
pub(super) fn block_on_and_leave<F: Future>(work: F) -> Result<F::Output, Failure> {
    let runtime = runtime()?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(done)
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Deep plans need deep stacks, most of all in unoptimised builds.
        .thread_stack_size(8 << 20)
        .build()
        .map_err(Failure::error)
}
