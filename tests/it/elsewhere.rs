//! Queries whose partitions are computed by others have the rows that they have without. `crates/cluster/tests` has others
//! that are processes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use futures::TryStreamExt;
use results::schema::Schemas;
use results::sql::{
    Asking, Bounds, Definitions, Helped, Helper, Params, Queries, Question, Received, Share, Unshared,
};
use tokio::sync::mpsc;

use crate::world::{QUICK, World};

/// Computes partitions here, from what is sent, one after the other.
struct Here {
    partitions: usize,
    computed: AtomicUsize,
    /// What befalls the run between a query and its rows.
    meanwhile: Box<dyn Fn() + Send + Sync>,
    /// What becomes of a share on its way.
    changed: fn(&mut serde_json::Value),
}

impl std::fmt::Debug for Here {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Here").field("partitions", &self.partitions).finish_non_exhaustive()
    }
}

impl Here {
    fn of(partitions: usize) -> Self {
        Self { partitions, computed: AtomicUsize::new(0), meanwhile: Box::new(|| {}), changed: |_| {} }
    }

    fn helped(self) -> (Arc<Self>, Helped) {
        let here = Arc::new(self);
        (Arc::clone(&here), Helped { helper: here, definitions: None })
    }
}

#[async_trait]
impl Helper for Here {
    fn partitions(&self) -> usize {
        self.partitions
    }

    async fn prepare(&self, asking: &Asking) -> Result<(), Unshared> {
        (self.meanwhile)();
        Ok(asking.look()?)
    }

    async fn compute(&self, share: &Share, rows: &Received) -> Result<(), Unshared> {
        let mut told = serde_json::to_value(share).unwrap();
        (self.changed)(&mut told);
        let share: Share = serde_json::from_value(told).unwrap();
        for part in rows.missing() {
            self.computed.fetch_add(1, Ordering::Relaxed);
            // What was lost halfway is begun anew.
            rows.begin(part);
            rows.add(part, b"half")?;
            rows.begin(part);
            let (send, mut receive) = mpsc::channel::<Vec<u8>>(2);
            let compute = async {
                let send = send;
                share.carry_out(part, &send).await
            };
            let take = async {
                while let Some(bytes) = receive.recv().await {
                    rows.add(part, &bytes)?;
                }
                Ok(())
            };
            let (computed, taken): (_, Result<(), Unshared>) = tokio::join!(compute, take);
            computed.and(taken)?;
            rows.end(part);
        }
        Ok(())
    }
}

/// A run with a file a unit, one with buckets, and what both are merged to.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let world = World::new(6);
        configure(&world, "");
        assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
        configure(&world, "runtime: {user_folders: 2, commit_seconds: 0}\n");
        assert_eq!(world.analyse("grouped", &["--shards", "2"]).code, Some(0));
        world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
        world
    })
}

/// With two nulls, by which all tables of the schemas are there.
fn configure(world: &World, more: &str) {
    let config = QUICK
        .replace("[permute]", "[permute, circular_shift]")
        .replace("analysis_modes: [global_te]", "analysis_modes: [global_te, gc]");
    world.write("quick.yaml", config + "taus: [1, 2]\n" + more);
}

type Rows = Vec<Vec<String>>;

