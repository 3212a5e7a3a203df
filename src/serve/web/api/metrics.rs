//! What Prometheus reads.

use std::fmt::Write;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::app::App;
use super::super::metrics::SECONDS;
use crate::system;

/// All of it as text.
pub(super) fn text(app: &App) -> String {
    let mut out = String::new();
    let metrics = &app.metrics;
    let head = |out: &mut String, name: &str, kind: &str, help: &str| {
        let _ = writeln!(out, "# HELP results_{name} {help}\n# TYPE results_{name} {kind}");
    };
    head(&mut out, "queries_total", "counter", "Queries by protocol and ending.");
    for ((protocol, ending), n) in metrics.endings.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = writeln!(out, "results_queries_total{{protocol=\"{protocol}\",ending=\"{ending}\"}} {n}");
    }
    head(&mut out, "query_seconds", "histogram", "Time from a question to its end.");
    let times = metrics.times.lock().unwrap_or_else(PoisonError::into_inner);
    for (bar, end) in times.bars.iter().zip(SECONDS) {
        let _ = writeln!(out, "results_query_seconds_bucket{{le=\"{end}\"}} {bar}");
    }
    let (count, sum) = (times.count, times.sum);
    let _ = writeln!(out, "results_query_seconds_bucket{{le=\"+Inf\"}} {count}");
    let _ = writeln!(out, "results_query_seconds_sum {sum}\nresults_query_seconds_count {count}");
    let counts = app.pool.counts();
    let number = |count: &AtomicU64| count.load(Ordering::Relaxed);
    for (name, kind, help, value) in [
        ("queries_waiting", "gauge", "Queries that wait for their turn.", app.pool.waiting() as u64),
        ("queries_running", "gauge", "Queries that are being answered.", app.pool.running().len() as u64),
        (
            "children_started_total",
            "counter",
            "Processes that were started to answer.",
            number(&counts.started),
        ),
        ("rows_sent_total", "counter", "Rows that were sent.", number(&counts.rows)),
        ("bytes_sent_total", "counter", "Bytes of answers that were sent.", number(&counts.bytes)),
        ("logins_refused_total", "counter", "Logins that were refused.", number(&metrics.refused)),
        ("watchers", "gauge", "Readers of live pages.", app.live.watchers() as u64),
        (
            "resident_bytes",
            "gauge",
            "Memory of the serving process.",
            system::memory_bytes().unwrap_or_default(),
        ),
    ] {
        head(&mut out, name, kind, help);
        let _ = writeln!(out, "results_{name} {value}");
    }
    head(&mut out, "units", "gauge", "Units by source and state.");
    let mut left = String::new();
    for source in app.catalog.list().iter() {
        let summary = &source.summary;
        let name = label(&source.name);
        let missing = summary.units.saturating_sub(summary.done);
        let ok = summary.done.saturating_sub(summary.not_ok);
        for (state, n) in [("ok", ok), ("not_ok", summary.not_ok), ("missing", missing)] {
            let _ = writeln!(out, "results_units{{source=\"{name}\",state=\"{state}\"}} {n}");
        }
        if let Some(seconds) = summary.eta_seconds {
            let _ = writeln!(left, "results_seconds_left{{source=\"{name}\"}} {seconds}");
        }
    }
    head(&mut out, "seconds_left", "gauge", "Seconds until a run is done.");
    out + &left
}

/// A value of a label, escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
