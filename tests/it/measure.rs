//! A measure from one file and one schema: the file is this one, and this test is the program that has it.

use std::process::{Command, Stdio};

use results::config::{Block, Gate, GateSettings, Section};
use results::error::Exit;
use results::measures::{Measure, Unit};
use results::schema::Row;
use serde_json::{Value, json};

use crate::world::{Said, World, said};

/// The share of samples at which source and target agree about being low.
#[derive(Debug)]
struct Agreement;

/// The contract of its table.
const SCHEMA: &str = "table: agreement
version: 1
description: Share of samples at which source and target are both low or both high.
csv: per_user_agreement.csv
measure: AGREEMENT
key: [feature_mode, tau]
columns:
  - {name: feature_mode, type: text, nullable: false}
  - {name: tau, type: int, nullable: false, min: 0}
  - {name: share, type: float, min: 0.0, max: 1.0}
  - {name: p, type: float, min: 0.0, max: 1.0}
  - {name: q, type: float, min: 0.0, max: 1.0, derived: {q_of: p, family: [tau]}}
  - {name: below, type: int, nullable: false, config: measures.agreement.below}
  - {name: quality_passed, type: bool}
";

const GATE: GateSettings =
    GateSettings { name: "agreement", default: Gate { min_samples: 20, ..Gate::USUAL }, bins: false };

impl Measure for Agreement {
    fn name(&self) -> &'static str {
        "agreement"
    }

    fn family(&self) -> &'static str {
        "AGREEMENT"
    }

    fn key(&self) -> &'static str {
        "pair_agreement"
    }

    fn gate(&self) -> Option<GateSettings> {
        Some(GATE)
    }

    fn block(&self) -> Option<Block> {
        Some(Block::Own(settings))
    }

    fn rows(&self, unit: &mut Unit<'_>) -> Vec<Row> {
        let gate = unit.config.quality_control.gate(GATE.name).unwrap_or(GATE.default);
        let checked = unit.check("agreement", self.family(), &gate, None);
        let below = unit.config.measures["agreement"]["below"].as_i64().unwrap();
        let (a, s) = (&unit.series.source, &unit.series.target);
        let row = |tau: u32| {
            let pairs = a.iter().zip(&s[tau as usize..]);
            let agree = pairs.clone().filter(|(a, s)| (i64::from(**a) < below) == (**s == 0)).count();
            let share = agree as f64 / pairs.count() as f64;
            Row::new()
                .with("feature_mode", unit.id.feature_mode)
                .with("tau", tau)
                .with("share", share)
                .with("p", 1.0 - share)
                .with("below", below)
                .with("quality_passed", checked.passed)
        };
        unit.config.taus.iter().map(|tau| row(*tau)).collect()
    }
}

fn settings(s: &mut Section<'_>) -> Value {
    let mut below = 2u32;
    s.set("below", "a whole number from 1", &mut below);
    s.require("below", below > 0, "must be from 1");
    json!({"below": below})
}

const CONFIG: &str = "feature_modes: [composite]
taus: [1, 2]
analysis_modes: [pair_agreement, global_te]
k_selection: {strategy: fixed, k_fixed: 1}
statistical: {nulls: [permute]}
surrogates: 19
data: {min_rows: 100}
measures: {agreement: {below: 3}}
quality_control: {agreement: {min_samples: 50}}
";

/// Arguments of the program, in the test that is started again.
const ARGUMENTS: &str = "RESULTS_TEST_PROGRAM";

/// Runs the program that has the measure.
fn program(world: &World, code: i32, args: &[&str]) -> Said {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["measure::a_measure_is_one_file_and_one_schema", "--exact", "--nocapture"])
        .env(ARGUMENTS, args.join("\n"))
        .env("CI", "true")
        .env_remove("RESULTS_DEFINITIONS")
        .current_dir(world.root())
        .stdin(Stdio::null());
    let said = said(&command.output().unwrap());
    assert_eq!(said.code, Some(code), "{args:?}: {said:#?}");
    said
}

