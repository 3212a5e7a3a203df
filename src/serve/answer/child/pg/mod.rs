//! What programs ask that take the service for Postgres: its catalogue. Everything else is asked as it was written.
//!
//! | file | |
//! |---|---|
//! | `which` | whether a query is one of the catalogue |
//! | `session` | the engine with the tables and functions of a catalogue |
//! | `about` | the tables of a source, as a catalogue has them |
//! | `own`, `standard` | `pg_catalog` and `information_schema` of them |
//! | `views` | views of it that are known nowhere else |
//! | `lists` | lists that come as texts from elsewhere |
//! | `made` | tables of rows that are known |
//! | `functions` | functions of the catalogue |
//! | `words` | functions that put something into words |
//! | `casts` | numbers that are shown as names |
//! | `called` | names of columns, as Postgres gives them |
//! | `rewrite` | what neither the engine nor the rules take |
//! | `literals` | lists within quotes, in every other query |

mod about;
mod called;
mod casts;
mod functions;
mod lists;
mod literals;
mod made;
mod own;
mod rewrite;
mod session;
mod standard;
mod views;
mod which;
mod words;

use datafusion::dataframe::DataFrame;

pub(super) use literals::with_lists;

use super::super::job::Spoken;
use super::super::job::{PgSession, Text};
use super::answering::Answering;
use super::told::of_session;
use crate::serve::access::Ended;
use crate::sources::Loaded;
use crate::sql::check_length;

/// The plan of a query of the catalogue; none if it is any other.
pub(super) async fn planned(
    answering: Answering<'_>,
    loaded: &Loaded,
    text: &Text,
) -> Result<Option<DataFrame>, Ended> {
    let Spoken::Postgres(of) = &text.spoken else { return Ok(None) };
    let of: &PgSession = of;
    if !which::may_be(&text.sql) {
        return Ok(None);
    }
    check_length(&text.sql).map_err(|error| of_session(&error))?;
    if !which::is_of_catalogue(&text.sql) {
        return Ok(None);
    }
    session::planned(answering, loaded, of, &text.sql).await.map(Some)
}
