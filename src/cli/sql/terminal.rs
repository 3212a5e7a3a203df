//! The terminal that standard output is, if it is one.

use std::io::IsTerminal;

/// How much a terminal shows at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Screen {
    /// Characters a line.
    pub(super) columns: usize,
    /// Lines.
    pub(super) rows: usize,
}

impl Screen {
    /// The terminal of standard output; `None` for a pipe or a file.
    ///
    /// `COLUMNS` and `LINES` go before what the terminal says, as in other programs.
    pub(super) fn of_stdout() -> Option<Self> {
        if !std::io::stdout().is_terminal() {
            return None;
        }
        let said = rustyline::DefaultEditor::new().ok().and_then(|mut editor| editor.dimensions());
        let (columns, rows) = said.map_or((80, 24), |(columns, rows)| (columns.into(), rows.into()));
        Some(Self { columns: wish("COLUMNS").unwrap_or(columns), rows: wish("LINES").unwrap_or(rows) })
    }
}

fn wish(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok().filter(|n| *n > 0)
}
