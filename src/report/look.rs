//! A directory that is looked at for its report: what it says of itself, what it lacks, and its tables.

use super::document::{About, Document, Finding, ReportError, Subject, Wanted, document};
use super::found::{Seen, of_output, of_run};
use crate::sources::{Loaded, Source};
use crate::sql::{Bounds, Damaged, Session};
use crate::store::Location;

/// A directory, looked at.
#[derive(Debug)]
pub(crate) struct Looked {
    about: About,
    place: String,
    loaded: Loaded,
    session: Session,
    findings: Option<Vec<Finding>>,
    checked: String,
    damaged: Damaged,
}

impl Looked {
    /// Looks at a directory, which is called `name`.
    ///
    /// # Errors
    /// It is none that has results, or cannot be read.
    pub(crate) async fn at(
        place: &Location,
        name: &str,
        bounds: Bounds,
        loaded: Loaded,
    ) -> Result<Self, ReportError> {
        let definitions = loaded.as_ref();
        let (about, found) = match Source::open(place)? {
            Source::Run(run) => {
                let about = About::run(name, run.run.manifest());
                (about, of_run(run.run, definitions).await?)
            }
            Source::Merged(_, manifest) => (About::merged(name, &manifest), of_output(place, &manifest)?),
        };
        let Seen { findings, checked, damaged } = found;
        let places = std::slice::from_ref(place);
        let (session, damaged) = match damaged {
            Some(damaged) => (Session::open_without(places, bounds, &damaged, definitions)?, damaged),
            None => Session::open_whole(places, bounds, definitions)?,
        };
        let checked = match damaged.count() {
            lost if lost > 0 && findings.is_none() => {
                format!("{checked} Damaged files, whose rows are missing: {lost}.")
            }
            _ => checked,
        };
        Ok(Self { about, place: place.to_string(), loaded, session, findings, checked, damaged })
    }

    /// Files without which its report lacks rows.
    pub(crate) fn damaged(&self) -> &Damaged {
        &self.damaged
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            about: self.about.clone(),
            place: self.place.clone(),
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
