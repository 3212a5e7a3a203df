//! `results sql`.

use crate::world::World;

fn world() -> World {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &["--shards", "3"]).code, Some(0));
    world
}

#[test]
fn every_format_and_every_way_to_ask() {
    let world = world();
    let query = "select user_id, tau, TE_A2S is not null as there from te order by user_id, tau limit 1";
    let ask = |format: &str| world.expect(0, &["sql", "--run", "run", "--format", format, query]).out;
    assert_eq!(ask("csv"), "user_id,tau,there\nu00,1,True\n");
    assert_eq!(ask("json"), "[{\"user_id\":\"u00\",\"tau\":1,\"there\":true}]\n");
    assert_eq!(ask("ndjson"), "{\"user_id\":\"u00\",\"tau\":1,\"there\":true}\n");
    assert!(ask("table").contains("| u00     | 1   | true  |\n") && ask("table").ends_with("1 row\n"));
    world.expect(0, &["sql", "--run", "run", "--format", "parquet", "--output", "x.parquet", query]);
    assert_eq!(&std::fs::read(world.path("x.parquet")).unwrap()[..4], b"PAR1");
    world.expect(0, &["sql", "--run", "run", "--format", "arrow", "--output", "x.arrow", query]);
    assert!(std::fs::metadata(world.path("x.arrow")).unwrap().len() > 100);
    let twice = world.expect(2, &["sql", "--run", "run", "--output", "x.arrow", query]);
    assert!(twice.err.contains("exists already"), "{}", twice.err);
    world.write("q.sql", query);
    assert_eq!(
        world.expect(0, &["sql", "--run", "run", "--format", "csv", "--file", "q.sql"]).out,
        ask("csv")
    );
    let histogram = world.expect(0, &["sql", "--run", "run", "--query", "k_histogram", "--format", "csv"]);
    assert!(histogram.out.starts_with("k,units\n"), "{}", histogram.out);
}

#[test]
fn every_report_runs() {
    let world = world();
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let list = world.expect(0, &["sql", "--list"]).out;
    let names: Vec<&str> = list.lines().skip(1).filter_map(|l| l.split_whitespace().next()).collect();
    assert!(names.len() >= 6, "{list}");
    for name in names {
        for source in ["run", "merged"] {
            world.expect(0, &["sql", "--run", source, "--query", name]);
        }
    }
}

#[test]
fn raw_rows_know_their_shard_and_attempt() {
    let world = world();
    let sql = "select shard, count(*) as n, count(distinct attempt) as attempts from raw.te group by shard order by shard";
    let out = world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out;
    assert_eq!(out, "shard,n,attempts\n0,2,1\n1,2,1\n2,2,1\n");
    let q = "select count(q_A2S) as q, count(p_Delta_TE) as p from te";
    assert_eq!(world.expect(0, &["sql", "--run", "run", "--format", "csv", q]).out, "q,p\n6,6\n");
}

#[test]
fn nothing_can_be_changed_and_mistakes_are_told() {
    let world = world();
    for sql in [
        "drop table te",
        "create table x as select 1",
        "insert into te select * from te",
        "copy te to 'x.csv'",
        "set datafusion.execution.batch_size = 1",
        "create external table f stored as csv location '/etc/passwd'",
    ] {
        let said = world.run(&["sql", "--run", "run", sql]);
        assert_eq!(said.code, Some(1), "{sql}: {said:#?}");
    }
    assert!(!world.path("x.csv").exists());
    let said = world.expect(1, &["sql", "--run", "run", "selec 1"]);
    insta::assert_snapshot!(said.err, @"error: Expected: an SQL statement, found: selec at Line: 1, Column: 1");
    let said = world.expect(1, &["sql", "--run", "run", "select * from nosuch"]);
    insta::assert_snapshot!(said.err, @r"
    error: table 'nosuch' not found
    (hint: `\d` at the prompt of `results sql` lists the tables)
    ");
    let said = world.expect(1, &["sql", "--run", "run", "select TE_A2 from te"]);
    assert!(said.err.contains("TE_A2"), "{}", said.err);
    let said = world.expect(2, &["sql", "--run", "run", "--query", "nothing"]);
    assert!(said.err.contains("k_histogram"), "{}", said.err);
    let said = world.expect(2, &["sql", "select 1"]);
    assert!(said.err.contains("--run DIR"), "{}", said.err);
    let said = world.expect(1, &["sql", "--run", "data", "select 1"]);
    assert!(said.err.contains("neither a run"), "{}", said.err);
}

#[test]
fn q_values_are_those_of_the_whole_set() {
    let world = World::new(8);
    assert_eq!(world.analyse("run", &["--shards", "4"]).code, Some(0));
    let sql = "select tau, p_A2S, q_A2S from te order by tau, user_id";
    let out = world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out;
    for tau in ["1", "2"] {
        let rows: Vec<Vec<&str>> =
            out.lines().skip(1).map(|l| l.split(',').collect()).filter(|r: &Vec<&str>| r[0] == tau).collect();
        let number = |text: &str| text.parse::<f64>().unwrap();
        let p: Vec<Option<f64>> = rows.iter().map(|r| Some(number(r[1]))).collect();
        let q = results::stats::benjamini_hochberg(&p);
        for (row, q) in rows.iter().zip(q) {
            assert!((number(row[2]) - q.unwrap()).abs() < 1e-15, "{row:?} {q:?}");
        }
    }
}

#[test]
fn without_families_nothing_is_corrected_and_the_merge_still_works() {
    let world = World::new(3);
    world.write("quick.yaml", format!("{}fdr: {{families: []}}\n", crate::world::QUICK));
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    world.expect(0, &["validate", "merged"]);
    let sql = "select count(p_A2S) as p, count(q_A2S) as q, count(p_Delta_TE) as d from te";
    assert_eq!(world.expect(0, &["sql", "--run", "merged", "--format", "csv", sql]).out, "p,q,d\n6,0,0\n");
}
