//! Why a unit has no rows, in words for the ledger.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use thiserror::Error;

/// Why a unit has no rows.
#[derive(Debug, Error)]
pub(super) enum Fault {
    /// The system would not start it.
    #[error(
        "cannot start the program `{program}`: {source}\n(hint: check that it is installed and in PATH on this machine)"
    )]
    Start { program: String, source: std::io::Error },
    /// Its output cannot be read, or its input not written.
    #[error("the connection to the program broke: {0}")]
    Pipe(std::io::Error),
    /// It took too long.
    #[error("ran longer than {} s (analysis.timeout)", .0.as_secs_f64())]
    Timeout(Duration),
    /// It ended badly.
    #[error("{0}")]
    Ended(String),
    /// A worker that has done units before ended in peace instead of taking this one.
    #[error("the program ended instead of taking the unit")]
    Retired,
    /// It ended, and a process it started goes on.
    #[error(
        "the program ended, but a process it started still holds its standard output\n(hint: the program must wait for what it starts)"
    )]
    Held,
    /// The output ends in the middle of something.
    #[error("the output of the program ends in the middle of {0}")]
    CutOff(String),
    /// The output is too large.
    #[error(
        "the program returned {0}, more than a unit may have\n(hint: return fewer rows, or divide the user)"
    )]
    TooMuch(String),
    /// The output cannot be understood; what follows would be guessed.
    #[error("{0}")]
    Output(String),
    /// A row or line that can be read but breaks a contract.
    #[error("the output of the program breaks its contract: {0}")]
    Row(String),
}

impl Fault {
    /// Whether the program may have died while writing, so that its exit status says more.
    pub(super) fn may_be_a_death(&self) -> bool {
        matches!(self, Self::CutOff(_))
    }
}

/// How a program ended, unless well; with what it last said.
pub(super) fn of_exit(status: ExitStatus, last_words: Option<String>) -> Fault {
    let end = match (status.signal(), status.code()) {
        (Some(signal), _) => of_signal(signal),
        (None, Some(code)) => format!("the program ended with exit code {code}"),
        (None, None) => "the program ended".to_owned(),
    };
    Fault::Ended(match last_words {
        Some(words) => format!("{end}; its last words: {words}"),
        None => format!("{end}; it wrote nothing to standard error"),
    })
}

fn of_signal(number: i32) -> String {
    let name = Signal::try_from(number).map_or("unknown", Signal::as_str);
    match Signal::try_from(number) {
        Ok(Signal::SIGKILL) => {
            "the program was killed (SIGKILL, signal 9; if nobody did that, the machine ran out of memory)"
                .to_owned()
        }
        Ok(Signal::SIGSEGV | Signal::SIGBUS | Signal::SIGILL | Signal::SIGFPE) => {
            format!("the program crashed ({name}, signal {number})")
        }
        Ok(Signal::SIGABRT) => format!("the program aborted ({name}, signal {number})"),
        _ => format!("the program was ended by a signal ({name}, signal {number})"),
    }
}

/// The start of some output, for messages.
pub(super) fn excerpt(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    // Other blanks than those of ASCII may be what is wrong.
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let mut shown = String::new();
    for c in text.chars().take(most) {
        match c {
            // What nobody sees is often what is wrong.
            '\u{a0}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{feff}' => {
                shown.extend(c.escape_unicode());
            }
            c if c.is_control() && !c.is_ascii_whitespace() => shown.extend(c.escape_default()),
            c if c.is_control() => shown.push(' '),
            c => shown.push(c),
        }
    }
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_in_words() {
        let told = |raw, words: Option<&str>| {
            of_exit(ExitStatus::from_raw(raw), words.map(str::to_owned)).to_string()
        };
        assert_eq!(told(3 << 8, Some("x: y")), "the program ended with exit code 3; its last words: x: y");
        assert!(told(9, None).contains("SIGKILL") && told(9, None).contains("memory"));
        assert!(told(11, None).starts_with("the program crashed (SIGSEGV, signal 11); it wrote nothing"));
        assert!(told(15, None).contains("SIGTERM"));
        assert_eq!(
            Fault::Timeout(Duration::from_mins(1)).to_string(),
            "ran longer than 60 s (analysis.timeout)"
        );
        assert!(Fault::Timeout(Duration::from_millis(500)).to_string().contains("0.5 s"));
    }

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(excerpt(b"  a\tb\xff ", 10), "a b\u{fffd}");
        assert_eq!(excerpt("\u{feff}a\u{200b}".as_bytes(), 9), "\\u{feff}a\\u{200b}");
        assert_eq!(excerpt("\u{a0}{} ".as_bytes(), 9), "\\u{a0}{}");
        assert_eq!(excerpt(b"\x1b[0ma\0\n", 9), "\\u{1b}[0ma\\u{0}");
        assert_eq!(excerpt("üüü".as_bytes(), 2), "üü…");
    }
}
