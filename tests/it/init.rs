//! `results init`: from a folder that nobody described to a merged result.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, TimestampMillisecondArray};
use parquet::arrow::ArrowWriter;

use crate::world::World;

mod odd;

/// Seconds since 1970 of 2026-01-05 13:05:00.
const START: i64 = 1_767_618_300;

/// Activity and a state that follows it, for a user and a row.
fn values(user: i64, row: i64) -> (i64, i64) {
    let draw = |row: i64| ((row + 7 * user) * 7919 + row * row * 31) % 97;
    (draw(row), i64::from(draw(row - 1) + draw(row) % 13 < 50))
}

/// Text of a time, minutes after the start.
fn at(row: i64, form: &str) -> String {
    chrono::DateTime::from_timestamp(START + 60 * row, 0).unwrap().format(form).to_string()
}

/// A file with a header and 400 rows.
fn table(header: &str, row: impl Fn(i64) -> String) -> String {
    let mut text = format!("{header}\n");
    for number in 0..400 {
        writeln!(text, "{}", row(number)).unwrap();
    }
    text
}

/// A configuration with an analysis that takes milliseconds.
fn quick(config: &str) -> String {
    config
        .replace("surrogates: 1000", "surrogates: 19")
        .replace("nulls: [days, within_past]", "nulls: [permute]")
        .replace(
            "analysis_modes: [global_te, stratified_te, true_cte, ste, gc]",
            "analysis_modes: [global_te]",
        )
}

/// Writes a configuration without a question, makes its analysis a quick one, and takes it to a merged result.
fn to_the_end(world: &World, args: &[&str], users: usize) -> String {
    let said = world.expect(0, &[&["init", "data"], args].concat());
    assert!(said.out.contains("results run --config results.yaml --shards 2"), "{said:?}");
    let config = std::fs::read_to_string(world.path("results.yaml")).unwrap();
    world.expect(0, &["config", "check", "results.yaml"]);
    let quick = quick(&config);
    assert_ne!(quick, config);
    world.write("quick.yaml", quick);
    world.expect(0, &["run", "--config", "quick.yaml", "--shards", "2", "--out", "run"]);
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let counted = world.expect(
        0,
        &["sql", "--run", "merged", "--format", "csv", "select count(distinct user_id) as n from te"],
    );
    assert_eq!(counted.out.lines().last(), Some(users.to_string().as_str()), "{counted:?}");
    format!("{}\n{}\n{config}", said.out, said.err)
}

#[test]
fn the_layout_of_extrasensory_is_known() {
    let world = World::new(3);
    let told = to_the_end(&world, &[], 3);
    assert!(told.contains("format: extrasensory") && told.contains("3 files"), "{told}");
}

