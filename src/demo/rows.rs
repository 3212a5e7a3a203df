//! Rows as text: six decimals, `nan` for what is missing, as in the real files.

use std::io::{self, Write};

use super::columns::{LABEL_SOURCE, TIMESTAMP, USED_FEATURES};
use super::model::{Life, Sample};
use super::names::{LABELS, USED_LABELS};
use super::person::Person;

/// Writes the file with the columns in use only.
pub(super) fn write_used(person: &Person, out: &mut dyn Write) -> io::Result<()> {
    let labels = LABELS[..USED_LABELS].iter().map(|label| format!("label:{label}"));
    let features = USED_FEATURES.iter().map(|&name| name.to_owned());
    header(features.chain(labels), out)?;
    let mut line = Line::default();
    for sample in Life::of(person) {
        line.start(sample.timestamp);
        for column in 0..USED_FEATURES.len() {
            line.number(feature(&sample, column));
        }
        for column in 0..USED_LABELS {
            line.number(label(&sample, column));
        }
        out.write_all(line.end())?;
    }
    Ok(())
}

/// Writes the header around these names.
pub(super) fn header(names: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    let mut text = TIMESTAMP.to_owned();
    for name in names {
        text.push(',');
        text.push_str(&name);
    }
    writeln!(out, "{text},{LABEL_SOURCE}")
}

/// A used feature of a sample.
pub(super) fn feature(sample: &Sample, column: usize) -> Option<f64> {
    sample.acceleration.map(|values| values[column])
}

/// A used label of a sample.
pub(super) fn label(sample: &Sample, column: usize) -> Option<f64> {
    sample.labels.map(|values| f64::from(u8::from(values[column])))
}

/// One line, built in place: the wide files have millions of numbers.
#[derive(Debug, Default)]
pub(super) struct Line(Vec<u8>);

impl Line {
    pub(super) fn start(&mut self, timestamp: u64) {
        self.0.clear();
        self.digits(timestamp, 1);
    }

    pub(super) fn number(&mut self, value: Option<f64>) {
        self.0.push(b',');
        let Some(value) = value else {
            self.0.extend_from_slice(b"nan");
            return;
        };
        let millionths = (value * 1e6).round() as i64;
        if millionths < 0 {
            self.0.push(b'-');
        }
        let millionths = millionths.unsigned_abs();
        self.digits(millionths / 1_000_000, 1);
        self.0.push(b'.');
        self.digits(millionths % 1_000_000, 6);
    }

    /// Ends the row; the source of its labels is 2, "told afterwards", throughout.
    pub(super) fn end(&mut self) -> &[u8] {
        self.0.extend_from_slice(b",2\n");
        &self.0
    }

    fn digits(&mut self, mut value: u64, at_least: usize) {
        let mut buffer = [b'0'; 20];
        let mut first = buffer.len();
        while value > 0 || buffer.len() - first < at_least {
            first -= 1;
            buffer[first] = b'0' + (value % 10) as u8;
            value /= 10;
        }
        self.0.extend_from_slice(&buffer[first..]);
    }
}
