//! One who wants a share, until it has it.

use std::time::Duration;

use super::claim::Claim;
use super::error::SeekError;
use super::look::{Looker, Next, Sight, Sign};
use super::names::{Kind, Lease, division_file};
use super::port::{Port, create, is_there, read};
use super::record::Division;
use super::tenure::Tenure;
use super::terms::{Break, Terms};
use super::watch::{Life, Watch};
use crate::store::{Assignment, Created};

/// Between two requests of which the first had no answer.
const AGAIN: Duration = Duration::from_secs(1);

/// What the caller knows of a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing but that it has the lease.
    Nothing,
    /// It was told to stop.
    Ending,
    /// Its process or its job is over.
    Over,
}

/// What is wanted, and by whom.
pub struct Want<'a> {
    /// The share.
    pub share: Assignment,
    /// By whom.
    pub claim: Claim,
    /// The times.
    pub terms: Terms,
    /// Asked about a holder, with its last beat.
    pub known: &'a dyn Fn(&Claim, Option<&[u8]>) -> Known,
    /// Told once of who is waited for.
    pub wait: &'a dyn Fn(&str),
}

impl std::fmt::Debug for Want<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Want").field("share", &self.share).field("claim", &self.claim).finish_non_exhaustive()
    }
}

/// Takes the share as soon as nobody has it. None if one is not to go on.
///
/// # Errors
/// A living worker has it, or one of another division lives; the store does not answer.
pub async fn seek<P: Port>(port: &P, want: &Want<'_>) -> Result<Option<Tenure>, SeekError<P::Fault>> {
    let mut seeker =
        Seeker { want, looker: Looker::new(want.share), watch: Watch::default(), ending: None, told: false };
    let mut faults = 0;
    loop {
        match seeker.once(port).await {
            Ok(Step::Have(tenure)) => return Ok(Some(tenure)),
            Ok(Step::Again) => faults = 0,
            Ok(Step::Wait) => {
                faults = 0;
                if !port.sleep(want.terms.look).await {
                    return Ok(None);
                }
            }
            Err(SeekError::Fault(fault)) => {
                faults += 1;
                if faults >= want.terms.faults {
                    return Err(SeekError::Fault(fault));
                }
                if !port.sleep(AGAIN.min(want.terms.look)).await {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

enum Step {
    Have(Tenure),
    Again,
    Wait,
}

struct Seeker<'a> {
    want: &'a Want<'a>,
    looker: Looker,
    watch: Watch,
    /// Since when a living holder is known to end.
    ending: Option<Duration>,
    told: bool,
}

impl Seeker<'_> {
    async fn once<P: Port>(&mut self, port: &P) -> Result<Step, SeekError<P::Fault>> {
        let Sight { before, next } = self.looker.look(port).await?;
        if !self.is_free::<P::Fault>(&before, port.now())? {
            return Ok(Step::Wait);
        }
        match next {
            Next::Lease(lease) => match self.take(port, lease).await? {
                Some(tenure) => Ok(Step::Have(tenure)),
                None => Ok(Step::Again),
            },
            // Whoever made it: it is looked at again.
            Next::Division(number) => {
                let dead = before.iter().map(|sign| sign.lease).filter(|lease| lease.division + 1 == number);
                let division = Division::after(self.want.share.of, dead);
                let made = create(port, division_file(number), division.to_yaml()).await;
                let _: Created = made.map_err(SeekError::Fault)?;
                Ok(Step::Again)
            }
        }
    }

    /// Whether nobody is in the way; an error if somebody is who lives.
    fn is_free<F>(&mut self, before: &[Sign], now: Duration) -> Result<bool, SeekError<F>> {
        let mut free = true;
        for sign in before {
            let known = match &sign.claim {
                Some(claim) if claim.is_of_an_earlier_start_of(&self.want.claim) => Known::Over,
                Some(claim) => (self.want.known)(claim, sign.beat.as_deref()),
                None => Known::Nothing,
            };
            let life = self.watch.see(sign, now, &self.want.terms);
            if known == Known::Over || life == Life::Stale {
                continue;
            }
            free = false;
            let patience = self.want.terms.patience;
            let is_waited_for = match (known, life) {
                (Known::Ending, _) => now.saturating_sub(*self.ending.get_or_insert(now)) < patience,
                (_, Life::Lives) => false,
                _ => true,
            };
            let holder = self.words(sign);
            if !is_waited_for {
                return Err(SeekError::Held { holder });
            }
            if !self.told {
                self.told = true;
                (self.want.wait)(&holder);
            }
        }
        Ok(free)
    }

    fn words(&self, sign: &Sign) -> String {
        let holder =
            sign.claim.as_ref().map_or_else(|| "a process without a name".to_owned(), Claim::to_string);
        if sign.lease.share.of == self.want.share.of {
            holder
        } else {
            format!("a worker that divides the users by {} ({holder})", sign.lease.share.of)
        }
    }

    /// Takes a number, unless somebody else has it.
    async fn take<P: Port>(&self, port: &P, lease: Lease) -> Result<Option<Tenure>, SeekError<P::Fault>> {
        let (terms, file) = (&self.want.terms, lease.file(Kind::Taken));
        let body = self.want.claim.anew().to_json();
        // It counts from when it was asked for first, not from when that was heard.
        let sent = port.now();
        let mut faults = 0;
        loop {
            // Without an answer it may still be made: it is asked for again until the number is somebody's.
            let made = match create(port, file.clone(), body.clone()).await {
                Ok(Created::Existed) => read(port, file.clone()).await.map(|found| {
                    let is_ours = |found: Vec<u8>| found == body || terms.breaks(Break::NoToken);
                    found.map(is_ours)
                }),
                Ok(Created::Yes) => Ok(Some(true)),
                Err(fault) => Err(fault),
            };
            match made {
                Ok(Some(true)) => break,
                Ok(Some(false)) => return Ok(None),
                Ok(None) => {}
                Err(fault) => {
                    faults += 1;
                    if faults >= terms.faults {
                        return Err(SeekError::Fault(fault));
                    }
                }
            }
            if !port.sleep(AGAIN.min(terms.look)).await {
                return Ok(None);
            }
        }
        let is_late = port.now().saturating_sub(sent) > terms.stop && !terms.breaks(Break::NoStop);
        let tenure = Tenure::new(lease, *terms, sent);
        // Whoever divides the users anew has not seen this one, unless that comes later.
        let is_divided = !matches!(is_there(port, division_file(lease.division + 1)).await, Ok(false));
        if is_late || is_divided {
            tenure.end(port, Vec::new()).await;
            return Ok(None);
        }
        Ok(Some(tenure))
    }
}
