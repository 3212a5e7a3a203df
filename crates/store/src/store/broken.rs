//! Faults that the model of the protocol puts into it, to see that it finds each.

/// What is left out or done wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "only the model asks for them"))]
pub(crate) enum Break {
    /// Leftovers are removed without taking the name of their commit first.
    NoVoid,
    /// A refused create is believed.
    NoReadBack,
    /// The ledger is written before the data.
    LedgerFirst,
    /// Names are used again by the next worker.
    NamesAgain,
    /// The store ignores the condition of a create.
    NoCondition,
    /// Each compaction has a name of its own instead of a number.
    NoNumber,
    /// The ledger of a compaction comes before what it replaces.
    CompactionFirst,
    /// A number can be had again, since the ledger of a compaction is removed with what it replaced.
    NumberAgain,
}

#[cfg(not(test))]
pub(crate) const fn is_broken(_what: Break) -> bool {
    false
}

#[cfg(test)]
pub(crate) use of_test::{break_it, is_broken};

#[cfg(test)]
mod of_test {
    use std::cell::Cell;

    use super::Break;

    thread_local! {
        static BROKEN: Cell<Option<Break>> = const { Cell::new(None) };
    }

    /// Puts a fault into what this thread does.
    pub(crate) fn break_it(what: Option<Break>) {
        BROKEN.with(|broken| broken.set(what));
    }

    pub(crate) fn is_broken(what: Break) -> bool {
        BROKEN.with(|broken| broken.get() == Some(what))
    }
}
