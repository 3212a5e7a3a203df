//! What is held of an object that is read in parts, and what is brought next.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

/// What one file holds, its end aside.
pub(super) const MOST: u64 = 8 << 20;

/// Parts closer than that are brought together, with what is between them.
const GAP: u64 = 1 << 20;

/// Read ahead where nothing was said: at a new place, and where reading goes on.
const AHEAD: u64 = 1 << 20;
const ONWARD: u64 = 4 << 20;

/// Read ahead beside what was said.
const BESIDE: u64 = 64 << 10;

/// What is held of an object.
#[derive(Debug)]
pub(super) struct Held {
    length: u64,
    tail: Piece,
    /// Parts that are brought together.
    runs: Vec<Run>,
    /// Long parts, of which some is held at a time.
    streams: Vec<Stream>,
    /// What nobody has announced, the newest last.
    other: VecDeque<Piece>,
    /// Whether it was said what will be read.
    said: bool,
    /// Where the last read ended.
    reached: u64,
}

#[derive(Debug)]
struct Piece {
    start: u64,
    bytes: Bytes,
}

impl Piece {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// What it has of a range, from its beginning on.
    fn of(&self, range: &Range<u64>) -> Option<Bytes> {
        let has = self.start <= range.start && range.start < self.end();
        has.then(|| {
            let end = range.end.min(self.end());
            self.bytes.slice((range.start - self.start) as usize..(end - self.start) as usize)
        })
    }
}

#[derive(Debug)]
struct Run {
    range: Range<u64>,
    /// Where the parts end that are not yet read.
    left: Vec<u64>,
    /// The first and the last group that parts are of.
    groups: (usize, usize),
    bytes: Option<Bytes>,
}

#[derive(Debug)]
struct Stream {
    range: Range<u64>,
    group: usize,
    window: u64,
    /// The last two: a page's head may be read together with what is before it.
    pieces: VecDeque<Piece>,
}

impl Held {
    /// Of an object of some length, with its last bytes.
    pub(super) fn new(length: u64, tail: Bytes) -> Self {
        let tail = Piece { start: length.saturating_sub(tail.len() as u64), bytes: tail };
        Self {
            length,
            tail,
            runs: Vec::new(),
            streams: Vec::new(),
            other: VecDeque::new(),
            said: false,
            reached: 0,
        }
    }

    /// What will be read: see [`ReadAt::expect`](crate::store::ReadAt::expect). No more than `most` is held of it.
    pub(super) fn expect(&mut self, groups: &[Vec<Range<u64>>], most: u64) {
        (self.said, self.runs, self.streams) = (true, Vec::new(), Vec::new());
        let tail = self.tail.start;
        for (group, parts) in groups.iter().enumerate() {
            let clip = |part: &Range<u64>| part.start..part.end.min(tail);
            let mut parts: Vec<Range<u64>> = parts.iter().map(clip).filter(|part| !part.is_empty()).collect();
            parts.sort_by_key(|part| part.start);
            if parts.iter().map(|part| part.end - part.start).sum::<u64>() <= most {
                for part in parts {
                    self.expect_part(part, group, most);
                }
                continue;
            }
            let window = (most / (2 * parts.len() as u64)).clamp(BESIDE, ONWARD);
            let stream = |range| Stream { range, group, window, pieces: VecDeque::new() };
            self.streams.extend(parts.into_iter().map(stream));
        }
    }

    fn expect_part(&mut self, part: Range<u64>, group: usize, most: u64) {
        if let Some(run) = self.runs.last_mut()
            && part.start >= run.range.end
            && part.start - run.range.end < GAP
            && part.end - run.range.start <= most
        {
            run.range.end = part.end;
            run.left.push(part.end);
            run.groups.1 = group;
            return;
        }
        self.runs.push(Run { left: vec![part.end], range: part, groups: (group, group), bytes: None });
    }

