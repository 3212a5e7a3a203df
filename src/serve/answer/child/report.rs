//! The report of a source.

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
    let title = Some(title.unwrap_or_else(|| name.clone()));
    // Where a source and its input lie is nobody's business.
    let wanted = Wanted { title, alpha, plots, users, hide_users, hide_places: true };
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
    Ok(Done { notes: failed, ..out.bytes(html.into_bytes())? })
}
