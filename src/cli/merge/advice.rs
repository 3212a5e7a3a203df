//! How a merge is best shared out, and what it takes, in words.

use crate::cli::speak::say;
use crate::cli::text::{columns, count, grouped_digits};
use crate::merge::{Explained, MANY, Size};
use crate::progress::bytes;

/// Below so many rows a merge takes about a second, and there is nothing to choose.
const FEW: u64 = 1_000_000;

/// Says who does a merge for which nobody has said it.
pub(super) fn choice(size: Size) {
    say(chosen(size));
}

fn chosen(size: Size) -> String {
    let rows = grouped_digits(size.rows);
    match size.rows {
        ..FEW => String::new(),
        FEW..MANY => format!(
            "note: {rows} rows are merged by this process alone, the quickest way below {} (--explain tells what it takes)\n",
            grouped_digits(MANY)
        ),
        _ => format!(
            "note: {rows} rows are merged by this process alone; with --parts several machines can share them (--explain \
             tells what it takes)\n"
        ),
    }
}

/// What a merge would take.
pub(super) fn words(e: &Explained) -> String {
    let Size { rows, files, bytes: of_files } = e.size;
    let missing =
        if e.gaps > 0 { format!(", {} by plan and ledger", count(e.gaps, "gap")) } else { String::new() };
    let share = if rows < MANY {
        format!("this process alone is the quickest below {} rows", grouped_digits(MANY))
    } else {
        format!("machines that share the work could have --parts {}", e.advised)
    };
    let passes = if e.parts == 1 {
        "the output alone".to_owned()
    } else {
        format!("the output, its parts, and about {} of sorted rows, which are read twice", bytes(e.passed))
    };
    let requests = match e.requests {
        None => "none: the runs are in folders".to_owned(),
        Some(requests) => {
            format!("about {} GET, {} PUT", grouped_digits(requests.get), grouped_digits(requests.put))
        }
    };
    let known = if e.parts == 1 { "" } else { " by each process" };
    let rows = [
        (
            "merges",
            format!(
                "{} with {} rows in {} of {}{missing}",
                count(e.units, "unit"),
                grouped_digits(rows),
                count(files, "data file"),
                bytes(of_files)
            ),
        ),
        ("parts", format!("{}; {share}", e.parts)),
        ("reads", format!("{} of data files, {} of plan and ledger{known}", bytes(e.read), bytes(e.known))),
        ("writes", passes),
        ("requests", requests),
        ("memory", format!("about {} a process", bytes(e.memory))),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(what, words)| vec![what.to_owned(), words]).collect();
    columns(&["what", "it takes"], &rows) + "nothing was merged, and no data file was read\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::Requests;

    #[test]
    fn a_choice_is_told_where_there_is_one() {
        let of = |rows| chosen(Size { rows, files: 1, bytes: 1 });
        assert_eq!(of(999_999), "");
        for rows in [1_000_000, MANY - 1] {
            assert!(
                of(rows)
                    .contains(" rows are merged by this process alone, the quickest way below 100,000,000 ")
            );
        }
        assert!(of(MANY).starts_with(
            "note: 100,000,000 rows are merged by this process alone; with --parts several machines"
        ));
    }

    #[test]
    fn what_a_merge_takes() {
        let size = Size { rows: 4_000_000, files: 80, bytes: 236_000_000 };
        let alone = Explained {
            size,
            units: 2_000_000,
            gaps: 0,
            parts: 1,
            advised: 1,
            known: 30_000_000,
            read: 472_000_000,
            passed: 0,
            requests: None,
            memory: 300_000_000,
        };
        let shared = Explained {
            size: Size { rows: 1_000_000_000, files: 4000, bytes: 220_000_000_000 },
            gaps: 1,
            parts: 8,
            advised: 50,
            passed: 220_000_000_000,
            requests: Some(Requests { get: 1_234_567, put: 890 }),
            ..alone.clone()
        };
        let told = words(&alone);
        assert!(told.contains("2000000 units with 4,000,000 rows in 80 data files of 236 MB\n"), "{told}");
        assert!(told.contains("reads     472 MB of data files, 30 MB of plan and ledger\n"), "{told}");
        let told = words(&shared);
        assert!(
            told.contains(", 1 gap by plan and ledger\n")
                && told.contains("machines that share the work could have --parts 50\n"),
            "{told}"
        );
        assert!(told.contains("requests  about 1,234,567 GET, 890 PUT\n"), "{told}");
    }
}
