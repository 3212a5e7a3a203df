//! Thrift's compact protocol, as far as the footer and the page headers of a Parquet file need it.
//!
//! Everything gives none where the bytes are not of that form.

/// Types of fields that are looked into.
pub(super) const I32: u8 = 5;
pub(super) const I64: u8 = 6;
pub(super) const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// What stands where a field's type would be, after the last one.
const END: u8 = 0;

/// Values within values that are gone through; a footer has some 8.
const DEEPEST: usize = 32;

/// Bytes that are read one value after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Where the next value begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// A number without a sign: a length.
    pub(super) fn length(&mut self) -> Option<usize> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return usize::try_from(number).ok();
            }
        }
        None
    }

    /// Bytes, such as a text.
    pub(super) fn binary(&mut self) -> Option<&'a [u8]> {
        let end = self.length()?.checked_add(self.at)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    /// A number of which none is below zero: sizes, places and the numbers of words.
    pub(super) fn count(&mut self) -> Option<usize> {
        let number = self.length()?;
        (number & 1 == 0).then_some(number >> 1)
    }

    /// Goes through the fields of a struct. `each` gets number and type of a field, and gives whether it has read it;
    /// what it has not is skipped.
    pub(super) fn fields(&mut self, mut each: impl FnMut(&mut Self, i16, u8) -> Option<bool>) -> Option<()> {
        let mut number = 0;
        loop {
            match self.field(&mut number)? {
                END => return Some(()),
                kind if each(self, number, kind)? => {}
                kind => self.skip(kind, 0)?,
            }
        }
    }

    /// The type of the next field of a struct, whose number is set.
    fn field(&mut self, number: &mut i16) -> Option<u8> {
        let head = self.byte()?;
        if head == END {
            return Some(END);
        }
        *number = match head >> 4 {
            // Not the number, but how much larger it is than the last one.
            0 => i16::try_from(self.count()?).ok()?,
            more => number.checked_add(i16::from(more))?,
        };
        Some(head & 0x0f)
    }

    /// Type and number of the elements of a list.
    pub(super) fn list(&mut self) -> Option<(u8, usize)> {
        let head = self.byte()?;
        let length = if head >> 4 == 15 { self.length()? } else { usize::from(head >> 4) };
        Some((head & 0x0f, length))
    }

    /// Goes past a value.
    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            // The type says the value.
            1 | 2 => {}
            3 => self.at += 1,
            4..=6 => drop(self.length()?),
            7 => self.at += 8,
            8 => self.at = self.length()?.checked_add(self.at)?,
            9 | 10 => {
                let (kind, length) = self.list()?;
                for _ in 0..length {
                    self.element(kind, depth)?;
                }
            }
            11 => self.skip_map(depth)?,
            12 if depth < DEEPEST => {
                let mut number = 0;
                loop {
                    match self.field(&mut number)? {
                        END => break,
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn skip_map(&mut self, depth: usize) -> Option<()> {
        let length = self.length()?;
        let kinds = if length > 0 { self.byte()? } else { 0 };
        for _ in 0..length {
            self.element(kinds >> 4, depth)?;
            self.element(kinds & 0x0f, depth)?;
        }
        Some(())
    }

    /// Goes past a value in a list or map, where a truth value has a byte of its own.
    fn element(&mut self, kind: u8, depth: usize) -> Option<()> {
        if self.at >= self.bytes.len() || depth >= DEEPEST {
            return None;
        }
        self.skip(if kind <= 2 { 3 } else { kind }, depth + 1)
    }
}
