//! What all parts together determine: the q of each p, and the tests over all users.

use super::divided::Divided;
use super::making::Making;
use super::ranges::hand_on;
use crate::merge::about::About;
use crate::merge::error::MergeError;
use crate::merge::stage::Stage;
use crate::queries::ident;
use crate::schema::CONTROL;
use crate::tables::{GROUP_TESTS, PASSED, Passed, Step};

impl Divided<'_> {
    /// Puts together what the parts have counted.
    pub(super) async fn combine(&self, about: &About<'_>) -> Result<(), MergeError> {
        let (tables, passed) = self.tables(about.survey, None, Stage::Combine)?;
        self.take_over(&tables.session, &self.exchange.all(Stage::Ranges, Stage::Combine)?, |_| {
            Some(PASSED)
        })?;
        let mut making = Making::of(&self.exchange, Stage::Combine, 0)?;
        for passed in passed.iter().filter(|passed| passed.step == Step::Combine) {
            hand_on(&mut making, &tables.session, passed).await?;
        }
        self.take_over(&tables.session, &[making.so_far()], |_| Some(PASSED))?;
        let mut of_all = vec![GROUP_TESTS];
        if about.is_control() {
            of_all.push(CONTROL);
        }
        for table in of_all {
            let sql = format!("SELECT * FROM {}", ident(table));
            let of_all = Passed { step: Step::Combine, name: table.to_owned(), sql, in_order: false };
            hand_on(&mut making, &tables.session, &of_all).await?;
        }
        making.finish(&())?;
        Ok(())
    }
}
