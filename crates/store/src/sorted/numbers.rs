//! Numbers in order: in memory, or, where there are many, in a file of the disk. What is in memory does not follow how many
//! there are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::ops::Range;

use crate::beside::ScratchFile;

/// Bytes of a number.
const BYTES: usize = size_of::<f64>();

/// How many numbers are where.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Numbers in memory until they are sorted and written.
    held: usize,
    /// Numbers that are read or written at once.
    block: usize,
    /// Sorted runs that become one.
    together: usize,
}

impl Sizes {
    const USUAL: Self = Self { held: 1 << 18, block: 1 << 12, together: 1 << 8 };
}

/// Numbers that are being collected; what is in memory does not follow how many they are.
#[derive(Debug)]
pub struct Numbers {
    sizes: Sizes,
    held: Vec<f64>,
    runs: Option<Runs>,
}

/// Numbers in order.
#[derive(Debug)]
pub enum InOrder<'a> {
    /// They are in memory.
    Held(&'a [f64]),
    /// They are in a file.
    Stored(StoredNumbers<'a>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::of_sizes(Sizes::USUAL)
    }
}

impl Numbers {
    fn of_sizes(sizes: Sizes) -> Self {
        Self { sizes, held: Vec::new(), runs: None }
    }

    /// Takes one more.
    ///
    /// # Errors
    /// The disk is full.
    pub fn push(&mut self, number: f64) -> io::Result<()> {
        self.held.push(number);
        if self.held.len() < self.sizes.held { Ok(()) } else { self.write() }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.held.capacity() * BYTES
    }

    /// Writes those in memory as a sorted run.
    fn write(&mut self) -> io::Result<()> {
        let runs = match &mut self.runs {
            Some(runs) => runs,
            none => none.insert(Runs::new(self.sizes)?),
        };
        self.held.sort_unstable_by(f64::total_cmp);
        runs.begin();
        for number in self.held.drain(..) {
            runs.push(number)?;
        }
        runs.end()
    }

    /// All of them, in any order. None are left.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn take(&mut self) -> io::Result<Vec<f64>> {
        let mut all = std::mem::take(&mut self.held);
        if let Some(runs) = self.runs.take() {
            let (stored, start) = (runs.all(), all.len());
            all.resize(start + stored.count, 0.0);
            stored.read(0, &mut all[start..])?;
        }
        Ok(all)
    }

    /// All of them in the order of [`f64::total_cmp`]; of equal ones the first alone, if they are to be distinct. More may
    /// follow.
    ///
    /// # Errors
    /// They cannot be read, or the disk is full.
    pub fn sorted(&mut self, distinct: bool) -> io::Result<InOrder<'_>> {
        if self.runs.is_some() && !self.held.is_empty() {
            self.write()?;
        }
        if let Some(mut runs) = self.runs.take() {
            // A run may have equal numbers in it: one alone is gone through as well.
            let mut is_done = runs.starts.len() == 1 && !distinct;
            while !is_done {
                runs = runs.merged(distinct)?;
                is_done = runs.starts.len() == 1;
            }
            let runs = self.runs.insert(runs);
            return Ok(InOrder::Stored(runs.all()));
        }
        self.held.sort_unstable_by(f64::total_cmp);
        if distinct {
            self.held.dedup();
        }
        Ok(InOrder::Held(&self.held))
    }
}

/// Sorted runs in a file, one behind the other.
#[derive(Debug)]
struct Runs {
    sizes: Sizes,
    file: ScratchFile,
    /// Where each begins.
    starts: Vec<usize>,
    /// Numbers in the file.
    written: usize,
    /// Bytes that are not yet in it.
    bytes: Vec<u8>,
}

impl Runs {
    fn new(sizes: Sizes) -> io::Result<Self> {
        let file = ScratchFile::new("numbers")?;
        Ok(Self { sizes, file, starts: Vec::new(), written: 0, bytes: Vec::new() })
    }

    /// Begins a run.
    fn begin(&mut self) {
        self.starts.push(self.count());
    }

    /// Adds the next number of a run.
    fn push(&mut self, number: f64) -> io::Result<()> {
        self.bytes.extend(number.to_le_bytes());
        if self.bytes.len() < self.sizes.block * BYTES { Ok(()) } else { self.end() }
    }

    /// Writes what is not yet in the file.
    fn end(&mut self) -> io::Result<()> {
        self.file.append(&self.bytes)?;
        self.written += self.bytes.len() / BYTES;
        self.bytes.clear();
        Ok(())
    }

    fn count(&self) -> usize {
        self.written + self.bytes.len() / BYTES
    }

