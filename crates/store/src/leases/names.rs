//! Names of leases and of what belongs to them.

use std::fmt;

use crate::store::Assignment;

/// The folder of all of them.
pub(super) const LEASES: &str = "_leases";

/// How many numbers a division has: those of later divisions are higher, and no two divisions have the same.
const NUMBERS: u64 = 1_000_000;

/// The last number that divisions before this one may have.
pub(super) fn numbers_before(division: u64) -> u64 {
    division.saturating_sub(1) * NUMBERS
}

/// A lease of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The division of the users.
    pub division: u64,
    /// The share.
    pub share: Assignment,
    /// Its number; those of later lives of a run are higher.
    pub number: u64,
}

/// What a file of a lease is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// That it was taken, and by whom.
    Taken,
    /// That its holder lives.
    Beat,
    /// That it has ended.
    End,
}

impl Lease {
    /// The next one of the share.
    #[must_use]
    pub(super) fn next(self) -> Self {
        Self { number: self.number + 1, ..self }
    }

    pub(super) fn file(self, kind: Kind) -> String {
        let end = match kind {
            Kind::Taken => "",
            Kind::Beat => ".beat",
            Kind::End => ".end",
        };
        format!("{}/{}{end}", share_folder(self.division, self.share), self.number)
    }

    /// Reads the name of a file of a lease.
    pub(super) fn parse(path: &str) -> Option<(Self, Kind)> {
        let mut parts = path.strip_prefix(LEASES)?.strip_prefix('/')?.split('/');
        let (division, share, name) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        let (index, of) = share.split_once("of")?;
        let share = Assignment { index: index.parse().ok()?, of: of.parse().ok()? };
        let (number, kind) = match name.split_once('.') {
            None => (name, Kind::Taken),
            Some((number, "beat")) => (number, Kind::Beat),
            Some((number, "end")) => (number, Kind::End),
            Some(_) => return None,
        };
        parts.next().is_none().then_some(())?;
        Some((Self { division, share, number: number.parse().ok()? }, kind))
    }
}

/// The share and its number, as in `0of4f7`.
impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}of{}f{}", self.share.index, self.share.of, self.number)
    }
}

/// The record of a division.
pub(super) fn division_file(division: u64) -> String {
    format!("{LEASES}/{division}.yaml")
}

/// All leases of a division.
pub(super) fn division_folder(division: u64) -> String {
    format!("{LEASES}/{division}")
}

/// All leases of a share.
pub(super) fn share_folder(division: u64, share: Assignment) -> String {
    format!("{LEASES}/{division}/{}of{}", share.index, share.of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let lease = Lease { division: 2, share: Assignment { index: 3, of: 16 }, number: 12 };
        assert_eq!(lease.file(Kind::Beat), "_leases/2/3of16/12.beat");
        for kind in [Kind::Taken, Kind::Beat, Kind::End] {
            assert_eq!(Lease::parse(&lease.file(kind)), Some((lease, kind)));
        }
        assert!(numbers_before(1) == 0 && numbers_before(2) < numbers_before(3));
        for other in [
            "_leases/2.yaml",
            "_leases/2/3of16/12.tmp",
            "_leases/2/3of16/12/x",
            "_status/2/3of16/1",
            "_leases/2/3/1",
        ] {
            assert_eq!(Lease::parse(other), None, "{other}");
        }
    }
}