#[test]
fn plain_columns_with_times_as_text() {
    let world = World::new(0);
    for user in 0..3 {
        let rows = table("datetime,steps,asleep", |row| {
            let (steps, asleep) = values(user, row);
            format!("{},{steps},{asleep}", at(row, "%Y-%m-%d %H:%M"))
        });
        world.write(&format!("data/u{user}.csv"), rows);
    }
    let told = to_the_end(&world, &["--yes"], 3);
    for words in
        ["text_columns: [\"datetime\"]", "'%Y-%m-%d %H:%M'')'", "source: '\"steps\"'", "target: '\"asleep\"'"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(told.contains("a row every 60 s"), "{told}");
}

#[test]
fn semicolons_and_decimal_commas() {
    let world = World::new(0);
    for user in 0..2 {
        let rows = table("Datum;Zeit;Aktivität;Licht;Schlaf", |row| {
            let (steps, asleep) = values(user, row);
            format!("{};{};{steps},5;{},25;{asleep}", at(row, "%d.%m.%Y"), at(row, "%H:%M:%S"), row % 50)
        });
        let (text, _, _) = encoding_rs::WINDOWS_1252.encode(&rows);
        world.write(&format!("data/u{user}.csv"), text);
    }
    let told = to_the_end(&world, &["--yes"], 2);
    for words in
        ["decimal: \",\"", "encoding: windows-1252", "source: '\"Aktivität\"'", "target: '\"Schlaf\"'"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn a_column_of_users_and_a_number_as_target() {
    let world = World::new(0);
    let mut text = "subject,time,activity,heart rate\n".to_owned();
    for user in 0..4 {
        for row in 0..400 {
            let (steps, asleep) = values(user, row);
            writeln!(text, "s{user},{},{steps},{}", START + 60 * row, 60 + 20 * asleep + row % 7).unwrap();
        }
    }
    world.write("data/all.csv", text);
    let told = to_the_end(&world, &["--source", "activity", "--target", "heart rate"], 4);
    for words in [
        "user: \"subject\"",
        "target: '\"heart rate\"'",
        "target: {quantiles: 2}",
        "4, by the column `subject`",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn milliseconds_and_a_text_as_label() {
    let world = World::new(0);
    for user in 0..2 {
        let rows = table("ts,counts,state", |row| {
            let (steps, asleep) = values(user, row);
            let steps = if row % 50 == 0 { -999 } else { steps };
            format!(
                "{},{steps},{}",
                1000 * (START + 60 * row),
                ["wake", "sleep"][usize::try_from(asleep).unwrap()]
            )
        });
        world.write(&format!("data/u{user}.csv"), rows);
    }
    let told = to_the_end(&world, &["--yes"], 2);
    for words in ["\"ts\" / 1000", "WHEN \"state\" = ''sleep''", "missing_values: [-999]", "-999 in 16 rows"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

/// The blocks of a language of a page.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let open = format!("```{language}\n");
    page.split(open.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_page_says_what_happens() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/own-data.md");
    let page = std::fs::read_to_string(page).unwrap();
    let world = World::new(0);
    for user in 0..3 {
        let rows = table("datetime,steps,asleep", |row| {
            let (steps, asleep) = values(user, row);
            format!("{},{steps},{asleep}", at(row, "%Y-%m-%d %H:%M"))
        });
        world.write(&format!("data/u{user}.csv"), rows);
    }
    let folder = Path::new(env!("CARGO_BIN_EXE_results")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut shown = String::new();
    for block in blocks(&page, "sh") {
        let _ = std::fs::remove_file(world.path("results.yaml"));
        for line in block.lines() {
            // Nobody is here to answer.
            let asks = line.split('#').next().unwrap().trim() == "results init data";
            let line = if asks { "results init data --yes" } else { line };
            let line = line.replace("--json", "--json -o other.yaml");
            let mut shell = Command::new("sh");
            shell.args(["-c", &line]).current_dir(world.root()).env("PATH", &path).env("CI", "true");
            let said = shell.stdin(Stdio::null()).output().unwrap();
            assert!(said.status.success(), "{line}: {}", String::from_utf8_lossy(&said.stderr));
            shown.push_str(&String::from_utf8_lossy(&said.stdout));
            if line.starts_with("results init") && world.path("results.yaml").exists() {
                world.write(
                    "results.yaml",
                    quick(&std::fs::read_to_string(world.path("results.yaml")).unwrap()),
                );
            }
        }
    }
    for line in blocks(&page, "text").concat().lines() {
        assert!(shown.lines().any(|other| other == line), "{line}\n{shown}");
    }
    assert!(world.path("report.html").exists());
}

/// Writes a file of Parquet.
fn parquet(path: &Path, user: i64) {
    let rows = || 0..400;
    let times = TimestampMillisecondArray::from_iter_values(rows().map(|row| 1000 * (START + 60 * row)));
    let steps = Float64Array::from_iter_values(rows().map(|row| values(user, row).0 as f64));
    let asleep: BooleanArray = rows().map(|row| Some(values(user, row).1 == 1)).collect();
    let columns: [(&str, ArrayRef); 3] =
        [("time", Arc::new(times)), ("steps", Arc::new(steps)), ("asleep", Arc::new(asleep))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn parquet_says_itself_what_its_columns_are() {
    let world = World::new(0);
    for user in 0..2 {
        parquet(&world.path(&format!("data/u{user}.parquet")), user);
    }
    let told = to_the_end(&world, &["--yes"], 2);
    assert!(told.contains("timestamp: '\"time\"'") && told.contains("target: '\"asleep\"'"), "{told}");
}

/// Runs the lines of Python that an answer holds; says whether there is a Python.
fn do_as_told(world: &World, said: &str) -> bool {
    let (_, script) = said.split_once("python3 - <<'END'\n").unwrap();
    let mut python = Command::new("python3");
    python.args(["-c", script.split("END\n").next().unwrap()]).current_dir(world.root());
    let Ok(status) = python.status() else {
        eprintln!("skipped: python3 not found");
        return false;
    };
    assert!(status.success(), "{script}");
    true
}

#[test]
fn epochs_of_actigraph_without_times_get_them_as_it_is_told() {
    let world = World::new(0);
    let head = "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.3 Firmware v2.5.0 date format dd/MM/yyyy \
                Filter Normal -----------\nSerial Number: X\nStart Time 13:05:00\nStart Date 05/01/2026\nEpoch Period \
                (hh:mm:ss) 00:01:00\nDownload Time 09:00:00\nDownload Date 09/01/2026\nCurrent Memory Address: 0\nCurrent \
                Battery Voltage: 4.1     Mode = 12\n--------------------------------------------------\n";
    let rows = |names: &str| {
        let rows = table(names, |row| {
            let (steps, asleep) = values(1, row);
            format!("{steps},{},{asleep}", steps / 9)
        });
        format!("{head}{}", rows.trim_start())
    };
    world.write("data/u1.csv", rows("Axis1,Steps,Inclinometer Sitting"));
    let said = world.expect(0, &["init", "data", "--yes"]);
    assert!(
        said.out.contains("time        none") && said.err.contains("start 05/01/2026 13:05:00"),
        "{said:?}"
    );
    if !do_as_told(&world, &said.err) {
        return;
    }
    let said = world.expect(0, &["init", "data_csv", "--yes", "--force"]);
    assert!(said.out.contains("between 2026-01-05") && said.out.contains("a row every 60 s"), "{said:?}");
    world.write("data/u1.csv", rows(""));
    let said = world.expect(2, &["init", "data", "--yes", "--force"]);
    assert!(said.err.contains("no names stand above them"), "{said:?}");
    assert!(do_as_told(&world, &said.err));
    let said = world.expect(0, &["init", "data_csv", "--yes", "--force"]);
    assert!(said.out.contains("between 2026-01-05") && said.out.contains("c1"), "{said:?}");
}

#[test]
fn epochs_of_actigraph_have_lines_about_the_device() {
    let world = World::new(0);
    let head = "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.3 Firmware v2.5.0 date format M/d/yyyy at 30 Hz  \
                Filter Normal -----------\nSerial Number: X\nStart Time 13:05:00\nStart Date 1/5/2026\nEpoch Period \
                (hh:mm:ss) 00:01:00\nDownload Time 09:00:00\nDownload Date 1/9/2026\nCurrent Memory Address: 0\nCurrent \
                Battery Voltage: 4.1     Mode = 12\n--------------------------------------------------\n";
    for user in 0..2 {
        let rows = table("Date,Time,Axis1,Steps,Inclinometer Sitting", |row| {
            let (steps, asleep) = values(user, row);
            format!("{},{},{steps},{},{asleep}", at(row, "%-m/%-d/%Y"), at(row, "%H:%M:%S"), steps / 9)
        });
        world.write(&format!("data/u{user}.csv"), format!("{head}{rows}"));
    }
    let told = to_the_end(&world, &["--yes"], 2);
    for words in
        ["epochs of ActiGraph", "10 lines before the header", "%m/%d/%Y", "source: '\"Axis1\"'", "Sitting\"'"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn epochs_of_ggir_are_read_as_they_are() {
    let world = World::new(0);
    for user in 0..2 {
        let rows = table("\"timestamp\",\"ENMO\",\"anglez\",\"sleep\"", |row| {
            let (steps, asleep) = values(user, row);
            format!("{},{}.5,{},{asleep}", at(row, "%Y-%m-%dT%H:%M:%S+0100"), steps, row % 90)
        });
        world.write(&format!("data/u{user}.csv"), rows);
    }
    let told = to_the_end(&world, &["--yes"], 2);
    assert!(told.contains("epochs of GGIR") && told.contains("source: '\"ENMO\"'"), "{told}");
}

#[test]
fn counts_of_actiwatch_become_tables_as_it_is_told() {
    let world = World::new(0);
    let mut text = "who\r\n05-Jan-2026\r\n13:05\r\n 4 \r\n00\r\nV1\r\nX\r\n".to_owned();
    for row in 0..400 {
        let (steps, _) = values(1, row);
        write!(text, "{steps} , {}.5{}\r\n", row % 40, if row % 60 == 0 { " M" } else { "" }).unwrap();
    }
    world.write("data/u1.AWD", text);
    let said = world.expect(2, &["init", "data", "--yes"]);
    assert!(said.err.contains("a recording of Actiwatch (AWD)"), "{said:?}");
    if !do_as_told(&world, &said.err) {
        return;
    }
    let csv = std::fs::read_to_string(world.path("data_csv/u1.csv")).unwrap();
    assert!(csv.starts_with("time,activity,light,marker\n2026-01-05 13:05:00,"), "{csv}");
    let said = world.expect(0, &["init", "data_csv", "--source", "activity", "--target", "light"]);
    assert!(said.out.contains("a row every 60 s") && said.out.contains("400 rows"), "{said:?}");
}

#[test]
fn nothing_is_written_where_it_must_not_be() {
    let world = World::new(2);
    world.write("results.yaml", "mine");
    let said = world.expect(2, &["init", "data", "--yes"]);
    assert!(said.err.contains("exists already") && said.err.contains("--force"), "{said:?}");
    assert_eq!(std::fs::read_to_string(world.path("results.yaml")).unwrap(), "mine");
    world.expect(0, &["init", "data", "--force"]);
    world.expect(0, &["config", "check", "results.yaml"]);
    let said = world.expect(2, &["init", "data", "-o", "data/c.yaml"]);
    assert!(said.err.contains("would lie in the data folder"), "{said:?}");
    assert!(!world.path("data/c.yaml").exists());
}

#[test]
fn what_only_people_know_is_asked_or_told_to_be_named() {
    let world = World::new(0);
    let rows = table("time,steps,lux,asleep,sitting", |row| {
        let (steps, asleep) = values(1, row);
        format!("{},{steps},{},{asleep},{}", START + 60 * row, row % 50, 1 - asleep)
    });
    world.write("data/u1.csv", rows);
    let said = world.expect(2, &["init", "data"]);
    assert!(
        said.err.contains("--source steps --target asleep") && !world.path("results.yaml").exists(),
        "{said:?}"
    );
    let said = world.expect(0, &["init", "data", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["found"]["sources"][0]["name"], "steps");
    assert_eq!(json["trial"]["read"][0]["period"], 60.0);
    assert!(json["config"].is_null() && !world.path("results.yaml").exists(), "{said:?}");
    let said = world.expect(2, &["init", "data", "--source", "stepz", "--target", "asleep"]);
    assert!(said.err.contains("did you mean `steps`?"), "{said:?}");
    let said = world.expect(2, &["init", "data", "--source", "steps +", "--target", "asleep"]);
    assert!(said.err.contains("steps +"), "{said:?}");
    let said =
        world.expect(0, &["init", "data", "--source", "ln(steps + 1)", "--target", "1 - asleep", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["config"], "results.yaml");
    world.expect(0, &["config", "check", "results.yaml"]);
}

#[test]
fn questions_are_asked_at_a_terminal() {
    let world = World::new(0);
    let rows = table("time,steps,lux,asleep,sitting", |row| {
        let (steps, asleep) = values(1, row);
        format!("{},{steps},{},{asleep},{}", START + 60 * row, row % 50, 1 - asleep)
    });
    world.write("data/u1.csv", rows);
    let program = env!("CARGO_BIN_EXE_results");
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{program} init data"), "/dev/null"]).current_dir(world.root());
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = script.spawn() else {
        eprintln!("skipped: script not found");
        return;
    };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"lux\n2\n").unwrap();
    let shown = String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned();
    assert!(shown.contains("Which column is the source?") && shown.contains("is written"), "{shown}");
    let config = std::fs::read_to_string(world.path("results.yaml")).unwrap();
    assert!(config.contains("source: '\"lux\"'") && config.contains("target: '\"sitting\"'"), "{config}");
}

#[test]
fn what_cannot_be_read_is_said_with_what_would_help() {
    let world = World::new(0);
    let said = |words: &str| {
        let said = world.expect(2, &["init", "data", "--yes"]);
        assert!(said.err.contains(words) && said.err.contains("hint"), "{words}: {said:?}");
    };
    said("it is empty");
    world.write("data/a.png", b"\x89PNG\r\n\x1a\n");
    said("pictures");
    world.write("data/a.csv", "1,2\n3,4\n5,6\n");
    said("no names stand above them");
    world.write("data/a.csv", "<html><body>");
    said("HTML");
    world.write("data/a.csv", b"a,b\n\0\0\0\0");
    said("NUL bytes");
    for (named, words) in [("nowhere", "was not found"), ("data/a.csv", "is a file")] {
        let said = world.expect(2, &["init", named]);
        assert!(said.err.contains(words), "{said:?}");
    }
    world.write("data/a.csv", "time,x\n1,2\n");
    world.expect(2, &["init", "data", "--yes"]);
}

#[test]
fn mixed_files_are_told_apart() {
    let world = World::new(0);
    for user in 0..3 {
        let rows = table("time,steps,asleep", |row| {
            let (steps, asleep) = values(user, row);
            format!("{},{steps},{asleep}", START + 60 * row)
        });
        world.write(&format!("data/u{user}.csv"), rows);
    }
    world.write("data/summary.csv", "subject,age\nu0,30\nu1,31\nu2,32\n");
    parquet(&world.path("data/p.parquet"), 7);
    world.write("data/notes.docx", "x");
    let said = world.expect(0, &["init", "data", "--yes"]);
    for words in ["summary.csv has other columns", "p.parquet", "notes.docx"] {
        assert!(said.err.contains(words), "{words}: {said:?}");
    }
}

#[test]
fn of_a_huge_file_the_beginning_is_read() {
    let world = World::new(0);
    let mut text = "id,time,steps,asleep\n".to_owned();
    for row in 0..500_000 {
        let (steps, asleep) = values(1, row);
        writeln!(text, "{},{},{steps},{asleep}", 1 + row / 50_000, START + 60 * row).unwrap();
    }
    world.write("data/all.csv", text);
    let said = world.expect(0, &["init", "data", "--yes"]);
    for words in ["the beginnings (at most 4.2 MB or 100000 rows", "at least ", "by the column `id`"] {
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
}

#[test]
fn without_arguments_what_comes_next_is_said() {
    let world = World::new(1);
    let said = world.expect(2, &[]);
    assert!(said.out.is_empty() && said.err.contains("Usage: results"), "{said:?}");
    assert!(said.err.starts_with("Next, here:\n  results init data "), "{said:?}");
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let said = world.expect(2, &[]);
    assert!(said.err.contains("results merge --shards run --output merged"), "{said:?}");
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let said = world.expect(2, &[]);
    assert!(said.err.starts_with("Next, here:\n  results report merged"), "{said:?}");
    let said = world.expect(2, &["config"]);
    assert!(!said.err.contains("Next, here"), "{said:?}");
}
