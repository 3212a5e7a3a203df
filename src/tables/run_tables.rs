//! The tables of runs in a catalog. All of them are known by name; each is made when a query needs it.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::catalog::{Catalog, Listed, PUBLIC, Table};
use super::derived::Space;
use super::error::TableError;
use super::events::{TABLE as EVENTS, are_kept, events_of};
use super::lazy::LazyTable;
use super::ledger::{FILES, all_rows, expected_of, files_of, ledger_of};
use super::runs::{LazyAttempts, Present, Runs};
use super::scan::Scan;
use super::shown::{Definitions, put_views};
use super::user_tests::TESTS;
use crate::attempts::OpenRun;
use crate::queries::{ident, literal};
use crate::schema::LEDGER;
use crate::store::StoreError;

/// Every committed attempt.
const RAW: &str = "raw";

/// The tables of some runs.
#[derive(Debug)]
pub struct RunTables<'a> {
    runs: Runs,
    definitions: Definitions<'a>,
}

impl<'a> RunTables<'a> {
    /// Of runs that are asked together.
    pub fn new(runs: Vec<OpenRun>, definitions: Definitions<'a>) -> Self {
        Self { runs: Runs::all(runs), definitions }
    }

    /// The runs, which the tables share.
    pub fn runs(&self) -> Runs {
        self.runs.clone()
    }

    /// Puts raw and merged tables into a catalog.
    pub fn register(&self, catalog: &Catalog) -> Result<(), TableError> {
        Registration { catalog, definitions: self.definitions }.register(&self.runs)
    }
}

/// Where tables are put, and what they are made with.
#[derive(Clone, Copy)]
struct Registration<'a> {
    catalog: &'a Catalog,
    definitions: Definitions<'a>,
}

impl Registration<'_> {
    /// Raw and merged tables of runs.
    fn register(self, runs: &Runs) -> Result<(), TableError> {
        let present = Present::of(runs, self.definitions.schemas);
        let ledger = self.definitions.schemas.ledger().map_err(StoreError::from)?.clone();
        self.lazy((PUBLIC, "expected"), runs, None, expected_of)?;
        self.lazy((PUBLIC, FILES), runs, None, |runs| files_of(&all_rows(runs)?, runs))?;
        let kept = runs.clone();
        self.lazy((PUBLIC, EVENTS), runs, Some(Arc::new(move || are_kept(&kept))), events_of)?;
        self.lazy((RAW, LEDGER), runs, None, move |runs| ledger_of(&all_rows(runs)?, runs, &ledger))?;
        self.files(RAW, runs, None, &present);
        // A control is of the same configuration, and of nobody who is a user of the run.
        let about = |run: &OpenRun| {
            (run.run.manifest().config_fingerprint.clone(), run.run.manifest().control.clone())
        };
        let same = runs.windows(2).all(|w| about(&w[0]) == about(&w[1]));
        if runs.len() > 1 {
            for place in 0..runs.len() {
                let only = runs.only(place);
                // Those of one configuration are one table, and mostly asked for as such.
                let present = (!same).then(|| Present::of(&only, self.definitions.schemas));
                self.merged_tables(&only, &(place + 1).to_string(), present.as_ref())?;
            }
        }
        if same {
            self.merged_tables(runs, "", Some(&present))
        } else {
            self.stack(runs, &present);
            Ok(())
        }
    }

    /// The merged tables of runs of one configuration: `te`, or `run1.te` with a number. None are listed unless
    /// it is known which the runs have.
    fn merged_tables(self, runs: &Runs, number: &str, present: Option<&Present>) -> Result<(), TableError> {
        let Some(first) = runs.first() else { return Ok(()) };
        let ledger = self.definitions.schemas.ledger().map_err(StoreError::from)?.clone();
        let space = Space::numbered(number).of_control(first.run.manifest().control.is_some());
        let attempts = Arc::new(LazyAttempts::default());
        let counting = Arc::clone(&attempts);
        self.lazy((space.counting.as_str(), LEDGER), runs, None, move |runs| {
            // Asked without runs for its columns, of which nothing is remembered.
            let rows = if runs.is_empty() { Vec::new() } else { counting.of(runs)?.counting(runs)? };
            ledger_of(&rows, runs, &ledger)
        })?;
        let all = Present::of(runs, self.definitions.schemas);
        self.files(&space.counting, runs, Some(&attempts), &all);
        let fdr = first.run.manifest().config.fdr.clone();
        put_views(self.catalog, &fdr, &space, self.definitions, |table| match present {
            // The tests are of tables with a q, as the families are.
            Some(present) => present.has(if table == TESTS { "families" } else { table }),
            None => Arc::new(|| false),
        })?;
        Ok(())
    }

    /// A table that is made when its rows are asked for; `listed` says whether it is, which it is without.
    fn lazy(
        self,
        (space, name): (&str, &str),
        runs: &Runs,
        listed: Option<Listed>,
        make: impl Fn(&[OpenRun]) -> Result<RecordBatch, TableError> + Send + Sync + 'static,
    ) -> Result<(), TableError> {
        let schema = make(&[])?.schema();
        let runs = runs.clone();
        let table = Arc::new(LazyTable::new(schema, move || make(&runs)));
        self.catalog.put(space, name, Table::Ready(table), listed);
        Ok(())
    }

    /// The tables of runs of different configurations below each other, told apart by `run`.
    fn stack(self, runs: &[OpenRun], present: &Present) {
        let names =
            self.definitions.schemas.iter().map(|schema| (schema.table.as_str(), schema.table.as_str()));
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
    fn files(self, space: &str, runs: &Runs, attempts: Option<&Arc<LazyAttempts>>, present: &Present) {
        for schema in self.definitions.schemas.data_tables() {
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
