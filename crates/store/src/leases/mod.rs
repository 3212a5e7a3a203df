//! Who works on which share of a run that keeps no locks.
//!
//! A lease of a share is a number, `_leases/<division>/<i>of<M>/<n>`, made by creating that file unless it is there: who
//! made the highest one has the share. Its holder writes `<n>.beat` every so often, which nobody else does, and looks
//! whether n + 1 is there: then it has lost the share. Somebody else may make n + 1 once `<n>.end` is there, or once the
//! beat has not changed for a while by the observer's own clock, counted from its own first look, or when it is known
//! that the holder's process is gone. No clock is ever compared with another one.
//!
//! A *division* of the users among M workers is `_leases/<e>.yaml`. Another one begins when all leases of the one
//! before have ended or are stale, and its numbers begin above theirs: numbers order the lives of a run. A lease of e - 1
//! may be made after the maker of e has looked; e says whom he took for dead, and every other one is waited for.
//!
//! A lease only saves work. That nobody commits what does not count is decided by names, which hold its number.
//!
//! The rules know no store and no clock but a [`Port`]: tests give them one in which requests are slow, lost and doubled.

mod claim;
mod error;
mod look;
#[cfg(test)]
mod model;
mod names;
mod observe;
mod port;
mod record;
mod seek;
mod survey;
mod tenure;
mod terms;
mod watch;

pub use claim::{Claim, JOB, OVER};
pub use error::SeekError;
pub use names::Lease;
pub use observe::{Observed, observe};
pub use port::{Answer, Ask, Port, StorePort, at_once};
pub use record::divide;
pub use seek::{Known, Want, seek};
pub use survey::{Found, Listed, listed, newest, said};
pub use tenure::{Lost, Tenure};
pub use terms::Terms;