    /// The beginning of a range, as far as it is held together; none if its first byte isn't.
    pub(super) fn at(&self, range: Range<u64>) -> Option<Bytes> {
        let of_run = |run: &Run| {
            let bytes = run.bytes.clone()?;
            Piece { start: run.range.start, bytes }.of(&range)
        };
        let mut streams = self.streams.iter().flat_map(|stream| &stream.pieces);
        self.tail
            .of(&range)
            .or_else(|| self.runs.iter().find_map(of_run))
            .or_else(|| streams.find_map(|piece| piece.of(&range)))
            .or_else(|| self.other.iter().find_map(|piece| piece.of(&range)))
    }

    /// What is brought so that the first byte of a range is held.
    pub(super) fn to_bring(&self, range: Range<u64>) -> Range<u64> {
        let at = range.start;
        if let Some(run) = self.runs.iter().find(|run| run.range.contains(&at)) {
            return run.range.clone();
        }
        if let Some(stream) = self.streams.iter().find(|stream| stream.range.contains(&at)) {
            let end = range.end.max(at + stream.window).min(stream.range.end);
            return at..end.max(at + 1);
        }
        let starts = self.runs.iter().map(|run| run.range.start);
        let starts = starts.chain(self.streams.iter().map(|stream| stream.range.start));
        let starts = starts.chain(self.other.iter().map(|piece| piece.start));
        let until = starts.filter(|start| *start > at).fold(self.tail.start, u64::min);
        let goes_on = at > 0 && self.reached == at;
        let ahead = if self.said {
            BESIDE
        } else if self.length <= MOST {
            MOST
        } else if goes_on {
            ONWARD
        } else {
            AHEAD
        };
        at..range.end.max(at + ahead).min(until.max(at + 1))
    }

    /// Holds what was brought.
    pub(super) fn keep(&mut self, start: u64, bytes: Bytes) {
        let piece = Piece { start, bytes };
        if let Some(run) = self.runs.iter_mut().find(|run| run.range == (start..piece.end())) {
            run.bytes = Some(piece.bytes);
        } else if let Some(stream) = self.streams.iter_mut().find(|stream| stream.range.contains(&start)) {
            stream.pieces.push_back(piece);
            stream.pieces.drain(..stream.pieces.len().saturating_sub(2));
        } else {
            self.other.push_back(piece);
            while self.other.len() > 1
                && self.other.iter().map(|piece| piece.bytes.len() as u64).sum::<u64>() > MOST
            {
                self.other.pop_front();
            }
        }
    }

    /// Gives up what is not needed any more once a range was read.
    pub(super) fn was_read(&mut self, range: Range<u64>) {
        // A look at the head of a page goes beyond a part's end, or stops before it; the last page stops there.
        let is_last = |part_end: u64| part_end == range.end;
        let groups = self.runs.iter().find(|run| run.range.contains(&range.start)).map(|run| run.groups);
        let of_stream = self.streams.iter().find(|stream| stream.range.contains(&range.start));
        let first = groups.map(|groups| groups.0).or_else(|| of_stream.map(|stream| stream.group));
        for run in &mut self.runs {
            run.left.retain(|end| !is_last(*end));
        }
        // Of a group before the one before nothing is read any more: rows may have been passed over.
        let is_over = |group: usize| first.is_some_and(|first| group + 1 < first);
        self.runs.retain(|run| !run.left.is_empty() && !is_over(run.groups.1));
        self.streams.retain(|stream| !is_last(stream.range.end) && !is_over(stream.group));
        self.reached = range.end;
        // Where reading goes on from its start to its end, what is behind is of no use.
        if !self.said {
            self.other.retain(|piece| piece.end() != range.end);
        }
    }

    /// Bytes that are held, the end aside.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        let runs = self.runs.iter().filter_map(|run| run.bytes.as_ref()).map(Bytes::len);
        let pieces = self.streams.iter().flat_map(|stream| &stream.pieces).chain(&self.other);
        runs.chain(pieces.map(|piece| piece.bytes.len())).sum::<usize>() as u64
    }
}

#[cfg(test)]
mod tests;
