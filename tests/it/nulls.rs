//! Values and p against several nulls: the reference through the binary, and what may not be in an output.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};

use crate::checks::change;
use crate::world::World;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/nulls");

/// The cases of a clock.
const CLOCKS: [(&str, &[&str]); 4] = [
    ("utc_offset_hours: 0", &["clean", "feedback"]),
    ("utc_offset_hours: -8", &["partial"]),
    ("utc_offset_hours: 1", &["gappy"]),
    ("time_zone: Europe/Brussels", &["summer", "winter"]),
];

/// Histories of target and source of A2S, and lags.
const ORDERS: [(u32, u32, &str); 4] = [(1, 1, "[1, 2]"), (3, 3, "[1]"), (2, 1, "[1]"), (1, 2, "[1]")];

/// All nulls, each with as many surrogates as it takes.
fn config(clock: &str, (k, l, taus): (u32, u32, &str)) -> String {
    format!(
        "data: {{format: columns, timestamp: time, source: a, target: s, {clock}, discretize: {{source: none}}}}
feature_modes: [m]
taus: {taus}
analysis_modes: [global_te]
k_selection: {{strategy: fixed, k_fixed: {k}, l_fixed: {l}}}
surrogates: 1000
statistical: {{nulls: [days, within_past, circular_shift, permute], stop_above: 1}}
"
    )
}

/// Case, direction, k of the target, l of the source, tau.
type Key = (String, String, u32, u32, u32);

/// The reference, by test and quantity; the evidence for an order has no l and no lag.
fn expected() -> BTreeMap<Key, BTreeMap<String, f64>> {
    let text = std::fs::read_to_string(format!("{REFERENCE}/expected.csv")).unwrap();
    let mut all: BTreeMap<Key, BTreeMap<String, f64>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let [k, l, tau] = [f[2], f[3], f[4]].map(|v| v.parse().unwrap());
        let key = (f[0].to_owned(), f[1].to_owned(), k, l, tau);
        all.entry(key).or_default().insert(f[5].to_owned(), f[6].parse().unwrap());
    }
    all
}

/// A folder with the recordings of a clock.
fn data(world: &World, number: usize, cases: &[&str]) -> String {
    let data = format!("clock{number}");
    std::fs::create_dir(world.path(&data)).unwrap();
    for case in cases {
        let from = Path::new(REFERENCE).join(format!("series_{case}.csv"));
        std::fs::copy(from, world.path(&format!("{data}/{case}.csv"))).unwrap();
    }
    data
}

/// What the binary has, under the names of the reference; with the spread of the drawn means.
fn found(world: &World, runs: &[String]) -> BTreeMap<Key, BTreeMap<String, f64>> {
    let mut asked = vec!["sql", "--format", "csv"];
    for run in runs {
        asked.extend(["--run", run]);
    }
    let mut all: BTreeMap<Key, BTreeMap<String, f64>> = BTreeMap::new();
    for (direction, k, l) in [("A2S", "k", "l"), ("S2A", "k_S2A", "l_S2A")] {
        let of = |kind: &str| format!("max(CASE WHEN n.\"null\" = '{kind}' THEN n.");
        let (days, shift) = (of("days"), of("circular_shift"));
        let (permute, past) = (of("permute"), of("within_past"));
        let sql = format!(
            "SELECT t.user_id, t.{k}, t.{l}, t.tau, t.n_obs_{direction}, t.TE_{direction}, t.bias_{direction},
             t.effective_{direction}, t.share_{direction}, t.se_{direction},
             {days}days END), {days}observed END), {days}exceedances END), {days}surrogates END), {days}p END), {days}null_mean END),
             {shift}exceedances END), {shift}surrogates END), {shift}p END), {shift}null_mean END),
             {permute}null_mean END), {permute}null_std END), {past}null_mean END), {past}null_std END)
             FROM te t JOIN nulls n ON n.run = t.run AND n.user_id = t.user_id AND n.tau = t.tau AND n.direction = '{direction}'
             GROUP BY ALL"
        )
        .replace("GROUP BY ALL", "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
        let out = world.expect(0, &[&asked[..], &[sql.as_str()]].concat()).out;
        for line in out.lines().skip(1) {
            let f: Vec<&str> = line.split(',').collect();
            let number = |at: usize| f[at].parse::<f64>().unwrap_or_else(|_| panic!("{at}: {line}"));
            let key = |at: usize| f[at].parse::<u32>().unwrap();
            let names = [
                "n_obs",
                "te",
                "mean_within_past",
                "effective",
                "share",
                "jackknife_se",
                "days_days",
                "days_observed",
                "days_exceedances",
                "days_arrangements",
                "days_p",
                "days_null_mean",
                "shift_exceedances",
                "shift_arrangements",
                "shift_p",
                "shift_null_mean",
                "drawn permute",
                "std permute",
                "drawn within_past",
                "std within_past",
            ];
            let values = names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), number(at + 4)));
            all.insert((f[0].to_owned(), direction.to_owned(), key(1), key(2), key(3)), values.collect());
        }
    }
    all
}

