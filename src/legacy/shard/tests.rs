//! Files broken by hand: every finding has its kind and its line.

use super::super::tests::*;
use super::*;
use crate::schema::Cell;
use crate::store::UnitState;

const TE: &str = "per_user_te.csv";
const K: &str = "k_selected_by_user.csv";
const HBIN: &str = "hbin_counts.csv";

/// The sample's transfer entropies with one line (from 1) replaced.
fn te_line(number: usize, change: impl Fn(&str) -> String) -> LegacyShard {
    changed(TE, |text| {
        let each = text.lines().enumerate();
        each.map(|(i, line)| if i + 1 == number { change(line) } else { line.to_owned() } + "\n").collect()
    })
}

fn te_rows(shard: &LegacyShard) -> usize {
    shard.units.iter().map(|unit| rows(unit, "te").len()).sum()
}

#[test]
fn line_endings_and_byte_order_marks_do_not_matter() {
    let whole = sample(SHARDS[0]);
    for file in [TE, K, HBIN, "error_log.csv"] {
        let shard = changed(file, |text| format!("\u{feff}{}\r\n", text.replace('\n', "\r\n")));
        assert_eq!(shard.calls, whole.calls);
        assert_eq!(shard.findings.len(), 1, "{:?}", shard.findings);
        if file != "error_log.csv" {
            assert_eq!(shard.units, whole.units, "{file}");
        }
    }
}

#[test]
fn a_last_line_without_an_ending_is_never_taken() {
    let shard = changed(TE, |text| text.trim_end().to_owned());
    assert_eq!((lines(&shard, TE, Kind::Torn), te_rows(&shard)), (vec![5], 3));
    let shard = changed("run_info.yaml", |text| text.trim_end().to_owned());
    assert!(shard.settings.is_none() && has(&shard, "run_info.yaml", Kind::Settings));
}

#[test]
fn empty_and_missing_files() {
    for text in ["", "\u{feff}", "\n\n", "\r\n"] {
        let shard = changed(TE, |_| text.to_owned());
        assert!(has(&shard, TE, Kind::EmptyFile), "{text:?}");
    }
    assert!(has(&changed(TE, |_| "user".to_owned()), TE, Kind::Torn));
    let shard = changed(TE, |text| text.lines().next().unwrap().to_owned() + "\n");
    assert_eq!((te_rows(&shard), shard.findings.len()), (0, 1), "a header alone is an empty table");
    let mut files = files(SHARDS[0]);
    files.clear();
    let shard = of_files(&files);
    assert_eq!((shard.units.len(), shard.findings.len()), (0, 6));
}

#[test]
fn headers_may_stand_anywhere() {
    let header = |text: &str| text.lines().next().unwrap().to_owned();
    let shard =
        te_line(3, |line| format!("{}\n{line}", header(&String::from_utf8_lossy(&files(SHARDS[0])[TE]))));
    assert_eq!((lines(&shard, TE, Kind::RepeatedHeader), te_rows(&shard)), (vec![3], 4));
    let shard = changed(TE, |text| {
        let (first, rest) = text.split_once('\n').unwrap();
        format!("{rest}{first}\n")
    });
    assert_eq!((lines(&shard, TE, Kind::Header), te_rows(&shard)), (vec![5], 4));
    let shard = changed(TE, |text| text.split_once('\n').unwrap().1.to_owned());
    assert!(has(&shard, TE, Kind::Header));
    assert_eq!(shard.units, sample(SHARDS[0]).units);
}

#[test]
fn checkpoint_rows_below_a_finished_header() {
    let short = |line: &str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields.drain(10..14);
        fields.join(",")
    };
    let shard = te_line(3, short);
    assert_eq!(lines(&shard, TE, Kind::OtherLayout), [3]);
    assert_eq!(shard.units, sample(SHARDS[0]).units);
    assert_eq!(shard.calls.len(), 30);
}

