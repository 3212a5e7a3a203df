//! Runs of millions of users, made up: two rows of a table each.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use results::schema::{Row, Schemas};
use results::store::{
    Assignment, ExpectedUnit, LedgerRow, Location, NewRun, Prepared, Protocol, Run, UnitState, Writer,
    attempt_id_of, commit_group,
};

/// What runs are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    /// The rows of a user, of the table `coupling`.
    pub(crate) rows: fn(u64) -> Vec<Row>,
    /// The configuration.
    pub(crate) config: &'static str,
    /// How often a shard commits.
    pub(crate) commits: usize,
}

/// Twelve columns.
pub(crate) const COUPLING: Made = Made { rows, config: "", commits: 4 };

/// The folder of the data, none of which is read, and what each user is said to be made of.
const DATA: &str = "made up";
const INPUT: &str = r#"{"id":"","files":["made up/people.csv"],"bytes":0}"#;

/// Puts the data where a run of a folder looks for them.
pub(crate) fn make_data(dir: &Path) {
    std::fs::create_dir_all(dir.join(DATA)).unwrap();
    std::fs::write(dir.join(DATA).join("people.csv"), "").unwrap();
}

/// Shards of a run.
const SHARDS: u32 = 16;

/// The table that it has.
pub(crate) const TABLE: &str = "table: coupling
version: 1
description: Made-up results, a row per lag.
csv: coupling.csv
key: [feature_mode, tau]
columns:
  - {name: feature_mode, type: text, nullable: false}
  - {name: tau, type: int, nullable: false}
  - {name: k, type: int}
  - {name: A2S, type: float, unit: bits}
  - {name: S2A, type: float, unit: bits}
  - {name: delta, type: float, unit: bits}
  - {name: p_A2S, type: float, min: 0.0, max: 1.0}
  - {name: p_S2A, type: float, min: 0.0, max: 1.0}
  - {name: n_samples, type: int}
  - {name: low_n, type: bool}
  - {name: quality_passed, type: bool}
";

/// A number in [0, 1) that depends on its arguments alone.
pub(crate) fn draw(user: u64, what: u64) -> f64 {
    let mut x = user.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ what.wrapping_mul(0xD1B5_4A32_D192_ED03);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

pub(crate) fn user_id(user: u64) -> String {
    format!("{user:08X}-0000-4000-8000-000000000000")
}

fn rows(user: u64) -> Vec<Row> {
    let row = |tau: u64| {
        let (a, b) = (draw(user, 10 * tau), draw(user, 10 * tau + 1));
        Row::new()
            .with("feature_mode", "composite")
            .with("tau", tau as i64)
            .with("k", (draw(user, 7) * 6.0) as i64 + 1)
            .with("A2S", a)
            .with("S2A", b)
            .with("delta", a - b)
            .with("p_A2S", (1.0 + (draw(user, 10 * tau + 2) * 1000.0).floor()) / 1001.0)
            .with("p_S2A", (1.0 + (draw(user, 10 * tau + 3) * 1000.0).floor()) / 1001.0)
            .with("n_samples", (draw(user, 8) * 5000.0) as i64)
            .with("low_n", draw(user, 8) < 0.1)
            .with("quality_passed", draw(user, 8) >= 0.1)
    };
    vec![row(1), row(2)]
}

fn unit(
    schemas: &Schemas,
    run: &Run,
    (share, engine): (Assignment, &str),
    (user, rows): (u64, Vec<Row>),
    time: i64,
) -> Prepared {
    let lease = (run.protocol() == Protocol::Names).then_some(1);
    let row = LedgerRow {
        user_id: user_id(user),
        feature_mode: "composite".into(),
        shard: share.index,
        position: user,
        attempt: attempt_id_of(Writer { share, lease }),
        state: UnitState::Ok,
        reason: None,
        n_samples: Some(1000),
        k: Some(3),
        started_us: time,
        finished_us: time + 1000,
        peak_memory_bytes: Some(1 << 26),
        tool_version: "bench".into(),
        engine: engine.to_owned(),
        config_fingerprint: run.manifest().config_fingerprint.clone(),
        input_fingerprint: None,
        files: Vec::new(),
    };
    Prepared::new(schemas, row, &[("coupling".to_owned(), rows)]).unwrap()
}

impl Made {
    /// Registers a run of so many users.
    pub(crate) fn register(self, at: impl Into<Location>, users: u64, shards: u32, schemas: &Schemas) -> Run {
        let planned = Arc::new(BTreeMap::from([("coupling".to_owned(), 2)]));
        let expected = |user: u64| ExpectedUnit {
            position: user,
            shard: (user % u64::from(shards)) as u32,
            user_id: user_id(user),
            feature_mode: "composite".into(),
            input: INPUT.into(),
            input_bytes: 0,
            rows: Arc::clone(&planned),
        };
        let new = NewRun {
            config: &results::config::parse("bench", self.config, None, &results::measures::settings())
                .unwrap()
                .config,
            units: (0..users).map(expected).collect(),
            shards,
            only_shards: Vec::new(),
            schemas,
            data_folder: DATA.into(),
            control: None,
        };
        Run::create_or_join(at, &new).unwrap()
    }

    /// Commits the users of a shard, every fiftieth of them twice.
    pub(crate) fn commit(self, run: &Run, schemas: &Schemas, users: u64, share: Assignment) {
        // Of another version, all would be done again.
        let version = results::measures::version(&run.manifest().config);
        let by = (share, version.as_str());
        let own: Vec<u64> = (u64::from(share.index)..users).step_by(share.of as usize).collect();
        for part in own.chunks(own.len().div_ceil(self.commits).max(1)) {
            let units = part
                .iter()
                .map(|user| unit(schemas, run, by, (*user, (self.rows)(*user)), 1_700_000_000_000_000));
            commit_group(run, schemas, units.collect(), 1).unwrap();
        }
        let again = own.iter().step_by(50);
        let units =
            again.map(|user| unit(schemas, run, by, (*user, (self.rows)(*user)), 1_700_000_600_000_000));
        commit_group(run, schemas, units.collect(), 1).unwrap();
    }

    /// Makes a whole run of so many users.
    pub(crate) fn make(self, at: impl Into<Location>, users: u64, schemas: &Schemas) {
        let run = self.register(at, users, SHARDS, schemas);
        for index in 0..SHARDS {
            self.commit(&run, schemas, users, Assignment { index, of: SHARDS });
        }
        run.close_if_complete().unwrap();
    }
}
