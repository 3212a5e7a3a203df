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
    // The name of a file says it too, unless somebody says otherwise.
    for (name, begin) in
        [("y.csv", "user_id,"), ("y.JSONL", "{"), ("y.json", "[{"), ("y.txt", "+--"), ("y.parquet", "PAR1")]
    {
        world.expect(0, &["sql", "--run", "run", "--output", name, query]);
        assert!(std::fs::read(world.path(name)).unwrap().starts_with(begin.as_bytes()), "{name}");
    }
    world.expect(0, &["sql", "--run", "run", "--format", "table", "--output", "z.csv", query]);
    assert!(std::fs::read(world.path("z.csv")).unwrap().starts_with(b"+--"));
    world.write("q.sql", query);
    assert_eq!(
        world.expect(0, &["sql", "--run", "run", "--format", "csv", "--file", "q.sql"]).out,
        ask("csv")
    );
    let histogram = world.expect(0, &["sql", "--run", "run", "--query", "k_histogram", "--format", "csv"]);
    assert!(histogram.out.starts_with("k,units\n"), "{}", histogram.out);
}

#[test]
fn the_order_of_a_merged_output_is_known_as_long_as_its_footer_says_so() {
    let world = world();
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let page = "select * from te order by user_id, feature_mode, tau limit 2";
    let plan = |run: &str| {
        world.expect(0, &["sql", "--run", run, "--format", "csv", &format!("explain {page}")]).out
    };
    let rows = |run: &str| world.expect(0, &["sql", "--run", run, "--format", "csv", page]).out;
    assert!(!plan("merged").contains("SortExec"), "{}", plan("merged"));
    assert_eq!(rows("merged"), rows("run"));
    // Another program writes the rows in another order.
    let backwards = "select * from te order by user_id desc, tau desc";
    let args = ["sql", "--run", "merged", "--format", "parquet", "--output", "te.parquet", backwards];
    world.expect(0, &args);
    std::fs::rename(world.path("te.parquet"), world.path("merged/te.parquet")).unwrap();
    assert!(plan("merged").contains("SortExec"), "{}", plan("merged"));
    assert_eq!(rows("merged"), rows("run"));
}

