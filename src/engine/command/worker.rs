//! Processes that do one unit after another.
//!
//! A unit is a line on their standard input; rows come back until `{"end": true}`. There are as many as
//! threads that ask. One that dies takes its unit with it; the next unit gets another.

#[cfg(test)]
mod tests;

use std::io::Write;
use std::process::ChildStdin;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::answer::Answer;
use super::deadline::Deadline;
use super::fault::Fault;
use super::input::Unit;
use super::lines::Lines;
use super::process::Process;
use super::program::Program;
use super::tree::GRACE;
use crate::engine::UnitResult;

/// The workers that wait for a unit.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Worker>>);

/// A process that does units.
#[derive(Debug)]
struct Worker {
    process: Process,
    input: ChildStdin,
    lines: Lines,
    /// Units it has brought to their end.
    done: u64,
}

/// The line that asks for a unit.
#[derive(Serialize)]
struct Request<'a> {
    #[serde(flatten)]
    unit: &'a Unit<'a>,
    seed: u64,
}

impl Pool {
    /// Has a unit done.
    pub(super) fn run(
        &self,
        program: &Program,
        unit: &Unit<'_>,
        stage: &dyn Fn(&str),
    ) -> Result<UnitResult, Fault> {
        loop {
            let mut worker = self.take(program)?;
            let result = worker.unit(program, unit, stage);
            match result {
                // It ended of its own accord between two units; a new one never does.
                Err(Fault::Retired) => {}
                // After a row that breaks its schema the worker is still where we are.
                Ok(_) | Err(Fault::Row(_)) => {
                    self.lock().push(worker);
                    return result;
                }
                Err(_) => {
                    worker.process.stop();
                    return result;
                }
            }
        }
    }

    /// A worker that waits, or a new one.
    fn take(&self, program: &Program) -> Result<Worker, Fault> {
        loop {
            let Some(mut worker) = self.lock().pop() else { return Worker::start(program) };
            if worker.is_ready() {
                return Ok(worker);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    /// The end of their input asks the workers to end; those that do not are killed.
    fn drop(&mut self) {
        let workers = std::mem::take(&mut *self.lock());
        let processes: Vec<Process> = workers.into_iter().map(|worker| worker.process).collect();
        let until = Deadline::new(Some(GRACE));
        for mut process in processes {
            let _ = process.finish(&until);
        }
    }
}

impl Worker {
    fn start(program: &Program) -> Result<Self, Fault> {
        let mut process = Process::start(&mut program.command(None), &program.guard)?;
        let input = process.take_input().ok_or_else(|| Fault::Ended("it has no input".to_owned()))?;
        Ok(Self { process, input, lines: Lines::new(program.limits.line), done: 0 })
    }

    /// Whether it waits for a unit. What it says unasked could not be told from the next unit's rows.
    fn is_ready(&mut self) -> bool {
        let quiet = self.process.is_quiet() && self.lines.is_empty();
        if !quiet && self.process.is_alive() {
            tracing::warn!("the program wrote to standard output after the end of a unit; it is replaced");
            self.process.stop();
        }
        quiet
    }

    /// Does a unit. Except after [`Fault::Row`] the worker is of no use when that goes wrong.
    fn unit(
        &mut self,
        program: &Program,
        unit: &Unit<'_>,
        stage: &dyn Fn(&str),
    ) -> Result<UnitResult, Fault> {
        let until = Deadline::new(program.options.timeout);
        self.process.forget_words();
        self.lines.restart();
        if self.ask(unit, program.options.seed).is_err() {
            return Err(self.death(0));
        }
        let mut answer = Answer::new(&program.tables, unit.feature_mode);
        let mut broken = None;
        let mut taken = 0;
        loop {
            loop {
                match answer.next(&mut self.lines, stage) {
                    Err(Fault::Row(what)) => drop(broken.get_or_insert(Fault::Row(what))),
                    Ok(false) => break,
                    other => drop(other?),
                }
                if answer.ended {
                    self.done += 1;
                    return broken.map_or_else(|| answer.finish(), Err);
                }
            }
            let Some(piece) = self.process.piece(&until)? else { return Err(self.death(taken)) };
            taken += piece.len() as u64;
            program.limits.check(taken)?;
            self.lines.push(&piece);
        }
    }

    fn ask(&mut self, unit: &Unit<'_>, seed: u64) -> std::io::Result<()> {
        let mut line = serde_json::to_string(&Request { unit, seed })?;
        line.push('\n');
        self.input.write_all(line.as_bytes())
    }

    /// Why its output has ended.
    fn death(&mut self, taken: u64) -> Fault {
        let hint = "\n(hint: a worker reads units until its standard input ends, and ends each with {\"end\": true})";
        match self.process.finish(&Deadline::new(Some(GRACE))) {
            Err(Fault::Timeout(_)) => Fault::Ended(format!(
                "the program closed its standard output in the middle of the unit{hint}"
            )),
            Err(fault) => fault,
            Ok(()) if self.done > 0 && taken == 0 => Fault::Retired,
            Ok(()) => {
                Fault::Ended(format!("the program ended with exit code 0 in the middle of the unit{hint}"))
            }
        }
    }
}
