//! An answer on its way: from the process to whoever asked, as long as both keep up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::asking::{Finished, Limits};
use super::frame::Frame;
use super::job::Job;
use super::process::Process;
use crate::serve::access::{Ended, Ending, until_true};

/// How an answer is over.
enum Over {
    /// It is whole.
    Whole,
    /// The process said why there is no more of it, or ended.
    Said(Ended),
    /// The process is ended while it is at work.
    Cut(Ended),
}

/// What ends an answer before its end; each becomes true.
pub(super) struct Ends {
    pub(super) cancelled: watch::Receiver<bool>,
    /// The token's.
    pub(super) ended: watch::Receiver<bool>,
    /// The service's.
    pub(super) stopped: watch::Receiver<bool>,
}

impl Ends {
    /// Waits for one of them.
    async fn told(&mut self) -> Ended {
        tokio::select! {
            () = until_true(&mut self.cancelled) => Ended::new(Ending::Cancelled, "the query was cancelled"),
            () = until_true(&mut self.ended) => {
                Ended::new(Ending::Cancelled, "the login behind the query has ended")
            }
            () = until_true(&mut self.stopped) => stopping(),
        }
    }
}

/// An answer on its way.
pub(super) struct Work {
    pub(super) limits: Arc<Limits>,
    pub(super) since: Instant,
    pub(super) ends: Ends,
    pub(super) send: mpsc::Sender<Result<Frame, Ended>>,
}

impl Work {
    /// Gives the process its job, and passes its answer on to the end.
    pub(super) async fn run(mut self, mut process: Process, job: Job) -> Finished {
        let mut told = Finished { ended: None, rows: 0, bytes: 0, took: Duration::ZERO };
        let over = match process.give(&job).await {
            Ok(()) => self.pass_on(&mut process, &mut told).await,
            Err(ended) => Over::Said(ended),
        };
        let ended = match over {
            Over::Whole => {
                process.leave().await;
                None
            }
            Over::Said(ended) => {
                process.kill().await;
                Some(ended)
            }
            Over::Cut(ended) => {
                process.end(ended.ending).await;
                Some(ended)
            }
        };
        if let Some(ended) = ended.clone() {
            // It is over, even if whoever asked reads of it later or never.
            let (send, stall) = (self.send, self.limits.stall);
            tokio::spawn(async move {
                let _ = tokio::time::timeout(stall, send.send(Err(ended))).await;
            });
        }
        told.ended = ended;
        told.took = self.since.elapsed();
        told
    }

    /// Passes frames on until the last; gives why there are no more before it.
    async fn pass_on(&mut self, process: &mut Process, told: &mut Finished) -> Over {
        let begun = Instant::now();
        let mut flows = false;
        loop {
            let limits = &self.limits;
            let left = if flows {
                limits.stall.min(limits.flow.saturating_sub(begun.elapsed()))
            } else {
                limits.time.saturating_sub(begun.elapsed())
            };
            let next = tokio::select! {
                next = tokio::time::timeout(left, process.next()) => next,
                () = self.send.closed() => return Over::Cut(Ended::new(Ending::Cancelled, "nobody reads the answer")),
                ended = self.ends.told() => return Over::Cut(ended),
            };
            let frame = match next {
                Ok(Ok(frame)) => frame,
                Ok(Err(ended)) => return Over::Said(ended),
                Err(_) => return Over::Cut(late(limits, flows)),
            };
            match &frame {
                Frame::Bytes(bytes) => {
                    flows = true;
                    told.bytes += bytes.len() as u64;
                }
                Frame::Message(message) => {
                    flows = true;
                    told.bytes += (message.head.len() + message.body.len()) as u64;
                }
                Frame::Done(done) => told.rows = done.rows,
                Frame::Error(ended) => return Over::Said(ended.clone()),
                Frame::Columns(_) | Frame::Notes(_) => {}
            }
            let is_last = matches!(frame, Frame::Done(_));
            let stall = self.limits.stall;
            let sent = tokio::select! {
                sent = tokio::time::timeout(stall, self.send.send(Ok(frame))) => sent,
                ended = self.ends.told() => return Over::Cut(ended),
            };
            match sent {
                Ok(Ok(())) if is_last => return Over::Whole,
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Over::Cut(Ended::new(Ending::Cancelled, "nobody reads the answer")),
                Err(_) => {
                    let words = format!("nobody read for {} s", stall.as_secs());
                    return Over::Cut(Ended::new(Ending::Cancelled, words));
                }
            }
        }
    }
}

/// Why nothing is answered any more.
pub(super) fn stopping() -> Ended {
    Ended::new(Ending::Stopping, "the service is stopping\n(hint: ask again when it is back)")
}

fn late(limits: &Limits, flows: bool) -> Ended {
    let words = if flows {
        format!("no more rows came for {} s", limits.stall.as_secs())
    } else {
        format!(
            "the query takes longer than it may ({} s)\n(hint: ask for less: fewer rows, columns or tables at once; \
             --query-seconds gives it more)",
            limits.time.as_secs_f64()
        )
    };
    Ended::new(Ending::Deadline, words)
}