/// The rows of a query in an order of their own, or why there are none.
fn rows_of(world: &World, dirs: &[&str], sql: &str, helped: Option<&Helped>) -> Result<Rows, String> {
    let (schemas, queries) = (Schemas::load(None).unwrap(), Queries::load(None).unwrap());
    let definitions = Definitions { schemas: &schemas, queries: &queries };
    let dirs: Vec<PathBuf> = dirs.iter().map(|dir| world.path(dir)).collect();
    let params = Params::default().with_defaults([("alpha", "0.6"), ("n", "3"), ("tau", "1")]);
    let ask = async {
        let question = Question::new(&dirs, Bounds::default(), definitions, sql);
        let question = match helped {
            Some(by) => question.helped(by).map_err(|error| error.to_string())?,
            None => question,
        };
        let planned = question.plan().await.map_err(|error| error.to_string())?;
        let answer = planned.rows(&params).await.map_err(|error| error.to_string())?;
        let batches: Vec<RecordBatch> = answer.rows.try_collect().await.map_err(|error| error.to_string())?;
        Ok(sorted(&batches))
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(16 << 20).build();
    runtime.unwrap().block_on(ask)
}

fn sorted(batches: &[RecordBatch]) -> Rows {
    let options = FormatOptions::new().with_null("null");
    let mut rows = Rows::new();
    for batch in batches {
        let columns: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap()).collect();
        rows.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|c| c.value(row).to_string()).collect()),
        );
    }
    rows.sort_by_key(|row| row.iter().map(|cell| rounded(cell)).collect::<Vec<_>>());
    rows
}

/// A number without its last digits, which depend on the order in which it was added up.
fn rounded(cell: &str) -> String {
    cell.parse::<f64>().map_or_else(|_| cell.to_owned(), |number| format!("{number:.9e}"))
}

fn are_equal(one: &Rows, other: &Rows) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(b.abs());
    let equal =
        |a: &String, b: &String| a == b || matches!((a.parse(), b.parse()), (Ok(a), Ok(b)) if near(a, b));
    one.len() == other.len()
        && one.iter().zip(other).all(|(a, b)| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)))
}

/// Compares a query of some directories; gives how many partitions were computed elsewhere.
fn compare(world: &World, dirs: &[&str], sql: &str, partitions: usize) -> usize {
    let alone = rows_of(world, dirs, sql, None);
    let (here, helped) = Here::of(partitions).helped();
    let with_help = rows_of(world, dirs, sql, Some(&helped));
    match (&alone, &with_help) {
        (Ok(alone), Ok(with_help)) => {
            assert!(are_equal(alone, with_help), "{dirs:?}: {sql}\n{alone:#?}\n{with_help:#?}");
        }
        (alone, with_help) => assert_eq!(alone, with_help, "{dirs:?}: {sql}"),
    }
    here.computed.load(Ordering::Relaxed)
}

/// Queries of every kind that something above the files makes of their rows.
const KINDS: &[&str] = &[
    "select count(*) from te",
    "select count(*) as n, sum(TE_A2S), avg(p_A2S), min(user_id), max(TE_S2A), stddev(TE_A2S) from te where tau = $tau",
    "select * from te",
    "select * from raw.te order by user_id, tau, attempt",
    "select user_id, tau, q_A2S from te where q_A2S < $alpha order by q_A2S desc, user_id, tau limit $n",
    "select user_id from te group by user_id having count(*) > 1 order by 1 offset 1",
    "select tau, count(distinct user_id), median(TE_A2S), array_agg(user_id order by user_id) from te group by tau",
    "select wilcoxon_p(Delta_TE), hodges_lehmann(Delta_TE), signed_ranks(Delta_TE), ks_uniform(p_A2S) from te",
    "select tau, wilcoxon_greater_p(Delta_TE) filter (where p_A2S < 0.9) from te group by rollup (tau)",
    "select a.user_id, b.tau, a.TE_A2S - b.TE_A2S from te a join te b on a.user_id = b.user_id and a.tau = b.tau + 1",
    "select t.user_id, g.F_A2S from te t left join gc g on t.user_id = g.user_id and g.F_A2S > 1 where t.tau = 1",
    "select u.user_id, t.tau from users u full join te t on u.user_id = t.user_id and t.p_A2S < 0.3",
    "select user_id from te where tau = 1 and user_id not in (select user_id from te where p_A2S > 0.5)",
    "select user_id from users u where exists (select 1 from te t where t.user_id = u.user_id and t.p_A2S < 0.5)",
    "select user_id, tau from te where TE_A2S > (select avg(TE_A2S) from te)",
    "select user_id, tau, TE_A2S / (select max(TE_A2S) from te where tau = 2) from te where tau = (select min(tau) from te)",
    "select user_id, tau, row_number() over (partition by tau order by TE_A2S desc, user_id) from te",
    "select user_id, sum(TE_A2S) over (partition by user_id order by tau), lag(tau) over (order by user_id, tau) from te",
    "select user_id, tau, bh_qvalue(p_A2S) over (partition by tau) as q from te qualify q < 0.9",
    "select user_id, p_A2S as p from te union all select user_id, p_S2A from te",
    "select user_id from te where tau = 1 union select user_id from gc intersect select user_id from users",
    "select user_id from te except select user_id from te where p_A2S < 0.5",
    "with recursive n as (select 1 as i union all select i + 1 from n where i < 3) select n.i, t.user_id from n, te t where t.tau <= n.i",
    "select distinct on (user_id) user_id, tau from te order by user_id, tau desc",
    "select count(*) from te, (select 1 as one) as o",
    "select count(*) from te a cross join te b where a.TE_A2S < b.TE_A2S",
    "select user_id, case when p_A2S < 0.5 then 'small' else upper(direction_of) end from (select *, 'x' as direction_of from te)",
    "select * from (select user_id, tau from te limit 1000) order by 1, 2",
    "select * from users",
    "select * from tests",
    "select * from families",
    "select * from group_tests",
    "select * from nulls",
    "select * from gc",
    "select count(*) from expected",
    "select \"null\", count(*) from nulls group by 1",
    "select user_id || ':' || tau, repeat(user_id, 2), tau + 1, -tau, tau % 2, cast(tau as double) / 3 from te",
    "select 1",
    "show tables",
    "describe te",
    "values (1), (2)",
    "select user_id from te where false",
    "select sum(tau) / 0 from te",
    "select unknown from te",
    "select * from nothing",
    "select user_id from te where tau > $other",
];

