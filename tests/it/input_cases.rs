//! Files as recorders, spreadsheets, R and pandas write them: read rightly, or refused with the right words.
//!
//! Each case is a folder of `tests/cases/in`. The values were computed apart from the program: ranks in
//! thirds, k = l = 1, plug-in transfer entropy from counts.

use std::path::PathBuf;

use crate::world::World;

/// Expected values of a user: rows, observations, `TE_A2S`, `TE_S2A`.
type Values = (&'static str, u32, u32, f64, f64);

const U1: Values = ("u1", 120, 119, 0.376_216_498_421_957_8, 0.033_485_848_964_166_75);
const U2: Values = ("u2", 120, 119, 0.385_492_357_661_577_97, 0.042_471_973_742_800_04);
const A: Values = ("a", 120, 119, 0.376_216_498_421_957_8, 0.033_485_848_964_166_75);

/// A case: its folder, settings to add to `data`, exit code, users with values, and what must be said.
struct Case {
    name: &'static str,
    settings: &'static str,
    code: i32,
    values: &'static [Values],
    users: &'static str,
    says: &'static [&'static str],
}

const fn case(name: &'static str, values: &'static [Values], users: &'static str) -> Case {
    Case { name, settings: "", code: 0, values, users, says: &[] }
}

const WITH_GAPS: Values = ("u1", 114, 107, 0.375_844_188_266_260_26, 0.038_322_947_695_217_796);

#[rustfmt::skip]
const CASES: [Case; 30] = [
    case("IN01", &[("1", U1.1, U1.2, U1.3, U1.4), ("2", U2.1, U2.2, U2.3, U2.4)], "1 2"),
    Case { says: &["120 row(s) without a user id in column `who`, the first at line 122"], ..case("IN02", &[A], "") },
    case("IN03", &[("u1", 96, 71, 0.460_646_943_363_341_4, 0.065_884_880_498_840_5)], "u1"),
    case("IN04", &[U1], "u1"),
    Case { says: &["U2.CSV"], ..case("IN10", &[U1], "u1") },
    case("IN11", &[], "u1 u2 u3 u4 u5"),
    Case { says: &["site2/, u3.csv/"], ..case("IN12", &[U1], "u1") },
    Case { code: 2, says: &["0 other file(s) and 2 folder(s)", "user_id=u1/"], ..case("IN13", &[], "") },
    Case { code: 3, says: &["c.csv is empty", "b.csv has no rows"], ..case("IN14", &[A], "a c.csv") },
    Case { code: 3, says: &["N=0"], ..case("IN15", &[U1], "u1 u2 u3") },
    Case { says: &["the same bytes: u1 (1), u1", "u1.csv.bak, u1.csv~, u2.csv.part"], ..case("IN16", &[U1], "u1 u1 (1)") },
    Case { code: 3, says: &["a.csv, line 62 and b.csv, line 2 have the same timestamp"], ..case("IN17", &[], "a") },
    case("IN18", &[], "00eabed2-271d-49d8-b599-1d4a09240601"),
    case("IN19", &[U1], "u1"),
    case("IN20", &[U1], "u1"),
    case("IN21", &[U1], "u1"),
    Case { code: 3, says: &["semicolons", "`data.decimal: \",\"`", "line 2, column `steps`"], ..case("IN22", &[], "u1") },
    Case { settings: "decimal: \",\"", ..case("IN22", &[U1], "u1") },
    Case { settings: "separator: semicolon, decimal: \",\"", ..case("IN22", &[U1], "u1") },
    Case { code: 3, says: &["line 2, column `steps`", "`data.decimal: \",\"`"], ..case("IN23", &[], "u1") },
    Case { settings: "decimal: \",\"", ..case("IN23", &[U1], "u1") },
    case("IN24", &[U1], "u1"),
    Case { settings: "skip_lines: 10", ..case("IN24", &[U1], "u1") },
    case("IN25", &[U1], "u1"),
    Case { code: 3, says: &["compressed by xz", "a zip archive", "unzip -p u3.csv.zip"], ..case("IN26", &[U1], "u1 u2 u3") },
    case("IN27", &[U1], "u1"),
    Case { code: 3, says: &["NUL"], ..case("IN28", &[U1, U2], "u1 u2 u3") },
    case("IN29", &[U1], "u1"),
    Case { settings: "missing_values: ['.']", ..case("IN30", &[WITH_GAPS], "u1") },
    Case { says: &["the source has 6 infinite value(s), the first at line"], ..case("IN31", &[], "u1") },
];

