//! Queries that are saved and removed, by whoever may.

use super::app::{App, Who};
use super::fields::Fields;
use crate::serve::access::{Ended, May};

/// Saves a query; one of that name goes only where the field `replace` is there.
pub(super) fn save(app: &App, who: &Who, (name, sql): (&str, &str), fields: &Fields) -> Result<(), Ended> {
    who.login.must(May::WriteQueries)?;
    app.desk.access.saved.put(name, sql, fields.one("replace")?.is_some())
}

/// Removes one.
pub(super) fn remove(app: &App, who: &Who, name: &str) -> Result<(), Ended> {
    who.login.must(May::WriteQueries)?;
    app.desk.access.saved.remove(name)
}
