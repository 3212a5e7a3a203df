//! The log: warnings as people read them, or, where `RESULTS_LOG` asks for it, all of it with time and place.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::speak;
use crate::printable::printable;

/// The log goes to standard error; `RESULTS_LOG` sets how much (`warn` without it). That of a worker is kept in a
/// file and has times.
pub(super) fn start(of_worker: bool) {
    let asked = EnvFilter::try_from_env("RESULTS_LOG").ok();
    let plain = asked.is_none() && !of_worker;
    let filter = asked.unwrap_or_else(|| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(speak::place)
        .log_internal_errors(false);
    let _ = if plain { log.event_format(Plain).try_init() } else { log.try_init() };
}

/// `warning: what is the matter (user: u07)`
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut words = Words::default();
        event.record(&mut words);
        let level = if *event.metadata().level() == Level::ERROR { "error" } else { "warning" };
        let Words { message, mut fields } = words;
        if !fields.is_empty() {
            fields = format!(" ({fields})");
        }
        writeln!(to, "{level}: {}", printable(&format!("{message}{fields}")))
    }
}

/// What an event says.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Words {
    fn field(&mut self, field: &Field, value: &dyn fmt::Display) {
        let comma = if self.fields.is_empty() { "" } else { ", " };
        let _ = write!(self.fields, "{comma}{}: {value}", field.name());
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            self.field(field, &format_args!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::Plain;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn people_read_neither_times_nor_names_of_modules() {
        let kept = Kept::default();
        let to = kept.clone();
        let log = tracing_subscriber::fmt().event_format(Plain).with_writer(move || to.clone()).finish();
        tracing::subscriber::with_default(log, || {
            tracing::warn!(user = "u07", line = 3, "the file {} is empty", "a.csv");
            tracing::error!("stopped");
        });
        let said = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(said, "warning: the file a.csv is empty (user: u07, line: 3)\nerror: stopped\n");
    }
}