/// How many queries are made up, if somebody says so: `RESULTS_GENERATED=300`. Then each of the others is asked everywhere too.
fn many() -> Option<usize> {
    std::env::var("RESULTS_GENERATED").ok().and_then(|count| count.parse().ok())
}

/// Where queries are asked.
const PLACES: [&[&str]; 4] = [&["run"], &["grouped"], &["merged"], &["run", "grouped"]];

/// One of the places for each query in turn, or all of them.
fn places(query: usize) -> &'static [&'static [&'static str]] {
    if many().is_some() { &PLACES } else { std::slice::from_ref(&PLACES[query % PLACES.len()]) }
}

#[test]
#[ignore = "long"]
fn queries_of_every_kind() {
    let world = world();
    for (place, sql) in KINDS.iter().enumerate() {
        for (at, dirs) in places(place).iter().enumerate() {
            let computed = compare(world, dirs, sql, [3, 1, 5][(place + at) % 3]);
            let has_files = sql.contains(" te ") || sql.ends_with(" te");
            let is_answered = place < KINDS.len() - 6;
            assert!(computed > 0 || !has_files || !is_answered || sql.starts_with("desc"), "{sql}");
        }
    }
}

#[test]
#[ignore = "long"]
fn reports_and_the_examples_of_the_manual() {
    let world = world();
    let queries = Queries::load(None).unwrap();
    let mut asked: Vec<String> = queries.below("reports/").map(|query| query.fill(&[]).unwrap()).collect();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql.md")).unwrap();
    let quoted = page.lines().filter_map(|line| {
        let line = line.strip_prefix("results sql --run merged ")?;
        let quote = line.find(['"', '\''])?;
        let (mark, text) = (&line[quote..=quote], &line[quote + 1..]);
        Some(text.split(mark).next()?.to_owned())
    });
    asked.extend(quoted);
    for block in page.split("```sql\n").skip(1) {
        asked.extend(block.split("```").next().map(str::to_owned));
    }
    assert!(asked.len() > 10, "{asked:?}");
    let asked = asked.iter().filter(|sql| !sql.contains("$user") && !sql.contains("$least"));
    for (place, sql) in asked.enumerate() {
        for dirs in places(place) {
            compare(world, dirs, sql, 4);
        }
    }
}

