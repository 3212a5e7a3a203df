//! What files hold that is read wrongly if nobody looks: separated thousands, codes, spellings, units.

use super::{START, at, table, values};
use crate::world::{Said, World};

/// Rows of time, steps, and whether somebody sits, with cells as a function has them.
fn rows(cells: impl Fn(i64, i64, i64) -> String) -> String {
    table("time,steps,sit", |row| {
        let (steps, sit) = values(1, row);
        cells(START + 60 * row, 100 + 19 * steps, sit)
    })
}

fn plain(time: i64, steps: i64, sit: i64) -> String {
    format!("{time},{steps},{sit}")
}

/// Writes a configuration; what it says, and the configuration.
fn written(world: &World) -> (Said, String) {
    let said = world.expect(0, &["init", "data", "--yes", "--source", "steps", "--target", "sit", "--force"]);
    let config = std::fs::read_to_string(world.path("results.yaml")).unwrap();
    world.expect(0, &["config", "check", "results.yaml"]);
    (said, config)
}

/// Users, rows and the measure of a quick run of what was written.
fn te(world: &World, out: &str) -> String {
    let config = std::fs::read_to_string(world.path("results.yaml")).unwrap();
    world.write("quick.yaml", super::quick(&config));
    world.expect(0, &["run", "--config", "quick.yaml", "--out", out]);
    let query =
        "select count(distinct user_id), min(n_samples), max(round(\"TE_A2S\", 6)) from te where tau = 1";
    world.expect(0, &["sql", "--run", out, "--format", "csv", query]).out
}

#[test]
fn separated_thousands_are_the_numbers_they_are() {
    let world = World::new(0);
    world.write("data/u1.csv", rows(plain));
    written(&world);
    let as_they_are = te(&world, "plain");
    for (out, mark) in [("commas", ","), ("points", ".")] {
        let apart = |steps: i64| {
            if steps < 1000 {
                steps.to_string()
            } else {
                format!("\"{}{mark}{:03}\"", steps / 1000, steps % 1000)
            }
        };
        world.write("data/u1.csv", rows(|time, steps, sit| format!("{time},{},{sit}", apart(steps))));
        let (said, config) = written(&world);
        assert!(said.err.contains(&format!("{out} between thousands")), "{said:?}");
        assert!(!config.contains("decimal:") && config.contains("text_columns: [\"steps\"]"), "{config}");
        assert_eq!(te(&world, out), as_they_are);
    }
    world.write("data/u1.csv", rows(|time, steps, sit| format!("{time},{}.5%,{sit}", steps / 20)));
    assert!(written(&world).0.err.contains("percent signs"));
    te(&world, "percent");
}

#[test]
fn codes_and_words_of_no_label_are_no_class() {
    let world = World::new(0);
    for (name, code) in [("minus", "-1"), ("nine", "9")] {
        let cell = |time: i64, steps: i64, sit: i64| {
            let sit = if time % 600 == 0 { code.to_owned() } else { sit.to_string() };
            format!("{time},{steps},{sit}")
        };
        world.write("data/u1.csv", rows(cell));
        let (said, config) = written(&world);
        assert!(said.err.contains(&format!("{code} in 40 rows beside 0 and 1")), "{said:?}");
        assert!(config.contains(&format!("NOT IN ({code})")) && config.contains("target: none"), "{config}");
        assert!(te(&world, name).contains(",360,"));
    }
    let word = |time: i64, steps: i64, sit: i64| {
        let sit = match (time % 600, sit) {
            (0, _) => "unknown",
            (60, _) => "NOT WORN",
            (120..240, 1) => "sitting",
            (_, 1) => "Sitting",
            _ => "walking",
        };
        format!("{time},{steps},{sit}")
    };
    world.write("data/u1.csv", rows(word));
    let (said, config) = written(&world);
    assert!(said.err.contains("`NOT WORN`, `unknown` in 80 rows"), "{said:?}");
    assert!(said.err.contains("`Sitting`, `sitting` are taken for one label"), "{said:?}");
    assert!(config.contains("lower(\"sit\") = ''sitting'' THEN 1"), "{config}");
    assert!(te(&world, "words").contains(",320,"));
}

#[test]
fn all_files_say_whether_the_day_comes_first() {
    let world = World::new(0);
    for (user, days) in [(1, 0), (2, 20)] {
        let rows = table("time,steps,sit", |row| {
            let (steps, sit) = values(user, row);
            format!("{},{steps},{sit}", at(row + 1440 * days, "%d/%m/%Y %H:%M"))
        });
        world.write(&format!("data/u{user}.csv"), rows);
    }
    let (said, config) = written(&world);
    assert!(config.contains("%d/%m/%Y") && !said.err.contains("cannot be told"), "{said:?}");
}

#[test]
fn what_lies_beside_data_is_left_out() {
    let world = World::new(0);
    for user in 1..3 {
        world.write(&format!("data/u{user}.csv"), rows(plain));
    }
    world.write("data/codebook.csv", "var,what\nsteps,steps a minute\n");
    world.write("data/README.csv", "a,b\nc,d\n");
    world.write("data/u3.csv", "time,steps,sit\n");
    let (said, config) = written(&world);
    assert!(config.contains("files: \"u*.csv\"") && said.err.contains("codebook.csv"), "{said:?}");
    assert!(said.err.contains("u3.csv: it has a line of names and no rows, and will be skipped"), "{said:?}");
    // A run ends with 3 for whom it skips.
    std::fs::remove_file(world.path("data/u3.csv")).unwrap();
    assert!(te(&world, "run").contains("2,400,"));
}

#[test]
fn units_versions_and_fixed_times_do_not_mislead() {
    let world = World::new(0);
    world.write("data/u1.csv", rows(plain).replacen('\n', "\ns,n,-\n", 1));
    let (said, config) = written(&world);
    assert!(said.err.contains("line 2 of u1.csv holds units (s, n, -)"), "{said:?}");
    assert!(config.contains("source: '\"steps\"'") && !config.contains("skip_lines"), "{config}");
    assert!(te(&world, "units").contains("1,400,"));
    for part in 1..3 {
        let cells = table("created_at;time;steps;sit;firmware;user_id", |row| {
            let (steps, sit) = values(part, row);
            format!("2026-03-01 10:00:00;{};{steps},5;{sit};1.2;7", START + 60 * row + 86_400 * part)
        });
        world.write(&format!("data/u{part}.csv"), cells);
    }
    let (said, config) = written(&world);
    assert!(config.contains("decimal: \",\"") && config.contains("timestamp: '\"time\"'"), "{config}");
    assert!(config.contains("user: \"user_id\"") && !said.err.contains("`user_id`: it never"), "{said:?}");
}

#[test]
fn an_encoding_that_cannot_be_told_is_named_and_strange_names_stay_yaml() {
    let world = World::new(0);
    let text = rows(plain).replacen("time,steps,sit", "時刻,歩数,睡眠", 1);
    let (text, _, _) = encoding_rs::SHIFT_JIS.encode(&text);
    world.write("data/u1.csv", text);
    let said = world.expect(2, &["init", "data", "--yes"]);
    for words in ["neither UTF-8 nor windows-1252", "shift_jis", "iconv -f SHIFT_JIS"] {
        assert!(said.err.contains(words), "{words}: {said:?}");
    }
    world.write("data/u1.csv", rows(plain).replacen("steps", "st\u{8d}e\u{1}ps", 1));
    world.expect(0, &["init", "data", "--yes", "--target", "sit", "--force"]);
    world.expect(0, &["config", "check", "results.yaml"]);
}