#[test]
#[ignore = "long"]
fn every_case_is_read_or_named() {
    let world = World::new(0);
    let mut faults = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        if let Err(fault) = run(&world, case, &format!("run{number}")) {
            faults.push(format!("{} ({}): {fault}", case.name, case.settings));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_odd_id_in_the_only_shared_file_costs_its_rows() {
    let world = World::new(0);
    let mut text = String::from("who,x,y\n");
    for row in 0..240 {
        let (who, x) = (["a", "b"][row % 2], row * row % 17);
        text.push_str(&format!("{who},{x},{}\n", x % 2));
    }
    world.write("data/all.csv", format!("{text}1.23457E+17,1,0\n1.5E+17,1,0\n"));
    let data = "format: columns, user: who, source: x, target: y, min_rows: 100";
    let config = format!("data: {{{data}}}\nanalysis_modes: [global_te]\nsurrogates: 19\n");
    world.write("c.yaml", config);
    let said = world.expect(3, &["run", "--config", "c.yaml", "--data", "data", "--out", "run"]);
    let told = "all.csv: 2 row(s) whose user id cannot be one fail as a unit of their own, the first: ";
    assert!(said.err.contains(told) && said.err.contains("all.csv, line 242, column `who`"), "{}", said.err);
    let sql = "select user_id, state, n_samples, reason from users order by user_id";
    let rows = world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out;
    assert!(rows.contains("\na,ok,120,\n") && rows.contains("\nb,ok,120,\n"), "{rows}");
    assert!(rows.contains("all.csv,failed,") && rows.contains("scientific notation"), "{rows}");
    // Mended, the file is no unit any more.
    world.write("data/all.csv", text);
    let said = world.run(&["run", "--resume", "run"]);
    assert!(said.err.contains("can be read now") || said.code == Some(0), "{said:?}");
}

#[test]
fn a_missing_value_that_no_setting_names_is_told_with_the_setting() {
    let said = said(&World::new(0), &Case { code: 3, ..case("IN30", &[], "u1") }, "run").unwrap();
    assert!(said.contains("line 9, column `steps`: `.` is not a number"), "{said}");
    assert!(said.contains("`data.missing_values`, as in ['.']"), "{said}");
}

/// Runs a case; what it says, with the reasons of its units and its issues.
fn said(world: &World, case: &Case, dir: &str) -> Result<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/in").join(case.name);
    let mut config = std::fs::read_to_string(folder.join("c.yaml")).map_err(|error| error.to_string())?;
    for setting in case.settings.split(", ").filter(|setting| !setting.is_empty()) {
        config = config.replacen("data:\n", &format!("data:\n  {setting}\n"), 1);
    }
    world.write(&format!("{dir}.yaml"), config);
    let (config, data) = (format!("{dir}.yaml"), folder.join("data").display().to_string());
    let run = world.run(&["run", "--config", &config, "--data", &data, "--out", dir, "--threads", "1"]);
    if run.code != Some(case.code) {
        return Err(format!("exit {:?}: {}", run.code, run.err));
    }
    let mut said = run.err;
    if case.code != 2 {
        said.push_str(&query(world, dir, "select coalesce(reason, '') from users"));
        said.push_str(&query(world, dir, "select error from issues"));
    }
    Ok(said)
}

fn query(world: &World, dir: &str, sql: &str) -> String {
    world.expect(0, &["sql", "--run", dir, "--format", "ndjson", sql]).out.replace("\\\"", "\"")
}

fn run(world: &World, case: &Case, dir: &str) -> Result<(), String> {
    let said = said(world, case, dir)?;
    for words in case.says {
        if !said.contains(words) {
            return Err(format!("`{words}` is not said: {said}"));
        }
    }
    if case.code == 2 {
        return Ok(());
    }
    let lines = |sql: &str| query(world, dir, sql).lines().map(str::to_owned).collect::<Vec<_>>();
    let field = |line: &str, name: &str| {
        serde_json::from_str::<serde_json::Value>(line).ok().and_then(|row| row.get(name).cloned())
    };
    let users: Vec<String> = lines("select user_id from users order by user_id")
        .iter()
        .filter_map(|line| Some(field(line, "user_id")?.as_str()?.to_owned()))
        .collect();
    if !case.users.is_empty() && users.join(" ") != case.users {
        return Err(format!("users {users:?}"));
    }
    if users.iter().any(|user| user.is_empty() || user == "NA") {
        return Err(format!("rows of nobody are a person: {users:?}"));
    }
    for (user, samples, observations, forth, back) in case.values {
        let sql = format!(
            "select n_samples, \"n_obs_A2S\", \"TE_A2S\", \"TE_S2A\" from te where user_id = '{user}'"
        );
        let rows = lines(&sql);
        let number = |name: &str| rows.first().and_then(|row| field(row, name)?.as_f64()).unwrap_or(f64::NAN);
        let near = |name: &str, expected: f64| (number(name) - expected).abs() < 1e-9;
        let good = rows.len() == 1
            && near("n_samples", f64::from(*samples))
            && near("n_obs_A2S", f64::from(*observations))
            && near("TE_A2S", *forth)
            && near("TE_S2A", *back);
        if !good {
            return Err(format!("{user}: {rows:?}"));
        }
    }
    Ok(())
}

/// Files of one person each, run together: `te` of every user, who must all be there and equal.
fn equal_users(world: &World, name: &str, files: &[(String, Vec<u8>)]) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/in/IN21");
    world.write("same.yaml", std::fs::read(folder.join("c.yaml")).unwrap());
    std::fs::create_dir(world.path(name)).unwrap();
    for (file, bytes) in files {
        world.write(&format!("{name}/{file}"), bytes);
    }
    let out = format!("{name}-run");
    let args = ["run", "--config", "same.yaml", "--data", name, "--out", &out, "--threads", "1", "-q"];
    let said = world.expect(0, &args);
    assert!(!said.err.contains("left out"), "{}", said.err);
    let sql = "select n_samples, \"n_obs_A2S\", \"TE_A2S\", \"TE_S2A\", count(*) as users, min(user_id) from te \
               group by 1, 2, 3, 4 order by users desc";
    let rows = world.expect(0, &["sql", "--run", &out, "--format", "csv", sql]).out;
    assert_eq!(rows.lines().count(), 2, "not all equal: {rows}");
    let row = rows.lines().nth(1).unwrap();
    let fields: Vec<&str> = row.split(',').collect();
    assert_eq!(fields[4], files.len().to_string(), "{rows}");
    fields[..4].join(",")
}