/// Numbers by a seed.
struct Chance(u64);

impl Chance {
    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all[(self.0 >> 33) as usize % all.len()]
    }
}

/// A query of a table and what is put around it, two or three levels deep.
fn generated(chance: &mut Chance) -> String {
    let mut inner = format!(
        "select user_id as u, tau as k, TE_A2S as x, p_S2A as y from {} {}",
        chance.of(&["te", "te", "raw.te", "(select * from te union all select * from te)"]),
        chance.of(&[
            "",
            "where tau = 1",
            "where p_A2S < 0.7 and tau < 3",
            "where user_id > 'u02' or p_S2A is null"
        ]),
    );
    for _ in 0..2 {
        inner = match chance.of(&["filter", "group", "window", "join", "limit", "distinct", "union"]) {
            "filter" => format!(
                "select * from ({inner}) where {}",
                chance.of(&[
                    "x > 0.001",
                    "y <= 0.5",
                    "u in ('u00', 'u03', 'u05')",
                    "x < (select avg(x) from te_x)"
                ])
            ),
            "group" => format!(
                "select {0} as u, max(k) as k, {1} as x, {2} as y from ({inner}) group by {0}",
                chance.of(&["u", "substr(u, 1, 2)", "concat(u, k)"]),
                chance.of(&["sum(x)", "avg(x)", "median(x)", "var_pop(x)", "corr(x, y)"]),
                chance.of(&["min(y)", "count(distinct y)", "stddev(y)", "wilcoxon_p(x - y)"]),
            ),
            "window" => format!(
                "select u, k, x, {} as y from ({inner})",
                chance.of(&[
                    "rank() over (order by x)",
                    "sum(y) over (partition by u)",
                    "bh_qvalue(0.5) over (partition by k)"
                ])
            ),
            "join" => format!(
                "select a.u, a.k, a.x, b.y from ({inner}) a {} te_x b on a.u = b.u and {}",
                chance.of(&["join", "left join", "full join", "right join"]),
                chance.of(&["a.k = b.k", "a.x < b.x", "a.k <> b.k", "true"])
            ),
            "limit" => format!(
                "select * from (select * from ({inner}) order by u, k, x, y limit {})",
                chance.of(&["1", "5", "7 offset 2"])
            ),
            "distinct" => format!("select distinct u, 1 as k, x, null as y from ({inner})"),
            _ => format!("select * from ({inner}) union {} select * from te_x", chance.of(&["", "all"])),
        };
    }
    format!("with te_x as (select user_id as u, tau as k, TE_S2A as x, p_A2S as y from te) {inner}")
}

#[test]
#[ignore = "long"]
fn generated_queries() {
    let world = world();
    let count = many().unwrap_or(12);
    let mut chance = Chance(20);
    let mut computed = 0;
    for n in 0..count {
        let sql = generated(&mut chance);
        let dirs: &[&str] = [&["run"][..], &["grouped"], &["run", "grouped"]][n % 3];
        computed += compare(world, dirs, &sql, [2, 4, 1, 7][n % 4]);
    }
    assert!(computed > count, "{computed} partitions of {count} queries");
}

#[test]
#[ignore = "long"]
fn what_is_committed_or_put_together_meanwhile_changes_nothing() {
    let world = World::new(4);
    configure(&world, "");
    world.killed_at_work(
        "run",
        &["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--threads", "1"],
    );
    let world = Arc::new(world);
    let sql = "select user_id, tau, TE_A2S, q_A2S from te";
    let before = rows_of(&world, &["run"], sql, None).unwrap();
    assert!(!before.is_empty());
    let mut here = Here::of(3);
    let later = Arc::clone(&world);
    here.meanwhile = Box::new(move || {
        later.expect(0, &["run", "--resume", "run"]);
        later.run(&["compact", "run"]);
    });
    let (here, helped) = here.helped();
    assert_eq!(rows_of(&world, &["run"], sql, Some(&helped)), Ok(before.clone()));
    assert!(here.computed.load(Ordering::Relaxed) > 0);
    let after = rows_of(&world, &["run"], sql, None).unwrap();
    assert!(after.len() > before.len());
}

