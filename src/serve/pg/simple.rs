//! Texts of statements, answered one after the other.

use pgwire::messages::response::EmptyQueryResponse;

use super::fault::{Fault, moved};
use super::perform::Asked;
use super::scan::statements;
use super::session::Session;
use super::types::Formats;

impl Session {
    /// Answers all statements of a text, up to the first that fails.
    pub(super) async fn simple(&mut self, sql: &str) -> Result<(), Fault> {
        // What was prepared without a name is given up, as clients expect.
        self.portals.deallocate(Some(""));
        self.portals.close(Some(""));
        let all = statements(sql);
        if all.is_empty() {
            self.wire.put(&EmptyQueryResponse::new());
        }
        if all.len() > 1 {
            self.transaction.together();
        }
        for one in all {
            if let Err(mut fault) = self.one(one).await {
                let at = one.as_ptr() as usize - sql.as_ptr() as usize;
                if let Fault::Said(words) = &mut fault {
                    words.place = words.place.map(|place| moved(place, &sql[..at]));
                }
                self.failed(fault, sql)?;
                break;
            }
        }
        self.transaction.apart();
        if !self.transaction.is_open() {
            self.portals.end();
        }
        self.ready();
        Ok(())
    }

    async fn one(&mut self, sql: &str) -> Result<(), Fault> {
        let statement = self.statement(sql)?;
        let formats = Formats::default();
        self.perform(Asked { statement: &statement, sql, values: None, formats: &formats, tells: true }).await
    }
}
