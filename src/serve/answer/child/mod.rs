//! The process that answers: one question about one source, then it ends.
//!
//! Nothing of a stranger reaches the engine anywhere else. The process has so much memory and no more, a folder of its
//! own for what goes on on the disk, and ends with the one that started it; whatever the engine breaks ends this
//! process and nothing else.

mod answering;
mod limit;
mod messages;
mod objects;
mod out;
#[cfg(feature = "pg")]
mod pg;
mod plots;
mod query;
mod report;
mod rows;
mod shape;
mod sink;
mod tables;
mod told;
mod user;

use std::io::Read;

use super::frame::{Done, Frame};
use super::job::{Ask, Job};
use crate::error::Exit;
use crate::run;
use crate::schema::Schemas;
use crate::serve::access::{Ended, Ending};
use crate::serve::catalog;
use crate::sources::Folder;
use crate::store::Location;
use answering::{Answering, is_unchanged};
pub(super) use limit::{MEMORY, MEMORY_LEAST};
use out::Out;
use told::of_failure;

/// Stacks of the threads that plan.
const STACK: usize = 8 << 20;

/// Reads a job, answers it, and gives the exit code.
pub fn main() -> Exit {
    let Ok(memory) = limit::begin() else { return Exit::Usage };
    // While no job has come: every answer needs the tables' descriptions.
    let _ = Schemas::load(None);
    let Ok(job) = job() else { return Exit::Usage };
    // It may have waited long for its job, which is no time of the answer.
    let mut out = Out::begin();
    limit::end_with_the_parent();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build();
    let answered = match runtime {
        Ok(runtime) => {
            let place = job.moment.of(&job.dir);
            let answered = runtime.block_on(answer((&job, &place, memory), &mut out));
            runtime.shutdown_background();
            answered
        }
        Err(error) => Err(Ended::new(Ending::Memory, format!("no threads could be started: {error}"))),
    };
    let last = match answered {
        Ok(done) => Frame::Done(out.finished(done)),
        Err(ended) => Frame::Error(ended),
    };
    match out.frame(&last) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Error,
    }
}

/// The job: its length, then JSON.
fn job() -> std::io::Result<Job> {
    let mut input = std::io::stdin().lock();
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
    input.read_exact(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

async fn answer((job, place, memory): (&Job, &Location, u64), out: &mut Out) -> Result<Done, Ended> {
    let folder = Folder(job.definitions.clone());
    is_unchanged(job)?;
    let own = folder.load_for(&[catalog::place(&job.dir)]).map_err(of_failure)?;
    let beside = job
        .beside
        .iter()
        .map(|of| Ok((of.clone(), folder.load_for(&[catalog::place(&of.dir)]).map_err(of_failure)?)));
    let beside = beside.collect::<Result<Vec<_>, Ended>>()?;
    let answering = Answering { job, place, memory, beside: &beside };
    let loaded = &own;
    let done = match &job.ask {
        Ask::Query { text, format, most } => {
            query::query(answering, loaded, text, (*format, *most), out).await
        }
        Ask::Plan(text) => query::plan(answering, loaded, text, out).await,
        Ask::Shape(text) => shape::shape(answering, loaded, text, out).await,
        Ask::Rows { rows, format } => rows::rows(answering, loaded, rows, *format, out).await,
        Ask::Count(rows) => rows::count(answering, loaded, rows, out).await,
        Ask::Tables => tables::tables(answering, loaded, out).await,
        Ask::Users { prefix, after } => user::users(answering, loaded, prefix, after, out).await,
        Ask::User { id, pictures } => user::user(answering, loaded, (id, *pictures), out).await,
        Ask::Plots => plots::plots(answering, loaded, out),
        Ask::Plot(picture) => plots::plot(answering, loaded, picture, out).await,
        Ask::Report(of) => report::report(answering, own, of, out).await,
        Ask::Status => status(answering, out),
    };
    // Of an output that was replaced meanwhile, an error says as little as rows do.
    is_unchanged(job)?;
    done
}

fn status(answering: Answering<'_>, out: &mut Out) -> Result<Done, Ended> {
    let damaged =
        |error: crate::store::StoreError| Ended::new(Ending::SourceDamaged, crate::error::chain(&error));
    let run = run::open(answering.place).map_err(damaged)?;
    let status = run::status(&run).map_err(damaged)?;
    out.document(&status)
}