#[test]
fn what_a_format_cannot_hold_is_an_error() {
    let world = World::new(1);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let late = "select [arrow_cast(9223372036854775807, 'Timestamp(Second, None)')] as t";
    for format in ["json", "ndjson", "csv"] {
        let said = world.expect(1, &["sql", "--run", "run", "--format", format, late]);
        assert!(!said.out.contains("ERROR") && said.err.contains("(hint:"), "{format}: {said:?}");
    }
    let args = [
        "sql",
        "--run",
        "run",
        "--format",
        "parquet",
        "--output",
        "i.parquet",
        "select interval '1 day' as i",
    ];
    insta::assert_snapshot!(world.expect(1, &args).err, @"
    error: Parquet has no such values
    (hint: CAST(x AS VARCHAR), or extract(epoch FROM x) of an interval)
    ");
}

#[test]
#[ignore = "long"]
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
fn tables_are_listed_that_there_are_to_ask() {
    let world = world();
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let sql = "select concat(table_schema, '.', table_name) as t from information_schema.tables \
               where table_schema <> 'information_schema'";
    let listed = |dir: &str| world.expect(0, &["sql", "--run", dir, "--format", "csv", sql]).out;
    insta::assert_snapshot!(listed("run"), @"
    t
    public.day_hours
    public.events
    public.expected
    public.families
    public.files
    public.group_tests
    public.hour_bins
    public.issues
    public.k_selection
    public.te
    public.tests
    public.users
    raw.day_hours
    raw.hour_bins
    raw.issues
    raw.k_selection
    raw.te
    raw.users
    ");
    insta::assert_snapshot!(listed("merged"), @"
    t
    public.day_hours
    public.families
    public.group_tests
    public.hour_bins
    public.issues
    public.k_selection
    public.te
    public.tests
    public.users
    ");
    let shown = world.expect(0, &["sql", "--run", "run", "--format", "csv", "SHOW  tables;"]).out;
    assert_eq!(shown.lines().count(), 19, "{shown}");
    assert!(!shown.contains("information_schema") && !shown.contains("counting"), "{shown}");
    // A table that the run has not is there all the same for who names it.
    for dir in ["run", "merged"] {
        let none = world.expect(0, &["sql", "--run", dir, "--format", "csv", "select count(*) as n from gc"]);
        assert_eq!(none.out, "n\n0\n", "{dir}");
    }
    assert!(!world.path("merged/per_user_gc.csv").exists() && world.path("merged/per_user_te.csv").exists());
}

#[test]
fn the_tests_of_all_tables_are_one_table() {
    let world = world();
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let sql = "select measure, t.direction, count(*) as n, \
               count(case when (t.q is not distinct from (case t.direction when 'A2S' then e.q_A2S else e.q_S2A end)) \
               and t.value = (case t.direction when 'A2S' then e.TE_A2S else e.TE_S2A end) then 1 end) as same \
               from tests t join te e on t.user_id = e.user_id and t.tau = e.tau \
               group by measure, t.direction order by t.direction";
    for dir in ["run", "merged"] {
        let found = world.expect(0, &["sql", "--run", dir, "--format", "csv", sql]).out;
        assert_eq!(found, "measure,direction,n,same\nTE,A2S,6,6\nTE,S2A,6,6\n", "{dir}");
    }
}

/// Everything that would write or change something.
const CHANGES: &[&str] = &[
    "drop table te",
    "drop view te",
    "create table x as select 1",
    "create view x as select 1",
    "create schema x",
    "insert into te select * from te",
    "insert into users values (1)",
    "delete from te",
    "update te set tau = 1",
    "truncate table te",
    "copy te to 'x.csv'",
    "copy (select 1) to 'x.parquet' stored as parquet",
    "set datafusion.execution.batch_size = 1",
    "create external table f stored as csv location '/etc/passwd'",
    "create external table f (a int) stored as csv location 'x.csv'",
    "create function f(bigint) returns bigint return $1 + 1",
    "prepare q as select 1",
    "begin",
    "explain analyze copy te to 'x.csv'",
    "explain copy te to 'x.csv'",
];

#[test]
#[ignore = "long"]
fn nothing_can_be_changed() {
    let world = world();
    let before = world.files(".");
    for sql in CHANGES {
        let said = world.run(&["sql", "--run", "run", sql]);
        assert_eq!(said.code, Some(1), "{sql}: {said:#?}");
        world.write("q.sql", sql);
        let said = world.run(&["sql", "--run", "run", "--file", "q.sql"]);
        assert_eq!(said.code, Some(1), "{sql}: {said:#?}");
        for many in [format!("select 1; {sql}"), format!("{sql}; select 1"), format!("{sql}; {sql}")] {
            let said = world.run(&["sql", "--run", "run", "--format", "csv", &many]);
            assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{many}: {said:#?}");
        }
        std::fs::remove_file(world.path("q.sql")).unwrap();
        assert_eq!(world.files("."), before, "{sql}");
    }
    let said = world.expect(1, &["sql", "--run", "run", "select * from '/etc/passwd'"]);
    assert!(said.err.contains("not found"), "{}", said.err);
    let said = world.expect(2, &["sql", "--run", "run", "select 1; select 2"]);
    insta::assert_snapshot!(said.err, @r"
    error: more than one query
    (hint: \i FILE at the prompt does all of a file)
    ");
    let said = world.expect(1, &["sql", "--run", "run", "copy te to 'x.csv'"]);
    insta::assert_snapshot!(said.err, @r"
    error: COPY is not a query
    (hint: queries only read here: SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES; `results sql --output FILE` writes the rows of one to a file)
    ");
    // A query that fails leaves no output either.
    let said =
        world.run(&["sql", "--run", "run", "--output", "x.csv", "--format", "csv", "select 1 / 0 from te"]);
    assert_eq!(said.code, Some(1), "{said:#?}");
    assert_eq!(world.files("."), before);
}

#[test]
fn parameters_have_values() {
    let world = world();
    let ask = |code, more: &[&str]| {
        world.expect(code, &[&["sql", "--run", "run", "--format", "csv"], more].concat())
    };
    let count = "select count(*) as n from te where q_A2S <= $alpha and user_id = $user";
    assert_eq!(ask(0, &["--param", "alpha=1", "--param", "user=u00", count]).out, "n\n2\n");
    assert_eq!(ask(0, &["--param", "user='u00'", count, "--param", "alpha=-1"]).out, "n\n0\n");
    insta::assert_snapshot!(ask(2, &["--param", "user=u00", count]).err, @r"
    error: the query uses $alpha, which has no value
    (hint: give one with --param alpha=VALUE)
    ");
    insta::assert_snapshot!(ask(2, &["--param", "alhpa=1", "--param", "user=u00", "--param", "alpha=1", count]).err, @r"
    error: the query has no parameter $alhpa
    (hint: it uses $alpha and $user)
    ");
    insta::assert_snapshot!(ask(2, &["--param", "alpha", count]).err, @r"
    error: `alpha` isn't a parameter
    (hint: write it as NAME=VALUE, like alpha=0.05; a name has letters, digits and _)
    ");
    insta::assert_snapshot!(ask(2, &["--param", "alpha=low", "--param", "user=u00", count]).err, @"error: $alpha must be a number, and `low` isn't one");
    // A report has values of its own, which can be replaced.
    let lines = |more: &[&str]| ask(0, &[&["--query", "significant"], more].concat()).out.lines().count();
    assert_eq!(lines(&["--param", "alpha=2"]), 1 + 12);
    assert_eq!(lines(&["--param", "alpha=0"]), 1);
    assert!(lines(&[]) <= 1 + 12);
    assert_eq!(ask(0, &["--query", "slowest_users", "--param", "n=1"]).out.lines().count(), 2);
    let said = ask(2, &["--query", "k_histogram", "--param", "alpha=1"]);
    assert!(said.err.contains("it uses none"), "{}", said.err);
}

#[test]
fn reports_are_listed_with_their_parameters() {
    let world = World::new(0);
    insta::assert_snapshot!(world.expect(0, &["sql", "--list"]).out, @r"
    query              parameters                  what it shows
    delta_by_k                                     Difference of the two directions of transfer entropy by k and tau.
    failures                                       Units that failed or were skipped, by reason.
    k_histogram                                    How many units chose each k.
    shard_balance                                  Units, rows and time of each shard.
    significant        alpha=0.05 (q is below it)  Tests of transfer entropy with small q, smallest first.
    significant_users  alpha=0.05 (q is below it)  Users with small q, for each measure, feature mode, lag and direction.
    slowest_users      n=20 (how many)             The units that took longest.
    ");
}

#[test]
fn significant_users_are_counted_for_each_measure() {
    let world = world();
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let args = ["--query", "significant_users", "--param", "alpha=2", "--format", "csv"];
    let of = |source| world.expect(0, &[&["sql", "--run", source], &args[..]].concat()).out;
    assert_eq!(of("run"), of("merged"));
    insta::assert_snapshot!(of("run"), @r"
    measure,feature_mode,tau,direction,tested,significant
    te,composite,1,A2S,3,3
    te,composite,1,S2A,3,3
    te,composite,2,A2S,3,3
    te,composite,2,S2A,3,3
    ");
}

#[test]
fn functions_of_the_field_agree_with_the_tables() {
    let world = world();
    let sql = "select max(abs(q - q_A2S)) < 1e-15 as same, max(abs(p - p_Delta_TE)) < 1e-15 as same_p, min(hl) is not null as hl
               from (select q_A2S, bh_qvalue(p_A2S) over (partition by tau) as q, p_Delta_TE,
                            wilcoxon_p(Delta_TE) over (partition by tau) as p,
                            hodges_lehmann(Delta_TE) over (partition by tau) as hl from te)";
    let out = world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out;
    assert_eq!(out, "same,same_p,hl\nTrue,True,True\n");
    let said = world.expect(1, &["sql", "--run", "run", "select bh_qvalue(user_id) over () from te"]);
    insta::assert_snapshot!(said.err, @r"
    error: bh_qvalue takes numbers, and this is text
    (hint: CAST(… AS DOUBLE) makes numbers of what holds them)
    ");
}

#[test]
fn what_functions_with_over_need_is_told() {
    let world = world();
    let said = |sql| world.expect(1, &["sql", "--run", "run", sql]).err;
    insta::assert_snapshot!(said("select bh_qvalue(p_A2S) from te"), @r"
    error: bh_qvalue needs to know which tests belong together
    (hint: bh_qvalue(p) OVER (PARTITION BY tau), or OVER () for all rows)
    ");
    insta::assert_snapshot!(said("select 1 from te where bh_qvalue(p_A2S) over () < 1"), @r"
    error: a function with OVER cannot stand there
    (hint: QUALIFY in place of WHERE can have it)
    ");
    let sql = "select user_id, bh_qvalue(p_A2S) over (partition by tau) as q from te qualify q <= 1";
    assert!(world.expect(0, &["sql", "--run", "run", sql]).out.ends_with("6 rows\n"));
}

#[test]
fn into_a_pipe_nothing_is_cut() {
    let world = world();
    let mut narrow = world.command(&["sql", "--run", "run", "select * from te"]);
    let said = crate::world::said(&narrow.env("COLUMNS", "40").env("PAGER", "false").output().unwrap());
    assert!(said.out.lines().next().unwrap().len() > 400 && !said.out.contains('…'), "{}", said.out);
    assert_eq!(said.err, "");
}

#[test]
fn mistakes_are_told() {
    let world = world();
    let said = world.expect(1, &["sql", "--run", "run", "selec 1"]);
    insta::assert_snapshot!(said.err, @r"
    error: Expected: an SQL statement, found: selec at Line: 1, Column: 1
    (hint: a query begins with SELECT, WITH or VALUES)
    ");
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
        let q = results_numerics::numerics::stats::benjamini_hochberg(&p);
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

#[test]
fn several_runs_are_named_by_number_or_stand_below_each_other() {
    let world = World::new(3);
    assert_eq!(world.analyse("a", &[]).code, Some(0));
    world.write("quick.yaml", crate::world::QUICK.replace("surrogates: 19", "surrogates: 29"));
    assert_eq!(world.analyse("b", &["--users", "2"]).code, Some(0));
    let ask = |runs: &[&str], sql: &str| {
        let runs: Vec<&str> = runs.iter().flat_map(|run| ["--run", run]).collect();
        world.expect(0, &[&["sql", "--format", "csv"], &runs[..], &[sql]].concat()).out
    };
    let stacked = "select run, count(*) as n, max(surrogates_A2S) as s from te group by run order by run";
    assert_eq!(ask(&["a", "b"], stacked), "run,n,s\na,6,19\nb,4,29\n");
    let both = "select x.user_id, x.q_A2S is not null as x, y.q_A2S is not null as y \
                from run1.te x left join run2.te y on x.user_id = y.user_id and x.tau = y.tau \
                where x.tau = 1 order by 1";
    assert_eq!(ask(&["a", "b"], both), "user_id,x,y\nu00,True,True\nu01,True,True\nu02,True,False\n");
    // Shards and copies of one configuration are one table.
    std::fs::rename(world.path("a"), world.path("c")).unwrap();
    std::fs::create_dir(world.path("copy")).unwrap();
    let copied =
        std::process::Command::new("cp").args(["-r", "c", "copy"]).current_dir(world.root()).status();
    assert!(copied.unwrap().success());
    assert_eq!(ask(&["c", "copy/c"], "select count(*) as n from te"), "n\n6\n");
}

#[test]
fn families_and_group_tests_say_what_was_done() {
    let world = World::new(5);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["merge", "--shards", "run", "--output", "m"]);
    let sql = "select q_column, tau, family_size, method, alpha, smallest_p, q_if_alone from families \
               where table_name = 'te' order by q_column, tau";
    let families = |dir: &str| world.expect(0, &["sql", "--run", dir, "--format", "csv", sql]).out;
    assert_eq!(
        families("m"),
        "q_column,tau,family_size,method,alpha,smallest_p,q_if_alone\n\
         q_A2S,1,5,bh,0.05,0.05,0.25\nq_A2S,2,5,bh,0.05,0.05,0.25\n\
         q_S2A,1,5,bh,0.05,0.05,0.25\nq_S2A,2,5,bh,0.05,0.05,0.25\n"
    );
    assert_eq!(families("run"), families("m"));
    let sql = "select count(*) as n from group_tests where location between location_low and location_high \
               and location_low < location_high";
    assert_eq!(world.expect(0, &["sql", "--run", "m", "--format", "csv", sql]).out, "n\n2\n");
}

#[test]
#[ignore = "long"]
fn memory_is_bounded_in_words() {
    let world = World::new(1);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let sql = "select count(distinct a.tau + b.idx + c.idx * 100 + d.idx * 10000) as n \
               from te a, hour_bins b, hour_bins c, hour_bins d";
    let ask = |memory: &str| world.run(&["sql", "--run", "run", "--format", "csv", "--memory", memory, sql]);
    assert_eq!(ask("1GB").code, Some(0));
    let said = ask("100kB");
    insta::assert_snapshot!(said.err, @"
    error: the query needs more memory than it may have (100 kB)
    (hint: give more with --memory, or ask for less: fewer columns, rows or groups at once)
    ");
    assert_eq!(said.code, Some(1));
    let long = "select length(repeat('x', 1000000000 + max(tau))) as n from te";
    let ask = |memory: &str, sql: &str| {
        world.run(&["sql", "--run", "run", "--format", "csv", "--memory", memory, sql])
    };
    assert_eq!(ask("4GB", long).out, "n\n1000000002\n");
    assert!(ask("300MB", long).err.contains("than it may have (300 MB)"));
    // What nobody counts is refused by the system.
    let many: Vec<String> = (0..40).map(|i| format!("repeat('x', 7000000 + tau + {i}) as c{i}")).collect();
    let said = ask("300MB", &format!("select {} from te", many.join(", ")));
    insta::assert_snapshot!(said.err, @"
    error: this needs more memory than it may have (300 MB)
    (hint: give more with --memory, or ask for less at once)
    ");
    assert_eq!(said.code, Some(1));
    assert!(!world.files("").iter().any(|file| file.to_string_lossy().contains("results-")), "{said:?}");
}

#[test]
fn time_is_bounded_in_words() {
    let world = World::new(1);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    // Its work keeps every thread of the engine busy.
    let endless = "select count(*) as n from generate_series(1, 1000000) a, generate_series(1, 1000000) b";
    let started = std::time::Instant::now();
    let said = world.run(&["sql", "--run", "run", "--timeout", "300ms", "--output", "n.csv", endless]);
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
    insta::assert_snapshot!(said.err, @"
    error: the query takes longer than it may (0.3 s)
    (hint: give it more with --timeout, or ask for less: fewer rows, columns or tables at once)
    ");
    assert_eq!(
        (said.code, world.path("n.csv").exists(), world.path("n.csv.partial").exists()),
        (Some(1), false, false)
    );
    let quick =
        ["sql", "--run", "run", "--timeout", "2min", "--format", "csv", "select count(*) as n from te"];
    assert_eq!(world.expect(0, &quick).out, "n\n2\n");
    assert!(
        world.expect(2, &["sql", "--run", "run", "--timeout", "soon", "select 1"]).err.contains("90s, 15min")
    );
}

#[test]
#[ignore = "long"]
fn runs_that_are_called_alike_are_told_apart_and_outputs_are_asked_alone() {
    let world = World::new(2);
    for run in ["a/run", "b/run", "b/other"] {
        assert_eq!(world.analyse(run, &[]).code, Some(0));
    }
    let sql = "select run, count(distinct user_id) as users from raw.te group by run order by run";
    let runs = |others: &[&str]| {
        let args = ["sql", "--format", "csv", sql, "--run", "a/run"];
        world.expect(0, &[&args[..], others].concat()).out
    };
    assert_eq!(runs(&["--run", "b/run"]), "run,users\na/run,2\nb/run,2\n");
    assert_eq!(runs(&["--run", "b/other"]), "run,users\nother,2\nrun,2\n");
    // A path may go up and down again.
    world.expect(0, &["merge", "--shards", "a/run", "--output", "b/../m", "--parts", "2"]);
    world.expect(0, &["validate", "a/../m"]);
    world.expect(0, &["sql", "--run", "a/../m", "select count(*) from te"]);
    for others in [["--run", "b/run"], ["--run", "a/../m"]] {
        let args = ["sql", "select count(*) from te", "--run", "m"];
        let said = world.run(&[&args[..], &others].concat());
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(
            said.err.contains("m and ") && said.err.contains("cannot be asked together")
                || said.err.contains("(hint: ask each by itself"),
            "{}",
            said.err
        );
    }
}