#[test]
fn what_cannot_be_shared_out_is_refused() {
    let world = world();
    let (here, helped) = Here::of(2).helped();
    let refused = |sql: &str| rows_of(world, &["run"], sql, Some(&helped)).unwrap_err();
    for (sql, name) in [
        ("select now(), count(*) from te", "now"),
        ("select * from te where random() < 0.5", "random"),
        ("select user_id from te where tau = (select extract(day from current_date))", "current_date"),
    ] {
        let said = refused(sql);
        assert!(said.starts_with(&format!("{name}() isn't the same for all who answer")), "{said}");
        assert!(said.contains("(hint: run it without --cluster"), "{said}");
    }
    for sql in [
        "drop table te",
        "copy te to 'x.csv'",
        "set a = 1",
        "select * from '/etc/passwd'",
        "select 1; select 2",
    ] {
        assert_eq!(refused(sql), rows_of(world, &["run"], sql, None).unwrap_err());
    }
    assert_eq!(here.computed.load(Ordering::Relaxed), 0);
}

#[test]
#[ignore = "long"]
fn a_share_of_another_query_is_not_computed() {
    let world = world();
    let sql = "select user_id from te where tau = 1";
    let said = |changed: fn(&mut serde_json::Value)| {
        let (_, helped) = Here { changed, ..Here::of(2) }.helped();
        rows_of(world, &["run"], sql, Some(&helped)).unwrap_err()
    };
    for changed in [
        (|share| share["asking"]["sql"] = "select user_id from te where tau = 2".into())
            as fn(&mut serde_json::Value),
        |share| share["asking"]["partitions"] = 3.into(),
        |share| share["piece"] = 1.into(),
    ] {
        assert!(said(changed).starts_with("the query is planned in another way there"));
    }
    // Who is sent a statement looks at it as who sends it does.
    let written = said(|share| share["asking"]["sql"] = "drop table te".into());
    assert!(written.starts_with("DROP is not a query"), "{written}");
    let other = said(|share| share["asking"]["places"][0]["state"]["run"]["id"] = "x".into());
    assert!(other.ends_with(" is another run there"), "{other}");
    let unseen = said(|share| share["asking"]["places"][0]["state"]["run"]["ledger"][0]["bytes"] = 1.into());
    assert!(unseen.ends_with(" is not seen there"), "{unseen}");
}

#[test]
fn a_file_that_was_changed_is_left_out_as_without_help() {
    let world = World::new(3);
    configure(&world, "");
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let file = world.table_files("run", "te").remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let sql = "select user_id, TE_A2S from te";
    let alone = rows_of(&world, &["run"], sql, None).unwrap();
    assert_eq!(alone.len(), 4, "two users, two lags");
    let (_, helped) = Here::of(2).helped();
    assert_eq!(rows_of(&world, &["run"], sql, Some(&helped)), Ok(alone));
}

#[test]
fn first_steps_are_taken_by_those_who_read() {
    let world = world();
    let (_, helped) = Here::of(3).helped();
    let steps = |sql: &str| {
        let rows = rows_of(world, &["merged"], &format!("explain analyze {sql}"), Some(&helped)).unwrap();
        rows.concat().join("\n")
    };
    for (sql, taken) in [
        ("select tau, avg(TE_A2S) from te where p_A2S < 0.9 group by tau", "mode=Partial"),
        ("select user_id from te where tau % 2 = 1", "FilterExec"),
        ("select user_id, TE_A2S from te order by TE_A2S limit 2", "SortExec"),
    ] {
        let steps = steps(sql);
        assert!(steps.contains("ReceivedExec: share=0, partitions="), "{steps}");
        assert!(!steps.contains(taken) && !steps.contains("DataSourceExec"), "{steps}");
    }
}
