//! Rows on their way to the client: of an answer, of a cursor, as a stream.

use pgwire::messages::copy::{CopyDone, CopyOutResponse};

use super::copy::{CopyOut, Form};
use super::fault::{Fault, moved};
use super::rows::{Rows, Writer};
use super::session::Session;
use super::statement::Fetch;
use super::types::{Formats, description};

/// How rows are sent.
pub(super) struct Reply<'a> {
    pub(super) formats: &'a Formats,
    /// Whether columns are told before rows.
    pub(super) tells: bool,
    /// So many at most.
    pub(super) most: Option<u64>,
}

impl Session {
    /// Sends rows; how many.
    pub(super) async fn reply(&mut self, rows: &mut Rows, reply: Reply<'_>) -> Result<u64, Fault> {
        if reply.tells {
            self.wire.put(&description(rows.schema(), reply.formats));
        }
        let mut writer = Writer::rows(rows.schema(), reply.formats, self.settings.zone());
        self.send(rows, &mut writer, reply.most).await
    }

    /// Rows of a cursor.
    pub(super) async fn fetch(&mut self, fetch: &Fetch, formats: &Formats, tells: bool) -> Result<(), Fault> {
        let mut portal = self.portals.take(&fetch.name)?;
        let Some(rows) = &mut portal.rows else {
            let words = format!("{} has no rows that wait", fetch.name);
            self.portals.put_back(fetch.name.clone(), portal);
            return Err(Fault::new("55000", words));
        };
        // What the cursor was declared with, unless the client says how it reads.
        let formats = if formats.0.is_empty() { portal.formats.clone() } else { formats.clone() };
        let fetched = if fetch.moves {
            self.pass(rows, fetch.count).await
        } else {
            self.reply(rows, Reply { formats: &formats, tells, most: fetch.count }).await
        };
        // A cursor that failed is over.
        let count = fetched?;
        self.portals.put_back(fetch.name.clone(), portal);
        self.done(format!("{} {count}", if fetch.moves { "MOVE" } else { "FETCH" }));
        Ok(())
    }

    async fn pass(&mut self, rows: &mut Rows, most: Option<u64>) -> Result<u64, Fault> {
        let mut passed = 0;
        loop {
            let left = most.map_or(u64::MAX, |most| most - passed);
            if left == 0 || !self.wait(rows.ready()).await? {
                return Ok(passed);
            }
            passed += rows.pass(left);
        }
    }

    /// Rows as a stream.
    pub(super) async fn copy_out(&mut self, copy: &CopyOut, sql: &str) -> Result<(), Fault> {
        let mut rows = match self.ask(&copy.query, None, sql).await {
            Err(Fault::Said(mut words)) => {
                words.place = words.place.filter(|_| copy.at > 0).map(|place| moved(place, &sql[..copy.at]));
                return Err(Fault::Said(words));
            }
            asked => asked?,
        };
        let format = i8::from(copy.form == Form::Binary);
        let columns = i16::try_from(rows.schema().fields().len());
        let columns = columns.map_err(|_| Fault::new("54011", "too many columns"))?;
        let formats = (0..columns).map(|_| i16::from(format)).collect();
        self.wire.put(&CopyOutResponse::new(format, columns, formats));
        let mut writer = Writer::copy(rows.schema(), &copy.form, self.settings.zone());
        writer.before(rows.schema(), &mut self.wire.output);
        let sent = self.send(&mut rows, &mut writer, None).await?;
        writer.after(&mut self.wire.output);
        self.wire.put(&CopyDone::new());
        self.done(format!("COPY {sent}"));
        Ok(())
    }
}
