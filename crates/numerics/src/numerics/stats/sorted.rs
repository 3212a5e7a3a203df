//! Sorted values, wherever they lie: statistics of more than memory holds are computed as those of a slice.

use std::convert::Infallible;
use std::fmt;
use std::io;

/// Finite values in the order of [`f64::total_cmp`].
#[derive(Debug, Clone, Copy)]
pub enum Sorted<'a> {
    /// They are in memory.
    Held(&'a [f64]),
    /// They are elsewhere.
    Stored(&'a dyn Stored),
}

/// Sorted values that are not in memory.
pub trait Stored: fmt::Debug {
    /// How many there are.
    fn count(&self) -> usize;

    /// Reads those from a place on, the first being 0, as many as asked for.
    ///
    /// # Errors
    /// They cannot be read, or there are not so many.
    fn read(&self, place: usize, values: &mut [f64]) -> io::Result<()>;
}

impl Sorted<'_> {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Self::Held(values) => values.len(),
            Self::Stored(values) => values.count(),
        }
    }

    /// The value of a place, the first being 0.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn at(self, place: usize) -> io::Result<f64> {
        match self {
            Self::Held(values) => Ok(values[place]),
            Self::Stored(values) => {
                let mut value = [0.0];
                values.read(place, &mut value)?;
                Ok(value[0])
            }
        }
    }
}

/// Sorted values as formulas read them.
pub(super) trait Values {
    type Error;
    type Reader<'a>: Reader<Error = Self::Error>
    where
        Self: 'a;

    fn count(&self) -> usize;

    /// A reader, which is quick where places follow each other, upwards or downwards.
    fn reader(&self) -> Self::Reader<'_>;
}

pub(super) trait Reader {
    type Error;

    /// The value of a place below the count.
    fn at(&mut self, place: usize) -> Result<f64, Self::Error>;
}

impl Values for [f64] {
    type Error = Infallible;
    type Reader<'a> = &'a [f64];

    fn count(&self) -> usize {
        self.len()
    }

    fn reader(&self) -> &[f64] {
        self
    }
}

impl Reader for &[f64] {
    type Error = Infallible;

    fn at(&mut self, place: usize) -> Result<f64, Infallible> {
        Ok(self[place])
    }
}

impl Values for dyn Stored + '_ {
    type Error = io::Error;
    type Reader<'a>
        = Block<'a>
    where
        Self: 'a;

    fn count(&self) -> usize {
        Stored::count(self)
    }

    fn reader(&self) -> Block<'_> {
        Block { of: self, start: 0, values: Vec::new() }
    }
}

/// Values that are read at once.
const BLOCK: usize = 1 << 12;

/// The values around a place that was asked for last.
pub(super) struct Block<'a> {
    of: &'a (dyn Stored + 'a),
    start: usize,
    values: Vec<f64>,
}

impl Reader for Block<'_> {
    type Error = io::Error;

    fn at(&mut self, place: usize) -> io::Result<f64> {
        match self.values.get(place.wrapping_sub(self.start)) {
            Some(value) => Ok(*value),
            None => self.read(place),
        }
    }
}

impl Block<'_> {
    fn read(&mut self, place: usize) -> io::Result<f64> {
        let start = place - place % BLOCK;
        self.values.clear();
        self.values.resize(BLOCK.min(self.of.count().saturating_sub(start)), 0.0);
        self.of.read(start, &mut self.values)?;
        self.start = start;
        self.values.get(place - start).copied().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Values that are not in memory, as far as formulas know.
    #[derive(Debug)]
    pub(crate) struct Away(pub(crate) Vec<f64>);

    impl Stored for Away {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn read(&self, place: usize, values: &mut [f64]) -> io::Result<()> {
            let there = self.0.get(place..place + values.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            values.copy_from_slice(there);
            Ok(())
        }
    }

    #[test]
    fn blocks_have_every_value_in_its_place() {
        let away = Away((0..2 * BLOCK + 7).map(|i| i as f64).collect());
        let values: &dyn Stored = &away;
        let mut reader = values.reader();
        let last = away.0.len() - 1;
        for place in (0..=last).chain((0..=last).rev()).chain([BLOCK, BLOCK - 1, last, 0]) {
            assert_eq!(reader.at(place).unwrap().to_bits(), (place as f64).to_bits());
        }
        assert_eq!(reader.at(last + 1).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(reader.at(0).is_ok_and(|first| first.total_cmp(&0.0).is_eq()), "it reads on");
        assert_eq!(Sorted::Stored(values).at(BLOCK + 1).unwrap().to_bits(), (BLOCK as f64 + 1.0).to_bits());
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        use crate::numerics::stats::{hodges_lehmann_of_sorted, wilcoxon_of_sorted};

        #[derive(Debug)]
        struct Broken;

        impl Stored for Broken {
            fn count(&self) -> usize {
                10_000
            }

            fn read(&self, place: usize, values: &mut [f64]) -> io::Result<()> {
                values.fill(place as f64);
                if place > 0 { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
            }
        }

        let kind = |error: io::Error| error.kind();
        let denied = Some(io::ErrorKind::PermissionDenied);
        assert_eq!(wilcoxon_of_sorted(Sorted::Stored(&Broken)).err().map(kind), denied);
        assert_eq!(hodges_lehmann_of_sorted(Sorted::Stored(&Broken), 0, "").err().map(kind), denied);
    }
}