    /// All numbers, run by run.
    fn all(&self) -> StoredNumbers<'_> {
        StoredNumbers { file: &self.file, count: self.written }
    }

    /// Fewer and longer runs.
    fn merged(&self, distinct: bool) -> io::Result<Self> {
        let mut merged = Self::new(self.sizes)?;
        let ends = self.starts.iter().skip(1).chain([&self.written]);
        let runs: Vec<Range<usize>> = self.starts.iter().zip(ends).map(|(start, end)| *start..*end).collect();
        for together in runs.chunks(self.sizes.together) {
            merged.begin();
            self.merge(together, distinct, &mut merged)?;
        }
        merged.end()?;
        Ok(merged)
    }

    fn merge(&self, runs: &[Range<usize>], distinct: bool, merged: &mut Self) -> io::Result<()> {
        let run = |places: &Range<usize>| Run { of: self, places: places.clone(), block: Vec::new(), at: 0 };
        let mut runs: Vec<Run<'_>> = runs.iter().map(run).collect();
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (place, run) in runs.iter_mut().enumerate() {
            heads.extend(run.next()?.map(|number| Reverse((ordered(number), place))));
        }
        let mut last = None;
        while let Some(mut head) = heads.peek_mut() {
            let Reverse((order, place)) = *head;
            let number = number(order);
            if !distinct || last != Some(number) {
                merged.push(number)?;
                last = Some(number);
            }
            match runs[place].next()? {
                Some(number) => *head = Reverse((ordered(number), place)),
                None => drop(PeekMut::pop(head)),
            }
        }
        Ok(())
    }
}

/// A run that is read.
struct Run<'r> {
    of: &'r Runs,
    /// What is not yet read.
    places: Range<usize>,
    block: Vec<f64>,
    at: usize,
}

impl Run<'_> {
    fn next(&mut self) -> io::Result<Option<f64>> {
        if self.at == self.block.len() {
            self.block.resize(self.places.len().min(self.of.sizes.block), 0.0);
            self.of.all().read(self.places.start, &mut self.block)?;
            self.places.start += self.block.len();
            self.at = 0;
        }
        self.at += 1;
        Ok(self.block.get(self.at - 1).copied())
    }
}

/// A whole number in the order of [`f64::total_cmp`].
fn ordered(number: f64) -> i64 {
    turned(number.to_bits().cast_signed())
}

fn number(ordered: i64) -> f64 {
    f64::from_bits(turned(ordered).cast_unsigned())
}

/// Negative numbers the other way round, as the standard library compares them; twice is nothing.
fn turned(bits: i64) -> i64 {
    bits ^ (bits >> 63).cast_unsigned().wrapping_shr(1).cast_signed()
}

/// Numbers in a file.
#[derive(Debug, Clone, Copy)]
pub struct StoredNumbers<'f> {
    file: &'f ScratchFile,
    count: usize,
}

impl StoredNumbers<'_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Reads those from a place on.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn read(&self, place: usize, numbers: &mut [f64]) -> io::Result<()> {
        let mut bytes = [0; 1 << 12];
        let mut place = (place * BYTES) as u64;
        for numbers in numbers.chunks_mut(bytes.len() / BYTES) {
            let bytes = &mut bytes[..numbers.len() * BYTES];
            self.file.read_at(place, bytes)?;
            place += bytes.len() as u64;
            for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
                *number = f64::from_le_bytes(*bytes);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bits(numbers: &[f64]) -> Vec<u64> {
        numbers.iter().map(|number| number.to_bits()).collect()
    }

    fn in_order(numbers: &mut Numbers, distinct: bool) -> Vec<f64> {
        match numbers.sorted(distinct).unwrap() {
            InOrder::Held(held) => held.to_vec(),
            InOrder::Stored(stored) => {
                let mut all = vec![0.0; stored.count()];
                stored.read(0, &mut all).unwrap();
                all
            }
        }
    }

    fn number() -> impl Strategy<Value = f64> {
        let odd = [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -5e-324];
        prop_oneof![(-3i32..4).prop_map(f64::from), prop::sample::select(odd.to_vec()), prop::num::f64::ANY]
    }

    proptest! {
        #[test]
        fn numbers_come_in_order_wherever_they_are(
            first in prop::collection::vec(number(), 0..300), more in prop::collection::vec(number(), 0..80),
            held in 1usize..40, block in 1usize..9, together in 2usize..5, distinct in any::<bool>(),
        ) {
            let mut numbers = Numbers::of_sizes(Sizes { held, block, together });
            let mut known = Vec::new();
            // What is asked for in between disturbs nothing.
            for part in [first, more] {
                for number in part {
                    numbers.push(number).unwrap();
                    known.push(number);
                }
                known.sort_by(f64::total_cmp);
                if distinct {
                    known.dedup();
                }
                prop_assert_eq!(bits(&in_order(&mut numbers, distinct)), bits(&known));
                prop_assert!(numbers.bytes() <= 2 * held.max(4) * BYTES, "{} bytes", numbers.bytes());
            }
            let mut taken = numbers.take().unwrap();
            taken.sort_by(f64::total_cmp);
            prop_assert_eq!(bits(&taken), bits(&known));
            prop_assert!(in_order(&mut numbers, false).is_empty());
        }

        #[test]
        fn whole_numbers_have_the_order_of_floats(a in prop::num::f64::ANY, b in prop::num::f64::ANY) {
            prop_assert_eq!(ordered(a).cmp(&ordered(b)), a.total_cmp(&b));
            prop_assert_eq!(super::number(ordered(a)).to_bits(), a.to_bits());
        }
    }
}
