//! The holder of a lease, until it ends or loses it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::names::{Kind, Lease, division_file, numbers_before};
use super::port::{Answer, Ask, Port, create, is_there};
use super::terms::{Break, Terms};
use crate::store::{Assignment, Object, Writer};

/// Between two tries to end.
const AGAIN: Duration = Duration::from_secs(1);

/// A lease that is held.
#[derive(Debug)]
pub struct Tenure {
    lease: Lease,
    terms: Terms,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the last beat was sent that was answered.
    answered: Duration,
    lost: Option<Lost>,
}

/// How a lease was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Somebody else has the share.
    Taken {
        /// By this lease.
        by: u64,
    },
    /// Nothing was answered for so long that somebody else may have it.
    Unheard,
}

impl Tenure {
    pub(super) fn new(lease: Lease, terms: Terms, sent: Duration) -> Self {
        Self { lease, terms, state: Mutex::new(State { answered: sent, lost: None }) }
    }

    /// The lease.
    pub fn lease(&self) -> Lease {
        self.lease
    }

    /// Whose files these are.
    pub fn writer(&self) -> Writer {
        let share: Assignment = self.lease.share;
        Writer { share, lease: Some(self.lease.number) }
    }

    /// The largest number that a lease of earlier divisions may have.
    pub fn after(&self) -> u64 {
        numbers_before(self.lease.division)
    }

    /// Its times.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Writes the first sign of life. Whoever took the lease has looked just now whether somebody else has the share; so
    /// this does not count as heard.
    pub async fn first_beat<P: Port>(&self, port: &P, body: Vec<u8>) -> Result<(), P::Fault> {
        let beat = Object { path: self.lease.file(Kind::Beat), bytes: body };
        port.ask(Ask::Note(beat)).await.map(|_: Answer| ())
    }

    /// Writes a sign of life, and looks whether somebody else has the share.
    pub async fn beat<P: Port>(&self, port: &P, body: Vec<u8>) -> Result<(), P::Fault> {
        let sent = port.now();
        self.first_beat(port, body).await?;
        if is_there(port, self.lease.next().file(Kind::Taken)).await? {
            self.lose(Lost::Taken { by: self.lease.number + 1 });
            return Ok(());
        }
        if is_there(port, division_file(self.lease.division + 1)).await? {
            self.lose(Lost::Taken { by: numbers_before(self.lease.division + 1) + 1 });
            return Ok(());
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.answered = state.answered.max(sent);
        Ok(())
    }

    /// Whether, and how, it is lost by now. What is lost stays lost.
    pub fn lost(&self, now: Duration) -> Option<Lost> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(state.answered) > self.terms.stop && !self.terms.breaks(Break::NoStop) {
            state.lost.get_or_insert(Lost::Unheard);
        }
        state.lost
    }

    fn lose(&self, how: Lost) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // That somebody has it says more than that somebody may.
        if !matches!(state.lost, Some(Lost::Taken { .. })) {
            state.lost = Some(how);
        }
    }

    /// Says that it has ended, so that nobody waits. False if that could not be said.
    pub async fn end<P: Port>(&self, port: &P, body: Vec<u8>) -> bool {
        let begun = port.now();
        while create(port, self.lease.file(Kind::End), body.clone()).await.is_err() {
            // Whoever waits does not wait longer than for one who died.
            if port.now().saturating_sub(begun) > self.terms.stop
                || !port.sleep(AGAIN.min(self.terms.beat)).await
            {
                return false;
            }
        }
        true
    }
}
