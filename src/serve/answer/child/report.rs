//! The report of a source.

use std::path::Path;

use super::super::drawn::ReportOf;
use super::super::frame::Done;
use super::answering::Answering;
use super::out::Out;
use super::told::{of_plot, of_report};
use super::user;
use crate::report::{self, Document, Looked, Wanted};
use crate::serve::access::Ended;
use crate::serve::catalog;
use crate::sources::Loaded;

/// Makes it.
pub(super) async fn report(
    answering: Answering<'_>,
    loaded: Loaded,
    asked: &ReportOf,
    out: &mut Out,
) -> Result<Done, Ended> {
    let ReportOf { name, title, alpha, plots, users, hide_users } = asked.clone();
    let plots = plots.iter().map(|plot| report::plot(&loaded.queries, plot));
    let plots = plots.collect::<Result<Vec<_>, _>>().map_err(of_plot)?;
    let wanted =
        Wanted { title: Some(title.unwrap_or_else(|| name.clone())), alpha, plots, users, hide_users };
    if !wanted.users.is_empty() {
        let session = answering.session(&loaded)?;
        for id in &wanted.users {
            user::known(answering, &session, &loaded, id).await?;
        }
    }
    let looked = Looked::at(&catalog::place(&answering.job.dir), &name, answering.bounds(), loaded)
        .await
        .map_err(of_report)?;
    let Document { html, failed, .. } = report::report(&[looked], &wanted).await.map_err(of_report)?;
    let html = without_place(&html, &answering.job.dir, &name);
    Ok(Done { notes: failed, ..out.bytes(html.into_bytes())? })
}

/// Where a source lies is nobody's business: its name takes the place of its path, and what lies beside it is named
/// without the folder.
fn without_place(html: &str, dir: &Path, name: &str) -> String {
    let html = html.replace(&dir.display().to_string(), name);
    match dir.parent().filter(|folder| folder.parent().is_some()) {
        Some(folder) => html.replace(&format!("{}/", folder.display()), ""),
        None => html,
    }
}
