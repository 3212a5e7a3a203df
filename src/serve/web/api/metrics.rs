//! What Prometheus reads.

use std::fmt::Write;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::app::App;
use crate::serve::catalog::{Source, Summary};
use crate::serve::desk::SECONDS;
use crate::system;

/// What a metric is.
fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP results_{name} {help}\n# TYPE results_{name} {kind}");
}

/// All of it as text.
pub(super) fn text(app: &App) -> String {
    let mut out = String::new();
    let metrics = &app.desk.metrics;
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
    let counts = app.desk.pool.counts();
    let number = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let children = counts.alive();
    for (name, kind, help, value) in [
        ("queries_waiting", "gauge", "Queries that wait for their turn.", app.desk.pool.waiting() as u64),
        (
            "queries_running",
            "gauge",
            "Queries that are being answered.",
            app.desk.pool.running().len() as u64,
        ),
        ("children", "gauge", "Processes that answer, or wait for a query.", children.len() as u64),
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
        ("snapshots", "gauge", "States of sources that are held.", app.desk.catalog.kept() as u64),
        (
            "source_looks_total",
            "counter",
            "How often a directory was looked at, however many read what came of it.",
            app.desk.catalog.looks(),
        ),
    ] {
        head(&mut out, name, kind, help);
        let _ = writeln!(out, "results_{name} {value}");
    }
    head(
        &mut out,
        "child_deaths_total",
        "counter",
        "Processes that ended before their answer did, by cause.",
    );
    for (cause, n) in counts.deaths() {
        let _ = writeln!(out, "results_child_deaths_total{{cause=\"{cause}\"}} {n}");
    }
    head(&mut out, "resident_bytes", "gauge", "Memory of the serving process, and of those that answer.");
    let memory: u64 = children.into_iter().filter_map(system::memory_of).sum();
    for (of, n) in [("service", system::memory_bytes().unwrap_or_default()), ("children", memory)] {
        let _ = writeln!(out, "results_resident_bytes{{of=\"{of}\"}} {n}");
    }
    out + &refused(app) + &of_sources(app)
}

/// Connections without a login.
fn refused(app: &App) -> String {
    let mut out = String::new();
    let help = "Connections that were closed as they began in another way than the protocol.";
    head(&mut out, "connections_refused_total", "counter", help);
    for (protocol, n) in app.desk.access.strangers.all() {
        let _ = writeln!(out, "results_connections_refused_total{{protocol=\"{protocol}\"}} {n}");
    }
    out
}

/// Units and time left of each source.
fn of_sources(app: &App) -> String {
    let mut out = String::new();
    head(&mut out, "units", "gauge", "Units by source and state.");
    let mut left = String::new();
    for source in app.desk.catalog.list().iter() {
        let name = label(&source.name);
        for (state, n) in units(source) {
            let _ = writeln!(out, "results_units{{source=\"{name}\",state=\"{state}\"}} {n}");
        }
        if let Some(seconds) = source.summary.eta_seconds {
            let _ = writeln!(left, "results_seconds_left{{source=\"{name}\"}} {seconds}");
        }
    }
    head(&mut out, "seconds_left", "gauge", "Seconds until a run is done.");
    out + &left
}

/// Units of a source by state.
fn units(source: &Source) -> Vec<(&'static str, u64)> {
    let Summary { units, done, not_ok, .. } = source.summary;
    match &source.pulse {
        Some(pulse) => {
            let counts = pulse.counts;
            vec![
                ("ok", counts.ok),
                ("skipped", counts.skipped),
                ("failed", counts.failed),
                ("running", counts.running),
                ("missing", pulse.missing),
            ]
        }
        // Of a merged output the manifest says how many are ok.
        None => vec![("ok", done), ("not_ok", not_ok), ("missing", units.saturating_sub(done + not_ok))],
    }
}

/// A value of a label, escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
