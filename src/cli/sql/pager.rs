//! A pager for what is longer than the terminal.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::SigId;
use signal_hook::consts::SIGINT;

use super::terminal::Screen;
use super::unwritten::unwritten;
use crate::cli::speak::place_of_others;
use crate::error::Failure;

/// Standard output, through a pager as soon as there is more than a screen of it.
#[derive(Debug)]
pub(super) struct Paged {
    /// What was written while it still fits the screen.
    held: Vec<u8>,
    screen: Option<Screen>,
    pager: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    command: String,
    ignored: Option<SigId>,
}

impl Paged {
    /// Without a screen everything goes to standard output.
    pub(super) fn new(screen: Option<Screen>) -> Self {
        Self { held: Vec::new(), screen, pager: None }
    }

    /// Writes what is held, or waits until the reader leaves the pager.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        match self.pager.take() {
            Some(running) => running.wait(),
            None => self.release().map_err(Failure::error),
        }
    }

    fn release(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&self.held).and_then(|()| stdout.flush());
        self.held.clear();
        written.map_err(|error| unwritten("standard output", &error))
    }

    /// Whether what is held is longer than the screen; long lines are broken by the terminal.
    fn overflows(&self, screen: Screen) -> bool {
        let rows =
            |line: &[u8]| String::from_utf8_lossy(line).chars().count().div_ceil(screen.columns).max(1);
        // The prompt wants a row too.
        self.held.split(|b| *b == b'\n').map(rows).sum::<usize>() > screen.rows
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(pager) = self.pager.as_mut().and_then(|p| p.child.stdin.as_mut()) {
            return pager.write(bytes);
        }
        self.held.extend_from_slice(bytes);
        match self.screen {
            None if self.held.len() > 1 << 16 => self.release()?,
            Some(screen) if self.overflows(screen) => {
                // Without a pager the rest goes the plain way.
                self.screen = None;
                self.pager = Running::start();
                if let Some(pager) = self.pager.as_mut().and_then(|p| p.child.stdin.as_mut()) {
                    pager.write_all(&std::mem::take(&mut self.held))?;
                }
            }
            _ => {}
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Paged {
    /// A query that ended early still leaves the terminal to its pager.
    fn drop(&mut self) {
        if let Some(running) = self.pager.take() {
            let _ = running.wait();
        }
    }
}

impl Running {
    fn start() -> Option<Self> {
        let command = command()?;
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).stdin(Stdio::piped()).stderr(place_of_others());
        if std::env::var_os("LESS").is_none() {
            // As git does: leave if all fits, keep colours, cut long lines, keep the screen.
            shell.env("LESS", "FRSX");
        }
        let child = shell.spawn().ok()?;
        // Ctrl-C belongs to the pager while it is there.
        let ignored = signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false))).ok();
        Some(Self { child, command, ignored })
    }

    fn wait(mut self) -> Result<(), Failure> {
        drop(self.child.stdin.take());
        let ended = self.child.wait();
        if let Some(id) = self.ignored {
            signal_hook::low_level::unregister(id);
        }
        match ended.map_err(Failure::error)?.code() {
            Some(126 | 127) => Err(Failure::error(format!(
                "the pager `{}` cannot be run\n(hint: set PAGER, or use --no-pager)",
                self.command
            ))),
            _ => Ok(()),
        }
    }
}

/// `$PAGER`, else `less` if it is installed.
fn command() -> Option<String> {
    match std::env::var("PAGER") {
        Ok(pager) if !pager.trim().is_empty() => Some(pager),
        // Set to nothing: none is wanted.
        Ok(_) => None,
        Err(_) => {
            let path = std::env::var_os("PATH")?;
            let less = |folder: &Path| folder.join("less").is_file();
            std::env::split_paths(&path).any(|p| less(&p)).then(|| "less -FRSX".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_take_several_rows() {
        let screen = Screen { columns: 10, rows: 4 };
        let holds = |text: &str| Paged { held: text.into(), screen: Some(screen), pager: None };
        assert!(!holds("a\nb\nc\n").overflows(screen));
        assert!(holds("a\nb\nc\nd\n").overflows(screen));
        assert!(holds("a\n12345678901\nc\n").overflows(screen));
        assert!(!holds("").overflows(screen));
    }
}