/// Every row of the reference about transfer entropy: values to 1e-12, counts exactly.
#[test]
#[ignore = "long"]
fn the_reference_through_the_binary() {
    let world = World::new(0);
    let mut runs = Vec::new();
    for (number, (clock, cases)) in CLOCKS.into_iter().enumerate() {
        let data = data(&world, number, cases);
        for order in ORDERS {
            let run = format!("run{number}_{}_{}", order.0, order.1);
            world.write("nulls.yaml", config(clock, order));
            world.expect(0, &["run", "--config", "nulls.yaml", "--data", &data, "--out", &run]);
            runs.push(run);
        }
    }
    let (mut expected, found) = (expected(), found(&world, &runs));
    expected.retain(|_, values| values.contains_key("te"));
    assert_eq!(expected.len(), 48);
    for (key, values) in &expected {
        let found = found.get(key).unwrap_or_else(|| panic!("{key:?}: not found"));
        for (name, value) in values {
            let (found, name) = match name.as_str() {
                "h_given_past" => (found["effective"] / found["share"], name),
                // Of the values without a day only their spread is told; the tests of the numerics have their mean.
                "jackknife_mean" => continue,
                "mean_permute" => {
                    let away = (found["drawn permute"] - value).abs();
                    assert!(
                        away <= 5.0 * found["std permute"] / 1000f64.sqrt() + 1e-12,
                        "{key:?}: off by {away}"
                    );
                    continue;
                }
                _ => (found[name], name),
            };
            assert!((found - value).abs() < 1e-12, "{key:?} {name}: {found}, not {value}");
        }
        let away = (found["drawn within_past"] - values["mean_within_past"]).abs();
        assert!(away <= 5.0 * found["std within_past"] / 1000f64.sqrt() + 1e-12, "{key:?}: off by {away}");
    }
}

