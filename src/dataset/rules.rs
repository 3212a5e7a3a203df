//! How files are read, as the configuration says it.

use encoding_rs::Encoding;

use super::cell::Cells;
use crate::config::Reading;

/// The rules of reading, ready to use.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    /// What cells mean.
    pub(super) cells: Cells,
    /// What stands between fields; recognised if none.
    pub(super) separator: Option<u8>,
    /// Lines before the header; looked for if none.
    pub(super) skip_lines: Option<usize>,
    /// Encoding of text; UTF-8 or what a mark says if none.
    pub(super) encoding: Option<&'static Encoding>,
}

impl Rules {
    /// The rules of a configuration, which has been checked.
    pub(super) fn new(reading: &Reading) -> Self {
        let name = reading.encoding.as_deref();
        Self {
            cells: Cells::new(reading),
            separator: reading.separator.and_then(|c| u8::try_from(c).ok()),
            skip_lines: reading.skip_lines.map(|lines| lines as usize),
            encoding: name.and_then(|name| Encoding::for_label_no_replacement(name.as_bytes())),
        }
    }
}