#[test]
fn a_measure_is_one_file_and_one_schema() {
    if let Ok(arguments) = std::env::var(ARGUMENTS) {
        results::measures::register(&[&Agreement]).unwrap();
        let exit: Exit = results::cli::run(std::iter::once("results").chain(arguments.lines()));
        std::process::exit(i32::from(exit as u8));
    }
    let world = World::new(3);
    world.write("toy.yaml", CONFIG);
    std::fs::create_dir_all(world.path("own/schemas")).unwrap();
    world.write("own/schemas/agreement.yaml", SCHEMA);
    configured(&world);

    let args = ["run", "--config", "toy.yaml", "--data", "data", "--out", "run", "--definitions", "own"];
    program(&world, 0, &args);
    let plan = program(&world, 0, &["sql", "--run", "run", "--format", "json", "select * from expected"]).out;
    assert_eq!(plan.matches("agreement").count(), 3, "rows of every unit are planned: {plan}");
    program(&world, 0, &["validate", "run"]);
    program(&world, 0, &["merge", "--shards", "run", "--output", "merged"]);
    program(&world, 0, &["validate", "merged"]);
    // Its tests stand among those of the other measures.
    let sql = "select measure, table_name, count(p) as n, count(q) as corrected from tests group by measure, table_name order by measure";
    let tests = program(&world, 0, &["sql", "--run", "merged", "--format", "csv", sql]).out;
    assert!(tests.contains("AGREEMENT,agreement,6,6") && tests.contains("TE,te,"), "{tests}");

    let csv = &world.csv("merged")["per_user_agreement.csv"];
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["user_id", "feature_mode", "tau", "share", "p", "q", "below", "quality_passed"]);
    assert_eq!(rows.len(), 1 + 3 * 2);
    for row in &rows[1..] {
        let number = |at: usize| row[at].parse::<f64>().unwrap();
        assert!(number(4) > 0.0 && number(5) >= number(4), "corrected over the users: {row:?}");
        assert_eq!(row[6..], ["3", "True"], "{row:?}");
    }
    // A program without the measure reads its results, and does not do a part of its units.
    world.expect(0, &["validate", "merged"]);
    let refused = world.expect(2, &["run", "--resume", "run"]).err;
    assert!(refused.contains("unknown measure `pair_agreement`"), "{refused}");
}

/// Its settings, gate and family, and what of them is left where it is not asked for.
fn configured(world: &World) {
    let shown = program(world, 0, &["config", "show", "--config", "toy.yaml"]).out;
    let shown: Value = results_store::yaml::from_yaml(&shown[shown.find("name: ").unwrap()..]).unwrap();
    assert_eq!(shown["analysis_modes"], json!(["global_te", "pair_agreement"]), "in the catalogue's order");
    assert_eq!(shown["measures"], json!({"agreement": {"below": 3}}));
    assert_eq!(shown["quality_control"]["agreement"]["min_samples"], 50);
    assert_eq!(shown["fdr"]["families"], json!(["TE", "CTE", "TRUE_CTE", "STE", "GC", "AGREEMENT"]));

    world.write("bad.yaml", "analysis_modes: [agreement]\nmeasures: {agreement: {belov: 2, below: 0}}\n");
    let faults = program(world, 2, &["config", "check", "bad.yaml"]).err;
    assert!(
        faults.contains("did you mean `pair_agreement` for `agreement`? (known: global_te, "),
        "{faults}"
    );
    assert!(faults.contains("bad.yaml:2: `measures.agreement.below` must be from 1"), "{faults}");
    assert!(
        faults.contains("unknown key `measures.agreement.belov`; did you mean `measures.agreement.below`?")
    );

    // Not asked for, it is in no fingerprint: that of a program without the measure.
    world.write("without.yaml", CONFIG.replace("pair_agreement, ", ""));
    let said = program(world, 0, &["config", "check", "without.yaml"]);
    assert!(said.err.contains("measures.agreement: no effect"), "{}", said.err);
    let plain = "measures: {agreement: {below: 3}}\nquality_control: {agreement: {min_samples: 50}}\n";
    world.write("plain.yaml", CONFIG.replace("pair_agreement, ", "").replace(plain, ""));
    let fingerprint = |said: &Said| said.out.split_once("(fingerprint ").unwrap().1[..16].to_owned();
    let own = world.expect(0, &["config", "check", "plain.yaml"]);
    assert_eq!(fingerprint(&said), fingerprint(&own));
    let unknown = world.expect(2, &["config", "check", "toy.yaml"]).err;
    assert!(
        unknown.contains("known for `pair_agreement`: global_te, stratified_te, true_cte, ste, gc\n"),
        "{unknown}"
    );
}
