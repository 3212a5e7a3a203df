//! A process a unit.

use std::path::Path;

use super::super::tests::*;
use super::super::*;
use crate::schema::Row;

#[test]
fn rows_stages_and_the_outcome_are_taken() {
    let script = r#"
        echo '{"stage": "reading"}'
        echo
        printf '{"table": "te", "tau": 1, "TE_A2S": 0.1, "k": 4.0, "low_n": false}\r\n'
        echo '{"table": "te", "feature_mode": "m", "tau": 2, "TE_A2S": 1, "p_A2S": null}'
        echo '{"unit": {"n_samples": 123, "k": 4}}'
        printf '{"table": "issues", "method": "X", "error": "e\\n1", "severity": "warning"}'
    "#;
    let (units, stages) = units(&engine(options(script, &[])), &job("u", &["m"]));
    let unit = &units[0];
    assert_eq!((unit.state, &unit.reason), (UnitState::Ok, &None));
    assert_eq!((unit.n_samples, unit.k), (Some(123), Some(4)));
    assert_eq!(unit.input_fingerprint.as_deref(), Some(blake3::hash(b"").to_hex().as_str()));
    assert_eq!(stages, ["sh", "reading"]);
    let (te, schemas) = (rows(unit, "te"), Schemas::load(None).unwrap());
    let first = Row::new().with("feature_mode", "m").with("k", 4u32).with("tau", 1u32);
    assert_eq!(te[0], first.with("TE_A2S", 0.1).with("low_n", false));
    for (table, rows) in &unit.tables {
        crate::schema::record_batch(schemas.get(table).unwrap(), rows).unwrap();
    }
    assert_eq!(te.len() + rows(unit, "issues").len(), 3);
}

#[test]
fn a_program_knows_its_unit() {
    let script = r#"
        [ "$1" = "a b/$RESULTS_USER_ID" ] && [ "$2" = "$RESULTS_INPUT" ] && [ "$2" = /dev/null ] || exit 9
        [ "$3" = "$RESULTS_FEATURE_MODE-$RESULTS_SEED" ] && [ "$RESULTS_CONFIG" = "{}" ] || exit 8
        read line && exit 7
        echo '{"table": "te", "tau": '$RESULTS_SEED'}'
    "#;
    let mut options = options(script, &["a b/{user_id}", "{input}", "{feature_mode}-{seed}"]);
    options.config_json = "{}".to_owned();
    let (units, _) = units(&engine(options), &job("$(exit 1) '\"; 😀", &["m", "n"]));
    for (unit, mode) in units.iter().zip(["m", "n"]) {
        assert_eq!(unit.reason, None);
        assert_eq!(rows(unit, "te")[0], Row::new().with("feature_mode", mode).with("tau", 42u32));
    }
}

#[test]
fn no_answer_to_done_ends_the_user() {
    let mut calls = 0;
    engine(options(":", &[])).run(&job("u", &["a", "b", "c"]), &|_| {}, &mut |_| {
        calls += 1;
        calls < 2
    });
    assert_eq!(calls, 2);
}

