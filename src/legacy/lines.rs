//! Lines of a file that a crash may have cut.

use super::finding::{Findings, Kind};

/// A line without its ending.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: u64,
    pub(super) bytes: &'a [u8],
}

/// The lines that are whole; blank ones are left out where a line is a record.
///
/// A last line without a line ending may be cut anywhere, also inside a number that is still one
/// afterwards, so it is never taken.
pub(super) fn lines<'a>(file: &str, bytes: &'a [u8], findings: &mut Findings) -> Vec<Line<'a>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines: Vec<Line<'a>> = bytes
        .split(|&byte| byte == b'\n')
        .enumerate()
        .map(|(place, line)| Line {
            number: place as u64 + 1,
            bytes: line.strip_suffix(b"\r").unwrap_or(line),
        })
        .collect();
    // What is behind the last line ending.
    if let Some(last) = lines.pop()
        && !last.bytes.is_empty()
    {
        let what = "does not end in a line ending, so it may be cut off (a number that lost its last digits \
                    looks like a number); it is left out";
        let remedy = "if the line is known to be whole, end it with a newline; else make its result again";
        findings.add(file, last.number, Kind::Torn, what, remedy);
    }
    if lines.iter().all(|line| line.bytes.is_empty()) {
        findings.add(
            file,
            0,
            Kind::EmptyFile,
            "holds no line",
            "a crash or a full disk left it so; its results have to be made again",
        );
        lines.clear();
    }
    lines
}
