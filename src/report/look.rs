//! A directory that is looked at for its report: what it says of itself, what it lacks, and its tables.

use std::path::Path;

use super::document::{About, Document, Finding, ReportError, Subject, Wanted, document};
use super::found::{Seen, of_output, of_run};
use crate::sources::{Loaded, Source};
use crate::sql::{Bounds, Damaged, Session};

/// A directory, looked at.
#[derive(Debug)]
pub(crate) struct Looked {
    about: About,
    loaded: Loaded,
    session: Session,
    findings: Vec<Finding>,
    checked: String,
}

impl Looked {
    /// Looks at a directory, which is called `name`.
    ///
    /// # Errors
    /// It is none that has results, or cannot be read.
    pub(crate) async fn at(
        dir: &Path,
        name: &str,
        bounds: Bounds,
        loaded: Loaded,
    ) -> Result<Self, ReportError> {
        let definitions = loaded.as_ref();
        let (about, found) = match Source::open(dir)? {
            Source::Run(run) => {
                let about = About::run(name, run.run.manifest());
                (about, of_run(run.run, definitions).await?)
            }
            Source::Merged(_, manifest) => (About::merged(name, &manifest), of_output(dir, &manifest)?),
        };
        let Seen { findings, checked, damage } = found;
        let session = match damage {
            Some(damage) => Session::open_without(&[dir], bounds, &Damaged::known(damage), definitions)?,
            None => Session::open_whole(&[dir], bounds, definitions)?.0,
        };
        Ok(Self { about, loaded, session, findings, checked })
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            about: self.about.clone(),
            session: &self.session,
            definitions: self.loaded.as_ref(),
            findings: self.findings.clone(),
            checked: self.checked.clone(),
        }
    }
}

/// The report of directories that were looked at.
///
/// # Errors
/// A table cannot be read.
pub(crate) async fn report(looked: &[Looked], wanted: &Wanted) -> Result<Document, ReportError> {
    let subjects: Vec<Subject<'_>> = looked.iter().map(Looked::subject).collect();
    document(&subjects, wanted).await
}