#[test]
fn numbers_keep_every_digit() {
    // Off by one in the last place unless serde_json reads with `float_roundtrip`.
    let numbers = ["0.31300000000000003", "2.2250738585072014e-308", "9007199254740993.0", "5.1e-324"];
    for number in numbers {
        let unit =
            unit(options(&format!("echo '{{\"table\": \"te\", \"tau\": 1, \"z_A2S\": {number}}}'"), &[]));
        let want: f64 = number.parse().unwrap();
        let found = rows(&unit, "te")[0].0.iter().find(|(name, _)| *name == "z_A2S").unwrap();
        assert_eq!(found.1, crate::schema::Cell::Float(want), "{number}");
    }
    let number = |i: u32| (f64::from(i) * 0.37).sin().exp();
    let line = |i| format!("{{\"table\": \"te\", \"tau\": {i}, \"z_A2S\": {}}}", number(i));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rows");
    std::fs::write(&file, (1..2000).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    let unit = unit(options("cat \"$1\"", &[file.to_str().unwrap()]));
    assert_eq!(rows(&unit, "te").len(), 1999);
    for (i, row) in (1..2000u32).zip(rows(&unit, "te")) {
        assert!(row.0.contains(&("z_A2S", number(i).into())), "{i}");
    }
}

#[test]
fn bad_lines_are_told_with_their_place() {
    let good = r#"echo '{"table": "te", "tau": 1}'"#;
    let cases: &[(&str, &[&str])] = &[
        (
            r#"{"table": "tee", "tau": 1}"#,
            &["line 2: unknown table `tee`", "`te`?", "known tables are day_hours"],
        ),
        (r#"{"table": "users"}"#, &["line 2: the table `users` is kept by the store"]),
        (r#"{"table": 1}"#, &["line 2: `table` must be a text"]),
        (
            r#"{"table": "te", "tau": 2, "TE_A2s": 1}"#,
            &["table te, line 2, column TE_A2s: ", "did you mean `TE_A2S`?"],
        ),
        (r#"{"table": "te", "tau": 2, "q_A2S": 1}"#, &["column q_A2S: is computed by merge"]),
        (r#"{"table": "te", "tau": 2, "user_id": "u"}"#, &["column user_id: is kept by the store"]),
        (r#"{"table": "te", "tau": "2"}"#, &["column tau: must be a whole number, not the text `2`"]),
        (r#"{"table": "te", "tau": 2.5}"#, &["column tau: must be a whole number, not 2.5"]),
        (r#"{"table": "te", "tau": 18446744073709551615}"#, &["column tau: ", "64-bit"]),
        (r#"{"table": "te", "tau": 36893488147419103232}"#, &["column tau: ", "too large"]),
        (
            r#"{"table": "te", "tau": 36893488147419103233}"#,
            &["column tau: 36893488147419103233 does not fit"],
        ),
        // Beyond 64 bits, where a number is read as one with decimals.
        (
            r#"{"table": "te", "tau": 2, "TE_A2S": 36893488147419103233}"#,
            &["table te, line 2, column TE_A2S: 36893488147419103233 is too large to be exact"],
        ),
        (
            r#"{"table": "te", "tau": 2, "low_n": false, "TE_S2A": -36893488147419103233}"#,
            &["line 2, column TE_S2A: -36893488147419103233 is too large", "write -3.6893488147419103e19"],
        ),
        (r#"{"table": "te", "tau": null}"#, &["column tau: has no value"]),
        (r#"{"table": "te"}"#, &["column tau: has no value"]),
        (r#"{"table": "te", "tau": 2, "tau": 3}"#, &["column tau: is given twice"]),
        (r#"{"table": "te", "table": "gc", "tau": 2}"#, &["column table: isn't a column"]),
        (r#"{"table": "te", "tau": 2, "p_A2S": "NaN"}"#, &["column p_A2S: ", "write null"]),
        (r#"{"table": "te", "tau": 2, "p_A2S": NaN}"#, &["line 2 of the output isn't a row", "write null"]),
        (r#"{"table": "te", "tau": 2, "p_A2S": 1e999}"#, &["line 2 of the output isn't a row", "write null"]),
        (r#"{"table": "te", "tau": 2, "p_A2S": 1.5}"#, &["column p_A2S: 1.5 is outside 0 to 1"]),
        (
            r#"{"table": "te", "tau": 2, "feature_mode": "n"}"#,
            &["column feature_mode: is `n`, but the unit is of `m`"],
        ),
        (r#"{"table": "te", "tau": 2, "k": [1]}"#, &["column k: must be a whole number, not a list"]),
        (
            r#"{"table": "te", "tau": 1.0}"#,
            &["table te, line 2: has the key of line 1 again: feature_mode m, tau 1"],
        ),
        (
            r#"{"table": "issues", "method": "X", "error": "e", "severity": "bad"}"#,
            &["`bad` isn't one of error, warning"],
        ),
        ("Loading model", &["line 2 of the output isn't a row", "`Loading model`", "standard error"]),
        (r#"[{"table": "te"}]"#, &["line 2 of the output isn't a row", "a JSON object"]),
        (r#"{"tau": 1}"#, &["line 2: has no `table`"]),
        (r#"{"unit": {"state": "good"}}"#, &["unknown variant `good`", "known are state"]),
        (r#"{"unit": {"states": "ok"}}"#, &["unknown field `states`"]),
        (r#"{"unit": {"reason": "why"}}"#, &["the reason `why` but no state"]),
        (r#"{"end": 1}"#, &["`end` must be true"]),
    ];
    for (line, wanted) in cases {
        let told = failure(&format!("{good}\necho '{line}'"));
        for want in *wanted {
            assert!(told.contains(want), "{line}: {told}");
        }
    }
}

#[test]
fn the_program_says_what_became_of_the_unit() {
    let script =
        r#"echo '{"table": "te", "tau": 1}'; echo '{"unit": {"state": "skipped", "reason": "12 rows"}}'"#;
    let told = unit(options(script, &[]));
    assert_eq!((told.state, told.reason.as_deref()), (UnitState::Skipped, Some("12 rows")));
    assert_eq!((rows(&told, "te").len(), rows(&told, "issues").len()), (1, 1), "{told:?}");
    let told = unit(options(r#"echo '{"unit": {"state": "failed"}}'"#, &[]));
    assert_eq!((told.state, told.reason.as_deref()), (UnitState::Failed, Some("the program gave no reason")));
    // An end is no harm, so that one program can serve both modes; what follows it is.
    assert_eq!(unit(options(r#"echo '{"end": true, "k": 3}'"#, &[])).k, Some(3));
    let told = failure(r#"echo '{"end": true}'; echo '{"table": "te", "tau": 1}'"#);
    assert!(told.contains("after the end of the unit"), "{told}");
}

#[test]
fn inputs_that_are_no_single_file() {
    let engine = engine(options(":", &[]));
    let mut job = job("u", &["m"]);
    job.input = r#"{"id": "u", "files": ["a", "b"], "bytes": 1}"#.to_owned();
    let told = failed(units(&engine, &job).0.remove(0));
    assert!(told.contains("2 input files"), "{told}");
    job.input = "nonsense".to_owned();
    assert!(failed(units(&engine, &job).0.remove(0)).contains("plan's input"));
}

#[test]
fn many_threads_share_an_engine() {
    let engine = engine(options("echo '{\"table\": \"te\", \"tau\": '$1'}'", &["{user_id}"]));
    std::thread::scope(|scope| {
        for user in 0..8u32 {
            let engine = &engine;
            scope.spawn(move || {
                let (units, _) = units(engine, &job(&user.to_string(), &["m", "n"]));
                assert!(units.iter().all(|u| rows(u, "te")[0].0.contains(&("tau", user.into()))));
            });
        }
    });
}

/// The script of the guide.
#[test]
fn the_example_works() {
    if lookup::find(&["python3".to_owned()], Path::new(".")).is_err() {
        eprintln!("skipped: python3 not found");
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/example");
    let schemas = Schemas::load(Some(&folder.join("schemas"))).unwrap();
    let script = folder.join("mean_step.py");
    let mut options = options("", &[]);
    options.program =
        ["python3", script.to_str().unwrap(), "{user_id}", "{input}"].map(str::to_owned).to_vec();
    let engine = CommandEngine::new(options, &schemas).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let run = |text: &str| {
        let file = dir.path().join("u.csv");
        std::fs::write(&file, text).unwrap();
        let mut job = job("u", &["m"]);
        job.input = serde_json::json!({"id": "u", "files": [file], "bytes": 0}).to_string();
        units(&engine, &job).0.remove(0)
    };
    let header = "time,sleeping,steps\n";
    let unit = run(&format!("{header}0,0,10\n60,1,\n120,0,20\n180,1,4\n"));
    assert_eq!((unit.reason.as_deref(), unit.n_samples), (None, Some(3)));
    let all = rows(&unit, "mean_step");
    assert_eq!(all.len(), 2, "{unit:?}");
    assert!(all[0].0.contains(&("mean", 15.0.into())) && all[1].0.contains(&("mean", 4.0.into())));
    let unit = run(header);
    assert_eq!(
        (unit.state, unit.reason.as_deref()),
        (UnitState::Skipped, Some("no row has a number of steps"))
    );
    assert!(failed(run("a,b\n1,2\n")).contains("KeyError: 'steps'"));
}
