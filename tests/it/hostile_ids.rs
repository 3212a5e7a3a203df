//! User ids are any text; none leaves the run or meets another.

use std::collections::BTreeSet;

use crate::world::World;

/// An analysis of a table with a column of users.
pub(crate) const COLUMNS: &str = "feature_modes: [x]
data:
  format: columns
  user: who
  text_columns: [who]
  source: '\"a\"'
  target: '\"b\"'
  discretize: {source: {quantiles: 3}, target: none}
  min_rows: 50
analysis_modes: [global_te]
k_selection: {strategy: AIS, k_grid: [1, 2], per_variable: false}
statistical: {nulls: [permute]}
surrogates: 9
quality_profile: exploratory
";

fn ids() -> Vec<String> {
    let plain = [
        "../x",
        "a=b",
        "a b",
        "..",
        ".",
        "a/b",
        "a%2Fb",
        "🙂",
        "ab",
        "aB",
        "AB",
        "~",
        "'; drop table te; --",
        "con",
    ];
    let mut ids: Vec<String> = plain.map(str::to_owned).to_vec();
    ids.push("é".repeat(300));
    ids.push("é".repeat(299) + "e");
    ids
}

fn data(ids: &[String]) -> String {
    let mut text = "who,a,b\n".to_owned();
    let mut state = 12345u64;
    for id in ids {
        for _ in 0..120 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (a, b) = (state >> 40 & 1023, state >> 60 & 1);
            text.push_str(&format!("\"{id}\",{a},{b}\n"));
        }
    }
    text
}

#[test]
fn every_id_comes_back_as_it_was() {
    let world = World::new(0);
    let ids = ids();
    std::fs::remove_dir_all(world.path("data")).unwrap();
    std::fs::create_dir(world.path("data")).unwrap();
    world.write("data/all.csv", data(&ids));
    world.write("quick.yaml", COLUMNS);
    let said = world.analyse("out dir/a run", &["--shards", "2"]);
    assert_eq!(said.code, Some(0), "{said:#?}");

    let run = world.path("out dir/a run").canonicalize().unwrap();
    for file in world.files("out dir") {
        assert!(file.canonicalize().unwrap().starts_with(&run), "{} escaped", file.display());
    }
    let outside: Vec<_> = std::fs::read_dir(world.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(outside.len(), 3, "{outside:?}");
    assert_eq!(world.files("out dir/a run/te").len(), ids.len());

    world.expect(0, &["merge", "--shards", "out dir/a run", "--output", "merged"]);
    world.expect(0, &["validate", "merged"]);
    for source in ["merged", "out dir/a run"] {
        let sql = "select distinct user_id from te";
        let out = world.expect(0, &["sql", "--run", source, "--format", "ndjson", sql]).out;
        let found: BTreeSet<String> = out
            .lines()
            .map(|l| {
                serde_json::from_str::<serde_json::Value>(l).unwrap()["user_id"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(found, ids.iter().cloned().collect::<BTreeSet<_>>(), "{source}");
    }
}

#[test]
fn two_files_of_one_user_are_refused() {
    let world = World::new(1);
    std::fs::copy(world.path("data/u00.features_labels.csv"), world.path("data/u00.features_labels.csv.gz"))
        .unwrap();
    let said = world.analyse("run", &[]);
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert!(said.err.contains("u00.features_labels.csv.gz"), "{}", said.err);
}
