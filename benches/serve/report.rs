//! The report, and a plot beside its query.

use std::path::Path;
use std::process::Command;

use super::data::Data;
use super::process::{Spent, results, spent, spent_often};
use super::{median, say};

pub(crate) fn of_the_demo(data: &Data) {
    let merged = format!("{}/merged", data.demo());
    let spent = spent_often(5, || report(data, &merged));
    let size = megabytes(&data.dir.join("report.html"));
    say("report of the demonstration of 60", &format!("{}, {size:.2} MB", spent.words()), "2 s, 1.5 MB");
}

pub(crate) fn of_many(data: &Data) {
    let merged = data.two_lags();
    let spent = spent(report(data, merged));
    let size = megabytes(&data.dir.join("report.html"));
    let what = format!("report of {} people with two rows each", data.people);
    say(&what, &format!("{}, {size:.2} MB", spent.words()), "25 s, 500 MB, 3 MB");
}

fn report(data: &Data, of: &str) -> Command {
    results(&data.dir, &["report", of, "-o", "report.html", "--force"])
}

fn megabytes(file: &Path) -> f64 {
    std::fs::metadata(file).unwrap().len() as f64 / 1e6
}

/// The histogram of two tests a row, and its query alone.
pub(crate) fn plot(data: &Data) {
    let merged = data.two_lags();
    let plot = || results(&data.dir, &["plot", "p_histogram", "--run", merged, "-o", "p.svg", "--force"]);
    let sql = concat!(env!("CARGO_MANIFEST_DIR"), "/queries/plots/p_histogram.sql");
    let sql = std::fs::read_to_string(sql).unwrap();
    let args = ["sql", "--run", merged, "--format", "csv", "--param", "bins=20", &sql];
    let bare = || results(&data.dir, &args);
    spent(bare());
    // In turn, so that both have the same machine.
    let mut of_plot = Vec::new();
    let mut of_sql = Vec::new();
    for _ in 0..5 {
        of_plot.push(spent(plot()));
        of_sql.push(spent(bare()));
    }
    let ratios = |take: fn(&Spent) -> f64| {
        median(of_plot.iter().zip(&of_sql).map(|(plot, sql)| take(plot) / take(sql)).collect())
    };
    let (wall, cpu) = (ratios(|spent| spent.wall), ratios(|spent| spent.cpu));
    let found = format!("{}: {wall:.2} of its SQL ({cpu:.2} of a core)", of_plot[2].words());
    say(&format!("p_histogram of {} tests", data.people * 4), &found, "1.5 of its SQL");
    let size = std::fs::metadata(data.dir.join("p.svg")).unwrap().len();
    say("  the picture", &format!("{} kB", size / 1000), "");
}