/// Every row of the reference about the evidence for an order: the order exactly, the bits of its code to 1e-12 of
/// them. A code of a thousand bits has no more digits in a double: by 40-digit arithmetic the reference is off by
/// 1e-12 bits itself.
/// By case, direction and evidence: the order that was selected, and the length of the code of each.
type Selected = BTreeMap<(String, &'static str, String), (f64, BTreeMap<u32, f64>)>;

#[test]
fn the_evidence_of_the_reference_through_the_binary() {
    let world = World::new(0);
    let mut asked: Vec<String> = ["sql", "--format", "ndjson"].map(str::to_owned).into();
    for (number, (clock, cases)) in CLOCKS.into_iter().enumerate() {
        let data = data(&world, number, cases);
        for strategy in ["KT", "BIC"] {
            let run = format!("run{number}_{strategy}");
            let by_evidence = format!("{{strategy: {strategy}, k_grid: [1, 2, 3, 4]}}");
            let settings = config(clock, (1, 1, "[1]"))
                .replace("{strategy: fixed, k_fixed: 1, l_fixed: 1}", &by_evidence)
                .replace("surrogates: 1000", "surrogates: 9");
            world.write("nulls.yaml", settings);
            world.expect(0, &["run", "--config", "nulls.yaml", "--data", &data, "--out", &run]);
            asked.extend(["--run".to_owned(), run]);
        }
    }
    asked.push("select * from k_selection".to_owned());
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let mut found = Selected::new();
    for line in world.expect(0, &asked).out.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row[name].as_str().unwrap_or_else(|| panic!("{name}: {line}")).to_owned();
        let evidence = text("criterion").strip_prefix("min_code_").unwrap().to_owned();
        for (direction, k, lengths) in
            [("A2S", "k_selected", "ais_values"), ("S2A", "k_source", "ais_values_source")]
        {
            let of_order = (row[k].as_f64().unwrap(), serde_json::from_str(&text(lengths)).unwrap());
            found.insert((text("user_id"), direction, evidence.clone()), of_order);
        }
    }
    let mut compared = 0;
    for ((case, direction, k, ..), values) in expected() {
        for evidence in ["kt", "bic"] {
            let Some((_, (selected, lengths))) = found
                .iter()
                .find(|((user, way, by), _)| *user == case && *way == direction && by == evidence)
            else {
                panic!("{case} {direction} {evidence}: not found")
            };
            if let Some(bits) = values.get(&format!("{evidence}_bits")) {
                let away = (lengths[&k] - bits).abs();
                assert!(
                    away < 1e-12 * bits,
                    "{case} {direction} {evidence} {k}: {}, not {bits}",
                    lengths[&k]
                );
                compared += 1;
            }
            if let Some(order) = values.get(&format!("{evidence}_selected")) {
                assert_eq!(selected.to_bits(), order.to_bits(), "{case} {direction} {evidence}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 6 * 2 * 2 * (4 + 1));
}

/// The predecessor's p of drawn surrogates may be 0, and then its floor is; shifts that are gone through count the
/// unmoved source. Either way the run can be merged.
#[test]
#[ignore = "long"]
fn nulls_of_ones_own_have_the_p_of_the_predecessor() {
    let world = World::new(0);
    let from = Path::new(REFERENCE).join("series_clean.csv");
    std::fs::copy(from, world.path("data/clean.csv")).unwrap();
    let of = |nulls: &str| {
        let usual = "nulls: [days, within_past, circular_shift, permute], stop_above: 1";
        let own = config("utc_offset_hours: 0", (1, 1, "[1]")).replace(usual, nulls);
        world.write("quick.yaml", own + "compat: predecessor\n");
    };
    let shifted = "circular_shift,456,0,True,0.002188183807439825,0.002188183807439825\n";
    let drawn = "within_past,1000,0,False,0.0,0.0\n";
    for (run, nulls, expected) in [
        ("shift", "nulls: [circular_shift, within_past], stop_above: 1", [shifted, drawn].concat()),
        ("stages", "nulls: [within_past], adaptive_surrogates: {enabled: true}", drawn.to_owned()),
    ] {
        of(nulls);
        assert_eq!(world.analyse(run, &[]).code, Some(0));
        let sql = "select \"null\", surrogates, exceedances, exhaustive, p, p_floor from nulls
                   where direction = 'A2S' order by \"null\"";
        let said = world.expect(0, &["sql", "--run", run, "--format", "csv", sql]).out;
        let (_, rows) = said.split_once('\n').unwrap();
        assert_eq!(rows, expected);
        world.expect(0, &["validate", run]);
        let merged = format!("m_{run}");
        world.expect(0, &["merge", "--shards", run, "--output", &merged]);
        world.expect(0, &["validate", &merged]);
    }
}

/// What is done to a number.
type Change = fn(f64) -> f64;

/// Numbers of a column, the first that is there changed.
fn first(values: &ArrayRef, change: Change) -> ArrayRef {
    let as_float = arrow::compute::cast(values, &DataType::Float64).unwrap();
    let place = (0..values.len()).find(|row| as_float.is_valid(*row)).unwrap();
    let own = as_float.as_primitive::<Float64Type>().iter().enumerate();
    let changed: Float64Array =
        own.map(|(row, value)| if row == place { value.map(change) } else { value }).collect();
    arrow::compute::cast(&changed, values.data_type()).unwrap()
}

#[test]
#[ignore = "long"]
fn what_nulls_say_is_checked() {
    let world = World::new(0);
    let from = Path::new(REFERENCE).join("series_clean.csv");
    std::fs::copy(from, world.path("data/clean.csv")).unwrap();
    let quick = config("utc_offset_hours: 0", (1, 1, "[1]"))
        .replace("surrogates: 1000", "surrogates: 99")
        .replace("[global_te]", "[global_te, gc]");
    world.write("quick.yaml", quick);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["validate", "run"]);
    // The pictures of `docs/nulls.md`.
    for name in ["days_and_p", "strangers_p"] {
        let query = format!("{}/docs/pictures/{name}.sql", env!("CARGO_MANIFEST_DIR"));
        let drawn = world.expect(0, &["plot", &query, "--run", "run"]).out;
        assert!(drawn.starts_with("<svg ") && drawn.contains(" marks ("), "{drawn}");
    }
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let csv = world.csv("merged");
    assert_eq!(csv["per_user_nulls.csv"].lines().count(), 1 + 2 * 4 + 2 * 3, "gc has no past to stay within");
    // Groups are tested by effective values, and families say what could not be reached.
    let sql = "select abs(g.median - (t.effective_A2S - t.effective_S2A)) < 1e-15 as effective, f.out_of_reach, f.pi0
               from te t join group_tests g on g.difference = 'Delta_TE' join families f on f.q_column = 'q_A2S'";
    let said = world.expect(0, &["sql", "--run", "merged", "--format", "csv", sql]).out;
    assert_eq!(said, "effective,out_of_reach,pi0\nTrue,0,0.0\n");
    let said = world.expect(0, &["validate", "merged"]).out;
    let checks = ["nulls_p", "nulls_largest te.p_A2S", "nulls_largest gc.GC_S2A_pval", "interval te.low_S2A"];
    for check in checks {
        assert!(said.contains(&format!("ok    {check}\n")), "{check}: {said}");
    }
    // Granger causality has no past to stay within, whatever another null says of it.
    let spared = config("utc_offset_hours: 0", (1, 1, "[1]"))
        .replace("surrogates: 1000", "surrogates: 99")
        .replace("[global_te]", "[gc]")
        .replace("circular_shift, permute], stop_above: 1", "permute], stop_above: 0");
    world.write("quick.yaml", spared);
    assert_eq!(world.analyse("spared", &[]).code, Some(0));
    let sql = "select direction, \"null\", reason from nulls order by 1, 2";
    let said = world.expect(0, &["sql", "--run", "spared", "--format", "csv", sql]).out;
    let above = "another null is above stop_above";
    assert_eq!(
        said,
        format!("direction,null,reason\nA2S,days,\nA2S,permute,{above}\nS2A,days,\nS2A,permute,{above}\n")
    );
    let changes: [(&str, &str, Change, &str); 6] = [
        ("nulls", "exceedances", |e| e + 1.0, "nulls_p"),
        ("nulls", "p", |p| p / 2.0, "nulls_p"),
        ("te", "p_A2S", |p| p / 2.0, "nulls_largest te.p_A2S"),
        ("te", "p_floor_S2A", |p| p / 2.0, "nulls_largest te.p_S2A"),
        ("gc", "GC_S2A_pval", |p| p / 2.0, "nulls_largest gc.GC_S2A_pval"),
        ("te", "high_A2S", |high| high - 10.0, "interval te.low_A2S"),
    ];
    for (table, column, by, failed) in changes {
        let path = world.path(&format!("merged/{table}.parquet"));
        let whole = std::fs::read(&path).unwrap();
        change(&path, column, |values| first(values, by));
        let said = world.expect(3, &["validate", "merged"]).out;
        assert!(said.contains(&format!("FAIL  {failed}\n")), "{table}.{column}: {said}");
        std::fs::write(&path, whole).unwrap();
    }
}

/// Three people with the recording of one: what all of them together say of a direction, and of their lags.
#[test]
#[ignore = "long"]
fn directions_are_tested_over_users_and_lags_together() {
    let world = World::new(0);
    for user in ["one", "two", "three"] {
        let from = Path::new(REFERENCE).join("series_clean.csv");
        std::fs::copy(from, world.path(&format!("data/{user}.csv"))).unwrap();
    }
    let quick = config("utc_offset_hours: 0", (1, 1, "1..3"))
        .replace("[days, within_past, circular_shift, permute], stop_above: 1", "[days], lag_scan: true");
    world.write("quick.yaml", quick);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let said = world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    assert!(!said.err.contains("could not have reached"), "{}", said.err);
    let ask = |sql: &str| world.expect(0, &["sql", "--run", "merged", "--format", "csv", sql]).out;
    // Six days in all 720 orders; the three W of equal values above 0 is the largest of eight.
    let sql =
        "select direction, tau, n, p from group_tests where difference = 'coupling' and direction = 'A2S'
               and tau = 1";
    assert_eq!(ask(sql), "direction,tau,n,p\nA2S,1,3,0.125\n");
    let sql =
        "select difference, count(*) as tests, count(q) as corrected from group_tests group by 1 order by 1";
    assert_eq!(ask(sql), "difference,tests,corrected\nDelta_TE,3,3\ncoupling,6,6\n");
    world.expect(0, &["export", "merged", "--paper", "paper"]);
    let read = |name: &str| std::fs::read_to_string(world.path("paper").join(name)).unwrap();
    let couplings = read("couplings.md");
    for direction in ["A2S", "S2A"] {
        let rows = couplings.lines().filter(|line| line.contains(&format!("| {direction} | 3 | ")));
        assert_eq!(rows.count(), 3, "{couplings}");
    }
    assert_eq!(read("couplings.tex").matches(" & A2S & $3$ & ").count(), 3);
    assert!(!read("group_tests.md").contains("A2S |") && read("methods.md").contains("these 6 tests"));
    let sql = "select user_id, lags, best_tau, surrogates_scan, exhaustive, p_scan = q_scan as alike, days
               from lag_scan where direction = 'A2S' order by user_id limit 1";
    assert_eq!(
        ask(sql),
        "user_id,lags,best_tau,surrogates_scan,exhaustive,alike,days\none,3,1,720,True,True,6\n"
    );
    assert_eq!(world.csv("merged")["per_user_lag_scan.csv"].lines().count(), 7);
    let said = world.expect(0, &["validate", "merged"]).out;
    assert!(said.contains("ok    lag_scan_p\n"), "{said}");
    change(&world.path("merged/lag_scan.parquet"), "p_scan", |values| first(values, |p| p / 2.0));
    let said = world.expect(3, &["validate", "merged"]).out;
    assert!(said.contains("FAIL  lag_scan_p\n"), "{said}");
}

/// A recording of one day has no p against days, and its row says why.
#[test]
fn one_day_has_no_p_and_says_so() {
    let world = World::new(0);
    let text = std::fs::read_to_string(Path::new(REFERENCE).join("series_clean.csv")).unwrap();
    world.write("data/short.csv", text.split_inclusive('\n').take(1 + 90).collect::<String>());
    let quick = config("utc_offset_hours: 0", (1, 1, "[1]"))
        .replace("[days, within_past, circular_shift, permute], stop_above: 1", "[days, within_past]")
        .replace("data: {", "data: {min_rows: 50, ");
    world.write("quick.yaml", quick);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let sql = "select p_A2S, reason_A2S, TE_A2S is not null as value from te";
    let said = world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out;
    assert_eq!(said, "p_A2S,reason_A2S,value\n,`days`: one day only,True\n");
    let sql = "select error from issues where method = 'TE' order by error limit 1";
    let said = world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out;
    assert!(said.contains("A2S: no p, `days` has none: one day only"), "{said}");
    let said =
        world.expect(0, &["merge", "--shards", "run", "--output", "merged", "--report", "report.json"]);
    assert!(said.err.contains("2 tests without p: one day only\n"), "{}", said.err);
    let report = std::fs::read_to_string(world.path("report.json")).unwrap();
    assert!(report.contains("\"one day only\": 2"), "{report}");
}

/// Two days have two orders, and no p below .5.
#[test]
fn tests_that_cannot_reach_alpha_are_counted() {
    let world = World::new(0);
    let text = std::fs::read_to_string(Path::new(REFERENCE).join("series_clean.csv")).unwrap();
    let two_days: String = text.split_inclusive('\n').take(1 + 2 * 96).collect();
    world.write("data/short.csv", two_days);
    let quick = config("utc_offset_hours: 0", (1, 1, "[1]"))
        .replace("[days, within_past, circular_shift, permute], stop_above: 1", "[days]")
        .replace("data: {", "data: {min_rows: 100, ");
    world.write("quick.yaml", quick);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let said =
        world.expect(0, &["merge", "--shards", "run", "--output", "merged", "--report", "report.json"]);
    assert!(said.err.contains("2 of 2 tests could not have reached 0.05, whatever the data"), "{}", said.err);
    let report = std::fs::read_to_string(world.path("report.json")).unwrap();
    assert!(report.contains("\"out_of_reach\": 2"), "{report}");
}

/// The row of a lag that is longer than the recording says so, and the other lag has its p.
#[test]
#[ignore = "long"]
fn a_lag_that_is_too_long_says_so_in_its_row() {
    let world = World::new(0);
    let from = Path::new(REFERENCE).join("series_clean.csv");
    std::fs::copy(from, world.path("data/clean.csv")).unwrap();
    let quick = config("utc_offset_hours: 0", (1, 1, "[1, 5000]"))
        .replace("[days, within_past, circular_shift, permute], stop_above: 1", "[days], lag_scan: true")
        .replace("[global_te]", "[global_te, stratified_te, true_cte, ste]");
    // Its bins of hours are short.
    let quick = quick + "quality_profile: exploratory\n";
    world.write("quick.yaml", quick);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let of = |table: &str| {
        let sql = format!(
            "select tau, p_A2S is not null and p_S2A is not null as p, reason_A2S, reason_A2S is not distinct from reason_S2A as same
             from {table} order by tau"
        );
        world.expect(0, &["sql", "--run", "run", "--format", "csv", &sql]).out
    };
    for table in ["te", "stratified_cte", "true_cte", "ste"] {
        let said = of(table);
        let lines: Vec<&str> = said.lines().skip(1).collect();
        assert_eq!(lines[0], "1,True,,True", "{table}: {said}");
        assert!(
            lines[1].starts_with("5000,False,no observations: ") && lines[1].ends_with(",True"),
            "{said}"
        );
    }
    let sql = "select lags, best_tau from lag_scan where measure = 'te' and direction = 'A2S'";
    assert_eq!(world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out, "lags,best_tau\n1,1\n");
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    world.expect(0, &["validate", "merged"]);
}