/// The table of case IN21, with a line feed behind each line.
fn table() -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/in/IN21/data/u1.csv");
    std::fs::read_to_string(file).unwrap().replace('\r', "\n")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn forms_of_one_table_that_are_read_give_one_result() {
    let plain = table();
    let (header, rows) = plain.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let each = |change: &dyn Fn(&str) -> String| -> String {
        let rows: String = rows.iter().map(|row| change(row) + "\n").collect();
        format!("{header}\n{rows}")
    };
    let label = |to: [&'static str; 2]| {
        each(&|row: &str| {
            let (rest, label) = row.rsplit_once(',').unwrap();
            format!("{rest},{}", to[usize::from(label == "1")])
        })
    };
    let more = |name: &str, value: &str| format!("{name},{}", each(&|row: &str| format!("{value},{row}")));
    let mut shuffled = rows.clone();
    shuffled.sort_by_key(|row| blake3_of(row));
    let cut = plain.len() / 2;
    let many = (0..800).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let wide = format!("{many},{}", each(&|row: &str| "1,".repeat(800) + row));
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("plain.csv", plain.clone().into()),
        ("mark.csv", format!("\u{feff}{plain}").into()),
        ("crlf.csv", plain.replace('\n', "\r\n").into()),
        ("no_end.csv", plain.trim_end().into()),
        ("blank_lines.csv", plain.replace('\n', "\n\n").into()),
        ("commas.csv", format!("{plain},,\n,,\n").into()),
        (
            "quoted.csv",
            plain
                .replace(',', "\",\"")
                .replace('\n', "\"\n\"")
                .replacen("time", "\"time", 1)
                .trim_end_matches('"')
                .into(),
        ),
        ("separators.csv", more("note", "\"a,b\"\"c\nd\"").into()),
        ("label_floats.csv", label(["0.0", "1.00"]).into()),
        ("label_exponents.csv", label(["0e0", "1e0"]).into()),
        ("label_words.csv", label(["FALSE", "true"]).into()),
        ("times_floats.csv", each(&|row| row.replacen(',', ".0,", 1)).into()),
        (
            "reversed.csv",
            format!("{header}\n{}\n", rows.iter().rev().copied().collect::<Vec<_>>().join("\n")).into(),
        ),
        ("shuffled.csv", format!("{header}\n{}\n", shuffled.join("\n")).into()),
        ("packed.csv.gz", gzip(plain.as_bytes())),
        ("packed_inside.csv", gzip(plain.as_bytes())),
        ("not_packed.csv.gz", plain.clone().into()),
        ("members.csv.gz", [gzip(&plain.as_bytes()[..cut]), gzip(&plain.as_bytes()[cut..])].concat()),
        ("wide.csv", wide.into()),
        ("minus.csv", plain.replace(",1\n", ",+1\n").into()),
        ("nan.csv", plain.clone().into()),
        ("null.csv", plain.clone().into()),
        ("__HIVE_DEFAULT_PARTITION__.csv", plain.clone().into()),
        ("a=b.csv", plain.clone().into()),
        ("%41.csv", plain.clone().into()),
        ("007.csv", plain.clone().into()),
        ("7.csv", plain.clone().into()),
        ("\u{1f642}.csv", plain.into()),
    ];
    let files: Vec<(String, Vec<u8>)> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    let found = equal_users(&World::new(0), "forms", &files);
    assert!(found.starts_with("120,119,0.376216498421"), "{found}");
}

fn blake3_of(text: &str) -> String {
    results::store::checksum(text.as_bytes())
}

#[test]
fn words_for_missing_numbers_are_empty_cells() {
    let words = [
        "", " ", "NA", "NaN", "nan", "-nan", "null", "NULL", "None", "N/A", "n/a", "#N/A", "<NA>", "NaT",
        "1.#QNAN", "\u{a0}",
    ];
    let with = |word: &str| -> Vec<u8> {
        let lines = table();
        let lines = lines.lines().enumerate().map(|(n, line)| match n % 9 {
            4 => {
                let fields: Vec<&str> = line.split(',').collect();
                format!("{},{word},{}\n", fields[0], fields[2])
            }
            _ => format!("{line}\n"),
        });
        lines.collect::<Vec<String>>().concat().into()
    };
    let files: Vec<(String, Vec<u8>)> =
        words.iter().enumerate().map(|(n, word)| (format!("u{n}.csv"), with(word))).collect();
    let found = equal_users(&World::new(0), "words", &files);
    assert!(!found.starts_with("120,119,"), "{found}");
}