#[test]
fn rows_that_cannot_be_read() {
    let cases: [(&str, &str, Kind); 8] = [
        ("0.2519892321966967", "0.25x", Kind::Unreadable),
        ("0.2519892321966967", "-0.5", Kind::Unreadable),
        ("0.2519892321966967", "inf", Kind::Unreadable),
        ("0.87,0.94,", "1.87,0.94,", Kind::Unreadable),
        (",3,3,2,", ",3,3,,", Kind::Unreadable),
        (",composite,", ",,", Kind::Unreadable),
        ("False,True", "False,\"True", Kind::Unreadable),
        ("False,True", "False", Kind::Ragged),
    ];
    for (from, to, kind) in cases {
        let shard = te_line(3, |line| line.replacen(from, to, 1));
        assert_eq!((lines(&shard, TE, kind), te_rows(&shard)), (vec![3], 3), "{to}");
        assert!(kind.loses_rows());
    }
    let shard = te_line(3, |_| "\0\0\0\0".to_owned());
    assert_eq!(lines(&shard, TE, Kind::Unreadable), [3]);
    let told = te_line(3, |line| line.replacen("0.2519892321966967", "0.25x", 1));
    let told = told.findings.iter().find(|f| f.kind == Kind::Unreadable).unwrap().to_string();
    assert!(told.contains("per_user_te.csv, line 3: column `TE_A2S`: `0.25x` is not a number"), "{told}");
}

#[test]
fn empty_and_nan_are_no_value() {
    let shard = te_line(3, |line| line.replacen("0.2519892321966967,0.617706086671543", "nan,", 1));
    let row = &rows(unit(&shard, "0EC6"), "te")[1];
    assert_eq!((cell(row, "TE_A2S"), cell(row, "TE_S2A")), (&Cell::Null, &Cell::Null));
    assert_eq!(shard.findings.len(), 1);
}

#[test]
fn columns_go_by_name() {
    let shard = changed(TE, |text| {
        let moved = |line: &str| line.split(',').rev().collect::<Vec<_>>().join(",") + "\n";
        text.lines().map(moved).collect()
    });
    assert_eq!(shard.units, sample(SHARDS[0]).units);
    let shard = changed(TE, |text| text.replacen("p_A2S", "mine", 1));
    assert_eq!((lines(&shard, TE, Kind::Column), te_rows(&shard)), (vec![1], 4));
    assert_eq!(cell(&rows(unit(&shard, "0EC6"), "te")[0], "p_A2S"), &Cell::Null);
    let shard = changed(TE, |text| text.replacen("p_S2A", "p_A2S", 1));
    assert_eq!(lines(&shard, TE, Kind::Column), [1]);
    let shard = changed(TE, |text| text.replacen(",tau,", ",lag,", 1));
    assert_eq!((lines(&shard, TE, Kind::Unreadable), te_rows(&shard)), (vec![2, 3, 4, 5], 0));
}

#[test]
fn a_p_of_exactly_0_is_kept_and_told() {
    let shard = te_line(3, |line| line.replacen(",0.87,0.94,", ",0.0,0.94,", 1));
    assert_eq!(lines(&shard, TE, Kind::ZeroP), [3]);
    assert_eq!(cell(&rows(unit(&shard, "0EC6"), "te")[1], "p_A2S"), &Cell::Float(0.0));
}

#[test]
fn equal_duplicates_collapse_and_others_become_attempts() {
    let shard = te_line(3, |line| format!("{line}\n{line}"));
    assert_eq!((lines(&shard, TE, Kind::RepeatedRow), te_rows(&shard)), (vec![4], 4));
    assert_eq!(shard.units, sample(SHARDS[0]).units);

    let shard = te_line(3, |line| format!("{line}\n{}", line.replacen(",0.87,", ",0.5,", 1)));
    assert_eq!(lines(&shard, TE, Kind::UnequalRows), [4]);
    let twice: Vec<&LegacyUnit> = shard.units.iter().filter(|u| u.user_id.starts_with("0EC6")).collect();
    assert_eq!(twice.iter().map(|u| u.attempt).collect::<Vec<_>>(), [0, 1]);
    let p = |unit: &LegacyUnit, row: usize| cell(&rows(unit, "te")[row], "p_A2S").clone();
    assert_eq!((p(twice[0], 0), p(twice[1], 0)), (Cell::Float(0.73), Cell::Float(0.73)));
    assert_eq!((p(twice[0], 1), p(twice[1], 1)), (Cell::Float(0.87), Cell::Float(0.5)));
    assert_eq!(rows(twice[0], "ste"), rows(twice[1], "ste"));
}

#[test]
fn a_user_with_nothing_but_k_and_bins_was_interrupted() {
    let mut files = files(SHARDS[0]);
    files.retain(|file, _| !file.starts_with("per_user"));
    let shard = of_files(&files);
    let unit = unit(&shard, "0EC6");
    assert_eq!(unit.state, UnitState::Failed);
    assert_eq!(unit.reason.as_deref(), Some("interrupted: there is only hour_bins and k_selection"));
    assert_eq!(lines(&shard, K, Kind::Interrupted), [2, 3]);
}

