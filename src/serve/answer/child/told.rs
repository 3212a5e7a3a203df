//! Errors of the rooms below as endings.

use datafusion::error::DataFusionError;

use crate::error::Failure;
use crate::export::RowError;
use crate::plot::DrawError;
use crate::report::{PlotError, ReportError};
use crate::serve::access::{Ended, Ending};
use crate::sql::{ParamError, Refusal, SessionError};

/// What the engine says of statements that are not queries.
const WRITES: [&str; 3] = ["DDL not supported", "DML not supported", "Statement not supported"];

/// A query or source that cannot be used.
pub(super) fn of_session(error: &SessionError) -> Ended {
    let ending = match error {
        // One that was found when rows of others were sent already.
        SessionError::Engine(_) if error.is_of_changed_file() => Ending::SourceDamaged,
        SessionError::Engine(engine) => of_root(engine),
        SessionError::UnknownTable { .. } => Ending::UnknownTable,
        SessionError::Refused(refusal) => of_refusal(refusal),
        SessionError::Store(_) | SessionError::Source(_) | SessionError::Changing => Ending::SourceDamaged,
        SessionError::Query(_) | SessionError::Arrow(_) => Ending::Failed,
    };
    Ended { place: error.place(), ..ended(ending, &crate::error::chain(error)) }
}

/// An error of the engine while rows are made.
pub(super) fn of_engine(error: DataFusionError) -> Ended {
    of_session(&SessionError::from(error))
}

/// Values that do not fit the parameters of a query.
pub(super) fn of_params(error: ParamError) -> Ended {
    match error {
        ParamError::Session(error) => of_session(&error),
        ParamError::NoNumber { .. } => ended(Ending::WrongType, &error.to_string()),
        error => ended(Ending::Invalid, &error.to_string().replace("--param ", "p.")),
    }
}

/// Rows that cannot be written.
pub(super) fn of_rows(error: RowError) -> Ended {
    match error {
        RowError::Value(error) => of_engine(error.into()),
        RowError::Place(error) => Ended::new(Ending::Cancelled, error.to_string()),
        error => ended(Ending::Failed, &error.to_string()),
    }
}

/// Plots that cannot be drawn.
pub(super) fn of_plot(error: PlotError) -> Ended {
    match error {
        PlotError::Unknown { name, known, .. } => {
            let known: Vec<&str> = known.split(", ").collect();
            Ended::unknown(Ending::NotFound, "plot", &name, &known)
        }
        PlotError::Header(error) | PlotError::Draw(DrawError::Header(error)) => {
            let place = u64::try_from(error.line).ok().map(|line| (line, 1));
            Ended { place, ..Ended::new(Ending::Failed, error.to_string()) }
        }
        PlotError::Unread(error) => Ended::new(Ending::Failed, error.to_string()),
        PlotError::Draw(error) => Ended::new(Ending::Failed, error.to_string()),
        PlotError::Query { file, source } => {
            let ended = of_session(&source);
            let line = source.place().map_or_else(String::new, |(line, _)| format!(":{line}"));
            Ended { detail: format!("{file}{line}: {}", ended.detail), ..ended }
        }
        PlotError::Param { source, .. } => of_params(source),
        PlotError::NoPng => Ended::new(Ending::NotSupported, error.to_string()),
        #[cfg(feature = "png")]
        PlotError::Png(words) => Ended::new(Ending::Failed, words),
    }
}

/// Reports that cannot be made.
pub(super) fn of_report(error: ReportError) -> Ended {
    match error {
        ReportError::Session(error) => of_session(&error),
        ReportError::Param(error) => of_params(error),
        ReportError::Source(_) | ReportError::Run(_) | ReportError::File { .. } => {
            ended(Ending::SourceDamaged, &crate::error::chain(&error))
        }
        ReportError::Query(_) | ReportError::Arrow(_) | ReportError::Page(_) => {
            ended(Ending::Failed, &crate::error::chain(&error))
        }
    }
}

/// Definitions that cannot be loaded.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
pub(super) fn of_failure(failure: Failure) -> Ended {
    ended(Ending::SourceDamaged, &failure.to_string())
}

fn of_root(error: &DataFusionError) -> Ending {
    match error.find_root() {
        DataFusionError::SQL(..) => Ending::Syntax,
        DataFusionError::SchemaError(..) => Ending::UnknownColumn,
        DataFusionError::ResourcesExhausted(what) if what.contains("disk") => Ending::Disk,
        DataFusionError::ResourcesExhausted(_) => Ending::Memory,
        DataFusionError::NotImplemented(_) => Ending::NotSupported,
        DataFusionError::ObjectStore(_) | DataFusionError::ParquetError(_) | DataFusionError::IoError(_) => {
            Ending::SourceDamaged
        }
        DataFusionError::Plan(what) if WRITES.iter().any(|word| what.contains(word)) => Ending::WouldWrite,
        DataFusionError::Plan(what) if what.starts_with("table ") && what.ends_with("not found") => {
            Ending::UnknownTable
        }
        DataFusionError::Plan(what) if ["coerc", "type"].iter().any(|word| what.contains(word)) => {
            Ending::WrongType
        }
        DataFusionError::Plan(_) => Ending::Invalid,
        DataFusionError::External(inner) => match inner.downcast_ref::<Refusal>() {
            Some(refusal) => of_refusal(refusal),
            None if inner.is::<crate::store::StoreError>() => Ending::SourceDamaged,
            None => Ending::Failed,
        },
        DataFusionError::Collection(all) => all.first().map_or(Ending::Failed, of_root),
        _ => Ending::Failed,
    }
}

fn of_refusal(refusal: &Refusal) -> Ending {
    if refusal.is_write() {
        return Ending::WouldWrite;
    }
    let words = refusal.to_string();
    let says = |text: &str| words.contains(text);
    if says("takes longer than it may") {
        Ending::Deadline
    } else if says("levels deep") || says("connects more than") {
        Ending::TooDeep
    } else {
        Ending::Invalid
    }
}

/// With the words of the service: its options are other ones than those of the terminal.
fn ended(ending: Ending, words: &str) -> Ended {
    let words = words
        .replace("--memory", "--query-memory")
        .replace("--timeout", "--query-seconds")
        .replace("; `results sql --output FILE` writes the rows of one to a file", "")
        .replace(
            "`\\d` at the prompt of `results sql` lists the tables",
            "the page of the run lists its tables",
        );
    match ending {
        Ending::WouldWrite if !words.contains("(hint:") => {
            Ended::new(ending, format!("{words}\n(hint: queries only read here)"))
        }
        Ending::Disk => {
            Ended::new(ending, format!("{words}\n(hint: give it more with --query-disk, or ask for less)"))
        }
        _ => Ended::new(ending, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_the_service() {
        let ended = ended(Ending::Memory, "more\n(hint: give more with --memory, or ask for less)");
        assert_eq!(ended.hint.as_deref(), Some("give more with --query-memory, or ask for less"));
    }
}
