//! Reads of many kinds, with what they bring.

use std::ops::Range;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Held, MOST};

/// An object, and what was brought of it.
struct Object {
    bytes: Bytes,
    held: Held,
    brought: Vec<Range<u64>>,
    /// Most that was held at once.
    most: u64,
}

impl Object {
    fn new(length: usize, tail: usize) -> Self {
        let bytes: Bytes = (0..length).map(|n| (n * 7 / 3) as u8).collect::<Vec<u8>>().into();
        let held = Held::new(length as u64, bytes.slice(length - tail.min(length)..));
        Self { bytes, held, brought: Vec::new(), most: 0 }
    }

    fn read(&mut self, range: Range<u64>) {
        let mut at = range.start;
        while at < range.end {
            let Some(part) = self.held.at(at..range.end) else {
                let bring = self.held.to_bring(at..range.end);
                assert!(
                    bring.contains(&at) && bring.end <= self.bytes.len() as u64,
                    "{bring:?} for {range:?}"
                );
                self.held.keep(bring.start, self.bytes.slice(bring.start as usize..bring.end as usize));
                self.brought.push(bring);
                self.most = self.most.max(self.held.bytes());
                continue;
            };
            assert!(!part.is_empty());
            assert_eq!(part, self.bytes.slice(at as usize..at as usize + part.len()));
            at += part.len() as u64;
        }
        self.held.was_read(range);
    }

    fn bytes_brought(&self) -> u64 {
        self.brought.iter().map(|range| range.end - range.start).sum()
    }
}

/// Reads the parts of a group side by side, page after page, each with a look at its head before.
fn read_group(object: &mut Object, parts: &[Range<u64>], page: u64) {
    let mut at: Vec<u64> = parts.iter().map(|part| part.start).collect();
    while at.iter().zip(parts).any(|(at, part)| *at < part.end) {
        for (at, part) in at.iter_mut().zip(parts).filter(|(at, part)| **at < part.end) {
            let end = (*at + page).min(part.end);
            object.read(*at..(*at + 512).min(object.bytes.len() as u64));
            object.read((*at + 50).min(end)..end);
            *at = end;
        }
    }
}

/// Groups of so many parts, one behind the other.
fn groups(groups: u64, parts: u64, length: u64) -> Vec<Vec<Range<u64>>> {
    let part = |group: u64, n: u64| {
        let start = 4 + (group * parts + n) * length;
        start..start + length
    };
    (0..groups).map(|group| (0..parts).map(|n| part(group, n)).collect()).collect()
}

#[test]
fn a_file_that_is_read_from_start_to_end_is_brought_once() {
    for length in [10, 100_000, 3 << 20, 30 << 20] {
        let mut object = Object::new(length, 64 << 10);
        let mut at = 0;
        while at < length as u64 {
            let end = (at + (1 << 20)).min(length as u64);
            object.read(at..end);
            at = end;
        }
        let tail = length.min(64 << 10) as u64;
        assert_eq!(object.bytes_brought() + tail, length as u64);
        assert!(object.brought.len() <= 1 + length / (3 << 20), "{length}: {:?}", object.brought);
        assert!(object.most <= MOST, "{}", object.most);
    }
}

#[test]
fn small_groups_are_brought_together_and_given_up() {
    // 40 groups of 500 kB: a run has some of them.
    let all = groups(40, 10, 50_000);
    let length = all.last().unwrap().last().unwrap().end as usize + 100_000;
    let mut object = Object::new(length, 64 << 10);
    object.held.expect(&all, 2 << 20);
    for group in &all {
        read_group(&mut object, group, 4000);
    }
    assert_eq!(object.bytes_brought(), 40 * 10 * 50_000);
    assert!(object.brought.len() <= 14, "{:?}", object.brought);
    assert!(object.most <= 4 << 20, "{}", object.most);
    assert_eq!(object.held.bytes(), 0);
}

#[test]
fn of_large_groups_little_is_held() {
    let all = groups(2, 12, 1 << 20);
    let mut object = Object::new(26 << 20, 64 << 10);
    object.held.expect(&all, 4 << 20);
    for group in &all {
        read_group(&mut object, group, 30_000);
    }
    assert_eq!(object.bytes_brought(), 24 << 20);
    assert!(object.most <= 4 << 20, "{}", object.most);
    assert!(object.brought.len() <= 24 * 7, "{}", object.brought.len());
    assert_eq!(object.held.bytes(), 0);
}

#[test]
fn columns_that_are_left_out_are_not_brought_if_they_are_long() {
    let all: Vec<Vec<Range<u64>>> =
        groups(3, 4, 3 << 20).into_iter().map(|group| vec![group[1].clone()]).collect();
    let mut object = Object::new(40 << 20, 64 << 10);
    object.held.expect(&all, MOST);
    for group in &all {
        read_group(&mut object, group, 30_000);
    }
    assert_eq!((object.bytes_brought(), object.brought.len()), (9 << 20, 3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_read_is_right(
        length in 1usize..200_000,
        tail in 0usize..70_000,
        most in 1u64..100_000,
        said in proptest::option::of(proptest::collection::vec((0u64..200_000, 0u64..90_000), 0..12)),
        reads in proptest::collection::vec((0u64..200_000, 0u64..60_000), 0..40),
    ) {
        let mut object = Object::new(length, tail);
        let clip = |(start, more): (u64, u64)| {
            let start = start % length as u64;
            start..(start + more).min(length as u64)
        };
        if let Some(said) = said {
            let said: Vec<Range<u64>> = said.into_iter().map(clip).collect();
            object.held.expect(&said.chunks(3).map(<[_]>::to_vec).collect::<Vec<_>>(), most);
        }
        reads.into_iter().map(clip).for_each(|range| object.read(range));
    }
}
