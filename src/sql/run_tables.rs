//! The tables of runs in a session. All of them are known by name; each is made when a query needs it.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::lazy::LazyTable;
use super::ledger_tables::{all_rows, expected_of, files_of, ledger_of};
use super::session::{Definitions, Session, SessionError};
use super::template::{ident, literal};
use super::user_tests::TESTS;
use super::views::Space;
use crate::attempts::OpenRun;
use crate::schema::LEDGER;
use crate::store::StoreError;
use crate::tables::{LazyAttempts, Listed, PUBLIC, Present, Runs, Scan, Table};

/// Every committed attempt.
const RAW: &str = "raw";

impl Session {
    /// Raw and merged tables of runs.
    pub(super) fn register_runs(
        &self,
        runs: Vec<OpenRun>,
        definitions: Definitions<'_>,
    ) -> Result<(), SessionError> {
        let runs = Runs::all(runs);
        let present = Present::of(&runs, definitions.schemas);
        let ledger = definitions.schemas.ledger().map_err(StoreError::from)?.clone();
        self.lazy((PUBLIC, "expected"), &runs, expected_of)?;
        self.lazy((PUBLIC, "files"), &runs, |runs| files_of(&all_rows(runs)?, runs))?;
        self.lazy((RAW, LEDGER), &runs, move |runs| ledger_of(&all_rows(runs)?, runs, &ledger))?;
        self.files(RAW, &runs, None, &present, definitions);
        // A control is of the same configuration, and of nobody who is a user of the run.
        let about = |run: &OpenRun| {
            (run.run.manifest().config_fingerprint.clone(), run.run.manifest().control.clone())
        };
        let same = runs.windows(2).all(|w| about(&w[0]) == about(&w[1]));
        if runs.len() > 1 {
            for place in 0..runs.len() {
                let only = runs.only(place);
                // Those of one configuration are one table, and mostly asked for as such.
                let present = (!same).then(|| Present::of(&only, definitions.schemas));
                self.merged_tables(&only, &(place + 1).to_string(), present.as_ref(), definitions)?;
            }
        }
        if same {
            self.merged_tables(&runs, "", Some(&present), definitions)
        } else {
            self.stack(&runs, &present, definitions);
            Ok(())
        }
    }

    /// The merged tables of runs of one configuration: `te`, or `run1.te` with a number. None are listed unless
    /// it is known which the runs have.
    fn merged_tables(
        &self,
        runs: &Runs,
        number: &str,
        present: Option<&Present>,
        definitions: Definitions<'_>,
    ) -> Result<(), SessionError> {
        let Some(first) = runs.first() else { return Ok(()) };
        let ledger = definitions.schemas.ledger().map_err(StoreError::from)?.clone();
        let space = Space::numbered(number).of_control(first.run.manifest().control.is_some());
        let attempts = Arc::new(LazyAttempts::default());
        let counting = Arc::clone(&attempts);
        self.lazy((space.counting.as_str(), LEDGER), runs, move |runs| {
            // Asked without runs for its columns, of which nothing is remembered.
            let rows = if runs.is_empty() { Vec::new() } else { counting.of(runs)?.counting(runs)? };
            ledger_of(&rows, runs, &ledger)
        })?;
        let all = Present::of(runs, definitions.schemas);
        self.files(&space.counting, runs, Some(&attempts), &all, definitions);
        let fdr = first.run.manifest().config.fdr.clone();
        self.views(&fdr, &space, definitions, |table| match present {
            // The tests are of tables with a q, as the families are.
            Some(present) => present.has(if table == TESTS { "families" } else { table }),
            None => Arc::new(|| false),
        })
    }

    /// A table that is made when its rows are asked for.
    fn lazy(
        &self,
        (space, name): (&str, &str),
        runs: &Runs,
        make: impl Fn(&[OpenRun]) -> Result<RecordBatch, SessionError> + Send + Sync + 'static,
    ) -> Result<(), SessionError> {
        let schema = make(&[])?.schema();
        let runs = runs.clone();
        let table = Arc::new(LazyTable::new(schema, move || make(&runs)));
        self.catalog.put(space, name, Table::Ready(table), None);
        Ok(())
    }

    /// The tables of runs of different configurations below each other, told apart by `run`.
    fn stack(&self, runs: &[OpenRun], present: &Present, definitions: Definitions<'_>) {
        let names = definitions.schemas.iter().map(|schema| (schema.table.as_str(), schema.table.as_str()));
        for (name, listed) in names.chain([(TESTS, "families")]) {
            let of_run = |(place, run): (usize, &OpenRun)| {
                format!("SELECT {} AS run, * FROM run{}.{}", literal(&run.name), place + 1, ident(name))
            };
            let all: Vec<String> = runs.iter().enumerate().map(of_run).collect();
            let all = Table::Query(all.join(" UNION ALL "));
            self.catalog.put(PUBLIC, name, all, Some(present.has(listed)));
        }
    }

    /// The data files of runs as `<space>.<table>`, without the rows of attempts that do not count, if it is said which do.
    fn files(
        &self,
        space: &str,
        runs: &Runs,
        attempts: Option<&Arc<LazyAttempts>>,
        present: &Present,
        definitions: Definitions<'_>,
    ) {
        for schema in definitions.schemas.data_tables() {
            let listed: Listed = present.has(&schema.table);
            let scan = Scan {
                runs: runs.clone(),
                attempts: attempts.cloned(),
                schema: schema.clone(),
                space: space.to_owned(),
            };
            let table = Table::made(move |ctx| scan.table(ctx));
            self.catalog.put(space, &schema.table, table, Some(listed));
        }
    }
}
