//! What `results sql` says where there is no right answer: in cells, in every format, and of files that are gone.

use crate::world::World;

const FORMATS: [&str; 5] = ["table", "csv", "json", "ndjson", "arrow"];

fn merged() -> World {
    let world = World::new(2);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    world
}

#[test]
fn a_time_that_cannot_be_shown_is_an_error_in_every_format() {
    let world = merged();
    let list = "arrow_cast(make_array(9223372036854775807), 'List(Timestamp(Second, None))')";
    let length = "arrow_cast(9223372036854775807, 'Duration(Second)')";
    for value in [
        list.to_owned(),
        format!("named_struct('a', {list})"),
        length.to_owned(),
        format!("make_array({length})"),
        format!("cast({list} as varchar)"),
        format!("cast({length} as varchar)"),
    ] {
        let sql = format!("select {value} as t");
        for format in &FORMATS[..4] {
            let said = world.expect(1, &["sql", "--run", "merged", "--format", format, &sql]);
            let is_told = ["out of range", "is longer than 292 million years"]
                .iter()
                .any(|words| said.err.contains(words));
            assert!(said.err.contains("(hint:") && is_told, "{format} {sql}: {}", said.err);
            for wrong in ["ERROR", "<invalid>", "Arrow", "Cast error"] {
                assert!(!said.out.contains(wrong) && !said.err.contains(wrong), "{format} {sql}: {said:?}");
            }
        }
    }
    let good = "select make_array(to_timestamp(0)) as t, arrow_cast(90, 'Duration(Second)') as d";
    let out = world.expect(0, &["sql", "--run", "merged", "--format", "csv", good]).out;
    assert_eq!(out, "t,d\n[1970-01-01T00:00:00],PT90S\n");
}

#[test]
fn a_struct_with_two_fields_of_one_name_is_refused_in_every_format() {
    let world = merged();
    for value in
        ["named_struct('a', 1, 'a', 2)", "make_array(named_struct('b', named_struct('a', 1, 'a', 2)))"]
    {
        let sql = format!("select {value} as s");
        for format in FORMATS {
            let said = world.expect(1, &["sql", "--run", "merged", "--format", format, &sql]);
            assert!(
                said.err.contains("two fields of the struct s are called a\n(hint: "),
                "{format} {sql}: {}",
                said.err
            );
        }
    }
    let one = "select named_struct('a', 1, 'b', 2) as s";
    let out = world.expect(0, &["sql", "--run", "merged", "--format", "json", one]).out;
    assert_eq!(out, "[{\"s\":{\"a\":1,\"b\":2}}]\n");
}

#[test]
fn a_file_that_is_gone_from_an_output_is_named_with_what_makes_it_again() {
    let world = merged();
    let ask = |code: i32| {
        world.expect(code, &["sql", "--run", "merged", "--format", "csv", "select count(*) as n from te"])
    };
    assert_eq!(ask(0).out, "n\n4\n");
    let file = world.path("merged/te.parquet");
    let whole = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let remedy = |said: &str| {
        let shards = said.split("(hint: `results merge --shards ").nth(1).unwrap_or_default();
        shards
            .split(" --output merged` makes it again, once what is left of merged is removed)")
            .next()
            .unwrap()
            == "run"
    };
    let said = ask(1).err;
    assert!(said.starts_with("error: merged/te.parquet is gone\n") && remedy(&said), "{said}");
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let said = ask(1).err;
    assert!(said.starts_with("error: merged/te.parquet is damaged: ") && remedy(&said), "{said}");
    assert!(!said.contains("Parquet error"), "{said}");
    // That of another table, and one with other rows.
    std::fs::copy(world.path("merged/users.parquet"), &file).unwrap();
    let said = ask(1).err;
    assert!(said.starts_with("error: merged/te.parquet is damaged: it has the rows of users\n"), "{said}");
    std::fs::write(&file, &whole).unwrap();
    let manifest = std::fs::read_to_string(world.path("merged/merge.yaml")).unwrap();
    world.write("merged/merge.yaml", manifest.replace("\n  te: 4\n", "\n  te: 5\n"));
    let said = world.expect(1, &["validate", "merged"]).err;
    assert!(said.contains("merged/te.parquet is damaged: it has 4 rows, and merge.yaml says 5"), "{said}");
    // As it says.
    std::fs::remove_dir_all(world.path("merged")).unwrap();
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    assert_eq!(ask(0).out, "n\n4\n");
}

#[test]
fn casts_that_fail_name_the_column_and_the_user() {
    let world = merged();
    for (sql, words) in [
        (
            "select cast(state as int) from users order by user_id",
            "'ok' is not a value of INT, in users.state of user u0",
        ),
        ("select tau from te where user_id = 1", "is not a value of BIGINT, in te.user_id\n"),
        ("select cast(shard as int), cast(attempt as double) from raw.te", "of user u0"),
    ] {
        let said = world.expect(1, &["sql", "--run", "run", sql]);
        assert!(said.err.contains(words) && said.err.contains("(hint: TRY_CAST"), "{sql}: {}", said.err);
    }
}

#[test]
fn columns_without_a_name_are_called_as_they_are_written() {
    let world = merged();
    let sql = "select tau + 1, 'a', count(1) from te where tau = 1 group by tau";
    let out = world.expect(0, &["sql", "--run", "merged", "--format", "csv", sql]).out;
    assert_eq!(out, "te.tau + 1,'a',count(1)\n2,a,2\n");
    let args = [
        "sql",
        "--run",
        "merged",
        "--format",
        "json",
        "--param",
        "more=2",
        "select tau + $more + 1 from te limit 1",
    ];
    let out = world.expect(0, &args).out;
    assert!(out.starts_with("[{\"te.tau + $more + 1\":"), "{out}");
}

#[test]
#[ignore = "long"]
fn texts_that_double_end_with_a_limit() {
    let world = merged();
    for sql in [
        "with recursive r as (select 'x' as x union all select x || x from r) select count(*) from r",
        "with recursive r as (select 'x' as x union all select concat(x, x) from r) select max(length(x)) from r",
        "with recursive r as (select make_array(1) as x union all select array_concat(x, x) from r) select count(*) from r",
        "select array_length(array_repeat(array_repeat(tau, 1000000), 1000000)) from te",
    ] {
        let began = std::time::Instant::now();
        let said = world.expect(1, &["sql", "--run", "merged", "--memory", "400MB", sql]);
        assert!(began.elapsed().as_secs() < 60, "{sql}: {:?}", began.elapsed());
        assert!(
            said.err.contains("400 MB") || said.err.contains("2 GB") || said.err.contains("2.1 GB"),
            "{sql}: {}",
            said.err
        );
        assert!(said.err.contains("(hint:"), "{sql}: {}", said.err);
    }
}
