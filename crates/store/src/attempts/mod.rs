//! Which attempt of a unit counts: the rule, the ledgers it is asked about, and what is known of damage.
//!
//! Every reader of a run asks here: `sql`, `status`, resume, `merge`, `validate`, `export`, `compact`. Nobody else
//! compares ends of attempts or what they were made of.

mod columns;
mod damage;
mod health;
mod index;
mod ledger;
mod of_runs;
mod open;
mod repeated;
mod rule;
mod stream;
mod sweep;

pub use columns::{Holding, Planned, StreamedAttempt};
pub use damage::Damage;
pub use index::{Index, IndexedFile};
pub use ledger::{Ledger, Standing};
pub use of_runs::Attempts;
pub use open::OpenRun;
pub use rule::{Attempt, Basis, Moved, Precedence, Role, Roles, roles};
pub use stream::{LedgerUnit, Ledgers, each_planned_user, each_unit};
#[cfg(test)]
pub(crate) use sweep::{Dead, remove_dead};
pub use sweep::{Leftovers, Swept, sweep};