#[test]
fn bins_that_do_not_fit() {
    let shard = changed(HBIN, |text| text.replacen("1230,280", "1231,280", 1));
    assert_eq!(lines(&shard, HBIN, Kind::Doubtful), [2]);
    let shard = changed(HBIN, |text| text.replacen("1230,280", "1230,x", 1));
    assert_eq!(lines(&shard, HBIN, Kind::Unreadable), [2]);
    let shard = changed("run_info.yaml", |text| text.replacen("hour_bins: 6", "hour_bins: 5", 1));
    assert_eq!(lines(&shard, HBIN, Kind::Doubtful), [2, 3]);
    let shard = changed("run_info.yaml", |text| text.replacen("hour_bins: 6", "hour_bins: 48", 1));
    assert!(has(&shard, HBIN, Kind::Doubtful));
    assert_eq!(rows(unit(&shard, "0EC6"), "hour_bins").len(), 24);
    let mut files = files(SHARDS[0]);
    files.retain(|file, _| [HBIN, K].contains(file));
    let shard = of_files(&files);
    assert!(has(&shard, HBIN, Kind::Assumed));
    assert_eq!(rows(unit(&shard, "0EC6"), "hour_bins").len(), 6);
}

#[test]
fn k_of_several_modes() {
    let two = |text: &str| text.replacen("  - composite\n", "  - composite\n  - sma_only\n", 1);
    let shard = changed("run_info.yaml", |text| two(&text));
    assert_eq!(lines(&shard, K, Kind::ModeUnknown), [2, 3]);
    let mut files = files(SHARDS[0]);
    let info = String::from_utf8(files["run_info.yaml"].clone()).unwrap();
    files.insert("run_info.yaml", two(&info).into_bytes());
    let k = String::from_utf8(files[K].clone()).unwrap();
    // A row a mode, in their order; the first one's k is that of the rows.
    files.insert(
        K,
        format!(
            "{k}{}",
            k.lines().skip(1).fold(String::new(), |t, l| t + &l.replace(",3,3,", ",2,2,") + "\n")
        )
        .into_bytes(),
    );
    let shard = of_files(&files);
    assert!(!has(&shard, K, Kind::ModeUnknown));
    let of = |mode: &str| {
        shard.units.iter().find(|u| u.user_id.starts_with("0EC6") && u.feature_mode == mode).unwrap()
    };
    assert_eq!(cell(&rows(of("composite"), "k_selection")[0], "k_selected"), &Cell::Int(3));
    assert_eq!(cell(&rows(of("sma_only"), "k_selection")[0], "k_selected"), &Cell::Int(2));
}

#[test]
fn settings_that_are_not_understood_cost_only_themselves() {
    let shard = changed("run_info.yaml", |text| text.replacen("strategy: AIS", "strategy: guess", 1));
    let config = &shard.settings.as_ref().unwrap().config;
    assert_eq!((config.hour_bins, config.k_selection.k_max), (6, None));
    let told = shard.findings.iter().find(|f| f.kind == Kind::Settings).unwrap().to_string();
    assert!(told.contains("config.k_selection") && told.contains("guess"), "{told}");
    for text in ["", "config: [1\n", "timestamp: 1\n", "config: 3\n", "\u{fffd}\n"] {
        let shard = changed("run_info.yaml", |_| text.to_owned());
        assert!(shard.settings.is_none() && has(&shard, "run_info.yaml", Kind::Settings), "{text:?}");
        assert_eq!(te_rows(&shard), 4);
    }
}

#[test]
fn names_tell_shard_and_time() {
    assert_eq!(shard_of("full_bins6_20261123_1300_shard0of3"), Some((0, 3)));
    assert_eq!(shard_of("interrupted_shard2of3"), Some((2, 3)));
    assert_eq!(shard_of("shard1of2_copy"), Some((1, 2)));
    for name in ["full", "shard3of3", "myshard0of3", "shardof", "shard-1of2"] {
        assert_eq!(shard_of(name), None, "{name}");
    }
    assert_eq!(stamp_us("full_bins6_20261123_1300_shard0of3"), Some(1_795_438_800_000_000));
    assert_eq!(stamp_us("interrupted_shard2of3"), None);
}
