//! A process a unit.

#[cfg(test)]
mod tests;

use super::answer::Answer;
use super::arrow::Streams;
use super::deadline::Deadline;
use super::fault::{Fault, excerpt};
use super::input::Unit;
use super::lines::Lines;
use super::process::Process;
use super::program::{Limits, Program};
use crate::config::RowFormat;
use crate::engine::UnitResult;

/// Starts the program and takes its rows; whatever is left of it afterwards is ended.
pub(super) fn run(program: &Program, unit: &Unit<'_>, stage: &dyn Fn(&str)) -> Result<UnitResult, Fault> {
    let until = Deadline::new(program.options.timeout);
    let mut process = Process::start(&mut program.command(Some(unit)), &program.guard)?;
    let mut answer = Answer::new(&program.tables, unit.feature_mode);
    let mut source = Source { process: &mut process, until, limits: program.limits, taken: 0 };
    let read = match program.options.format {
        RowFormat::Ndjson => source.lines(&mut answer, stage),
        RowFormat::Arrow => source.streams(&mut answer),
    };
    let result = match read {
        Ok(()) => process.finish(&until).and_then(|()| answer.finish()),
        // How it ended says more than where.
        Err(fault) if fault.may_be_a_death() => process.finish(&until).and(Err(fault)),
        Err(fault) => Err(fault),
    };
    if result.is_err() {
        process.stop();
    }
    result
}

/// The output of a unit.
struct Source<'a> {
    process: &'a mut Process,
    until: Deadline,
    limits: Limits,
    taken: u64,
}

impl Source<'_> {
    fn piece(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let piece = self.process.piece(&self.until)?;
        self.taken += piece.as_ref().map_or(0, Vec::len) as u64;
        self.limits.check(self.taken)?;
        Ok(piece)
    }

    fn lines(&mut self, answer: &mut Answer<'_>, stage: &dyn Fn(&str)) -> Result<(), Fault> {
        let mut lines = Lines::new(self.limits.line);
        while let Some(piece) = self.piece()? {
            lines.push(&piece);
            while answer.next(&mut lines, stage)? {}
        }
        if answer.is_in_block() {
            return Err(Fault::CutOff("an Arrow stream".to_owned()));
        }
        // The end of the last line may be missing, but nothing of the line itself.
        let (number, rest) = lines.rest();
        match answer.line(number, rest, stage) {
            Err(Fault::Output(_)) if !answer.ended => {
                Err(Fault::CutOff(format!("line {number}: `{}`", excerpt(rest, 80))))
            }
            other => other,
        }
    }

    fn streams(&mut self, answer: &mut Answer<'_>) -> Result<(), Fault> {
        let mut streams = Streams::default();
        while let Some(piece) = self.piece()? {
            streams.piece(piece, &mut answer.rows)?;
        }
        streams.finish(&mut answer.rows)
    }
}
