//! A merge in parts: how many, and which of them are done now.

use crate::error::Failure;
use crate::merge::{Parts, Stage};

/// More parts would be files without end.
pub(in crate::cli) const MOST: u32 = 10_000;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Divide the merge into so many parts of the users; what passes between them is in the output until it is whole
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    parts: Option<u32>,
    /// Do one stage only, for whoever runs the parts: all parts of it, unless one is named
    #[arg(long, value_name = "S", requires = "parts", value_parser = stage_parser())]
    stage: Option<Stage>,
    /// Do one part of the stage only, the first is 0
    #[arg(long, value_name = "k", requires = "stage")]
    part: Option<u32>,
    /// Go on with the parts that a merge has left that did not end
    #[arg(long, requires = "parts", conflicts_with = "stage")]
    resume_parts: bool,
}

fn stage_parser() -> impl clap::builder::TypedValueParser<Value = Stage> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    let names = PossibleValuesParser::new(Stage::ALL.map(Stage::name));
    names.map(|name| Stage::ALL.into_iter().find(|stage| stage.name() == name).unwrap_or(Stage::Together))
}

impl Args {
    /// Whether somebody has said into how many parts it is divided.
    pub(super) fn is_chosen(&self) -> bool {
        self.parts.is_some()
    }

    /// What they ask for.
    pub(super) fn parts(&self) -> Result<Parts, Failure> {
        let count = self.parts.unwrap_or(1);
        let only = self.stage.map(|stage| (stage, self.part));
        match only {
            Some((stage, Some(part))) if !stage.has_parts() => Err(Failure::usage(format!(
                "--part {part}: the stage {} has no parts\n(hint: leave --part away)",
                stage.name()
            ))),
            Some((_, Some(part))) if part >= count => Err(Failure::usage(format!(
                "--part {part} of {count}: parts are counted from 0\n(hint: the last one is --part {})",
                count - 1
            ))),
            only => Ok(Parts { count, only, resume: self.resume_parts, of_another: false }),
        }
    }
}
