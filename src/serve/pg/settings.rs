//! Settings of a session: what clients set when they connect is answered; nothing that would take more than the service gives
//! can be set.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono_tz::Tz;

use super::fault::Fault;

/// How long a statement may take.
const TIMEOUT: &str = "statement_timeout";

/// Who may change one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Nobody: what it says is so.
    Never,
    /// Whoever is connected; it makes a difference.
    Heeded,
    /// Whoever is connected; it makes none.
    Taken,
}

use Change::{Heeded, Never, Taken};

/// Version of Postgres that clients choose their queries for.
pub(super) const VERSION: &str = "15.0";

/// Settings, their usual values and who may change them.
const KNOWN: &[(&str, &str, Change)] = &[
    ("application_name", "", Taken),
    ("bytea_output", "hex", Heeded),
    ("check_function_bodies", "on", Taken),
    ("client_encoding", "UTF8", Heeded),
    ("client_min_messages", "notice", Taken),
    ("datestyle", "ISO, MDY", Heeded),
    ("default_tablespace", "", Taken),
    ("default_transaction_deferrable", "off", Taken),
    ("default_transaction_isolation", "repeatable read", Taken),
    ("default_transaction_read_only", "on", Never),
    ("escape_string_warning", "on", Taken),
    ("extra_float_digits", "1", Taken),
    ("idle_in_transaction_session_timeout", "10min", Taken),
    ("in_hot_standby", "off", Never),
    ("integer_datetimes", "on", Never),
    ("intervalstyle", "postgres", Heeded),
    ("is_superuser", "off", Never),
    ("jit", "off", Taken),
    ("lc_collate", "C", Never),
    ("lc_ctype", "C", Never),
    ("lc_messages", "C", Taken),
    ("lc_monetary", "C", Taken),
    ("lc_numeric", "C", Taken),
    ("lc_time", "C", Taken),
    ("lock_timeout", "0", Taken),
    ("max_identifier_length", "63", Never),
    ("max_index_keys", "32", Never),
    ("row_security", "on", Taken),
    ("search_path", "public", Heeded),
    ("server_encoding", "UTF8", Never),
    ("server_version", VERSION, Never),
    ("server_version_num", "150000", Never),
    ("session_authorization", "", Never),
    ("standard_conforming_strings", "on", Never),
    (TIMEOUT, "0", Heeded),
    ("synchronous_commit", "on", Taken),
    ("synchronize_seqscans", "on", Taken),
    ("timezone", "UTC", Heeded),
    ("transaction_deferrable", "off", Taken),
    ("transaction_isolation", "repeatable read", Taken),
    ("transaction_read_only", "on", Never),
    ("work_mem", "4MB", Taken),
    ("xmloption", "content", Taken),
];

/// Settings whose values clients are told, as they are spelled there.
pub(super) const TOLD: [&str; 13] = [
    "server_version",
    "server_encoding",
    "client_encoding",
    "application_name",
    "default_transaction_read_only",
    "in_hot_standby",
    "is_superuser",
    "session_authorization",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "integer_datetimes",
    "standard_conforming_strings",
];

/// What names of the engine's own settings begin with: nobody changes those.
const ENGINE: &str = concat!("data", "fusion.");

/// Letters of a value at most.
const LONGEST: usize = 1024;

/// Settings with a name of somebody's own at most.
const OWN: usize = 50;

/// The settings of a session.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    user: String,
    begun: BTreeMap<String, String>,
    now: BTreeMap<String, String>,
    zone: Tz,
    timeout: Option<Duration>,
}

impl Settings {
    /// The usual ones.
    pub(super) fn new(user: &str) -> Self {
        let (begun, now) = (BTreeMap::new(), BTreeMap::new());
        Self { user: user.to_owned(), begun, now, zone: Tz::UTC, timeout: None }
    }

    /// With what a client asks for when it connects: to which `RESET` goes back.
    pub(super) fn begin(&mut self, asked: &BTreeMap<String, String>) -> Result<(), Fault> {
        for (name, value) in asked {
            match name.as_str() {
                "user" | "database" | "replication" => {}
                "options" => {
                    for (name, value) in options(value) {
                        self.set(&name, Some(&value))?;
                    }
                }
                name if name.starts_with("_pq_.") => {}
                name => self.set(name, Some(value))?,
            }
        }
        self.begun = self.now.clone();
        Ok(())
    }

    /// Texts of times are those of this zone.
    pub(super) fn zone(&self) -> Tz {
        self.zone
    }

    /// How long a statement may take, if that is less than the service gives.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The value of one.
    pub(super) fn get(&self, name: &str) -> Result<String, Fault> {
        let name = name.to_lowercase();
        if name == "session_authorization" {
            return Ok(self.user.clone());
        }
        let usual =
            || KNOWN.iter().find(|(known, ..)| *known == name).map(|(_, value, _)| (*value).to_owned());
        self.now.get(&name).cloned().or_else(usual).ok_or_else(|| unknown(&name))
    }

    /// The value of one, where no statement takes longer than a time.
    pub(super) fn shown(&self, name: &str, longest: Duration) -> Result<String, Fault> {
        let value = self.get(name)?;
        let is_longer = self.timeout.is_none_or(|time| time > longest);
        Ok(if name.eq_ignore_ascii_case(TIMEOUT) && is_longer { spelled(longest) } else { value })
    }

    /// All of them in order.
    pub(super) fn all(&self, longest: Duration) -> Vec<(String, String)> {
        let own = self.now.keys().filter(|name| name.contains('.')).map(String::as_str);
        let names = KNOWN.iter().map(|(name, ..)| *name).chain(own);
        names.filter_map(|name| Some((name.to_owned(), self.shown(name, longest).ok()?))).collect()
    }

    /// Gives one a value, or the one that it began with.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Fault> {
        let name = name.to_lowercase();
        let Some(value) = value else { return self.reset(Some(&name)) };
        if value.len() > LONGEST || value.contains('\0') {
            return Err(Fault::new("22023", format!("the value of {name} is too long")));
        }
        let known = KNOWN.iter().find(|(known, ..)| *known == name);
        let value = match known {
            Some((.., Taken)) => value.to_owned(),
            Some((.., Heeded)) => self.heeded(&name, value)?,
            Some(_) if self.get(&name)?.eq_ignore_ascii_case(value) => return Ok(()),
            Some(_) => return Err(Fault::new("55P02", format!("{name} cannot be changed"))),
            // Names with a dot are for whoever makes them up.
            None if name.contains('.')
                && !name.starts_with(ENGINE)
                && (self.now.contains_key(&name) || self.now.len() < OWN + KNOWN.len()) =>
            {
                value.to_owned()
            }
            None => return Err(unknown(&name)),
        };
        self.now.insert(name, value);
        Ok(())
    }

    /// Gives one, or all, the value that it began with.
    pub(super) fn reset(&mut self, name: Option<&str>) -> Result<(), Fault> {
        match name {
            None => self.now = self.begun.clone(),
            Some(name) => {
                let name = name.to_lowercase();
                self.get(&name)?;
                match self.begun.get(&name).cloned() {
                    Some(value) => self.now.insert(name, value),
                    None => self.now.remove(&name),
                };
            }
        }
        self.zone = self.now.get("timezone").and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC);
        let timeout = self.now.get(TIMEOUT).and_then(|text| duration(text));
        self.timeout = timeout.filter(|time| !time.is_zero());
        Ok(())
    }

    /// A value that makes a difference, as it is kept.
    fn heeded(&mut self, name: &str, value: &str) -> Result<String, Fault> {
        let wrong =
            |hint: &str| Err(Fault::with_hint("22023", format!("{name} cannot be {value}"), hint.to_owned()));
        let small = value.to_ascii_lowercase();
        match name {
            "client_encoding" => match small.replace(['-', '_'], "").as_str() {
                "utf8" | "unicode" => Ok("UTF8".into()),
                // Bytes as they are, which are UTF-8.
                "sqlascii" => Ok("SQL_ASCII".into()),
                _ => wrong("texts come as UTF8"),
            },
            "datestyle" if small.starts_with("iso") || ["mdy", "dmy", "ymd"].contains(&small.as_str()) => {
                Ok("ISO, MDY".into())
            }
            "datestyle" => wrong("times come as ISO"),
            "intervalstyle" if small == "postgres" => Ok(small),
            "intervalstyle" => wrong("intervals come as postgres"),
            "bytea_output" if small == "hex" => Ok(small),
            "bytea_output" => wrong("bytes come as hex"),
            "timezone" => {
                let zone = if small == "gmt" || small == "z" { "UTC" } else { value };
                let mut known = chrono_tz::TZ_VARIANTS.iter();
                let Some(zone) = known.find(|known| known.name().eq_ignore_ascii_case(zone)) else {
                    return wrong("names of zones are like Europe/Berlin");
                };
                self.zone = *zone;
                Ok(zone.name().to_owned())
            }
            "search_path" => {
                let mut parts = value.split(',').map(|part| part.trim().trim_matches(['"', '\'']));
                if parts.all(|part| ["", "public", "$user", "pg_catalog"].contains(&part)) {
                    return Ok(value.to_owned());
                }
                wrong("tables of other schemas are asked with their schema: raw.te")
            }
            _ => {
                let Some(time) = duration(&small) else { return wrong("a time is like 500, 5s or 1min") };
                self.timeout = Some(time).filter(|time| !time.is_zero());
                Ok(value.to_owned())
            }
        }
    }
}

fn unknown(name: &str) -> Fault {
    Fault::with_hint("42704", format!("unknown setting {name}"), "SHOW ALL lists those that there are")
}

/// `-c name=value --name=value`.
fn options(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let pair = match word.strip_prefix("-c") {
            Some("") => words.next().unwrap_or_default(),
            Some(pair) => pair,
            None => word.trim_start_matches("--"),
        };
        if let Some((name, value)) = pair.split_once('=') {
            found.push((name.replace('-', "_"), value.to_owned()));
        }
    }
    found
}

/// `500`, `5s`, `1min`: milliseconds unless it is said. `None` if it isn't a time.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(unit)?))
}

/// A time as it is read: in minutes or seconds if it is some.
fn spelled(time: Duration) -> String {
    let millis = time.as_millis();
    let mut units = [(60_000, "min"), (1_000, "s")].into_iter();
    let whole = units.find(|(unit, _)| millis.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "ms"));
    format!("{}{name}", millis / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<(), Fault>) -> &'static str {
        match result {
            Ok(()) => "ok",
            Err(Fault::Said(words)) => words.code,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_clients_set_is_answered_and_nothing_more() {
        let mut settings = Settings::new("anna");
        for (name, value, is) in [
            ("extra_float_digits", "3", "ok"),
            ("Application_Name", "psql", "ok"),
            ("client_encoding", "'utf-8'".trim_matches('\''), "ok"),
            ("client_encoding", "LATIN1", "22023"),
            ("DateStyle", "ISO", "ok"),
            ("datestyle", "German", "22023"),
            ("search_path", "\"$user\", public", "ok"),
            ("search_path", "pg_temp", "22023"),
            ("timezone", "europe/berlin", "ok"),
            ("timezone", "Nowhere", "22023"),
            ("server_version", "16", "55P02"),
            ("standard_conforming_strings", "on", "ok"),
            ("default_transaction_read_only", "off", "55P02"),
            ("statement_timeout", "5s", "ok"),
            ("statement_timeout", "soon", "22023"),
            ("my.own", "1", "ok"),
            (concat!("data", "fusion.execution.batch_size"), "1", "42704"),
            ("nonsense", "1", "42704"),
        ] {
            assert_eq!(code(settings.set(name, Some(value))), is, "{name} {value}");
        }
        assert_eq!(settings.get("TimeZone").unwrap(), "Europe/Berlin");
        assert_eq!((settings.zone(), settings.timeout()), (Tz::Europe__Berlin, Some(Duration::from_secs(5))));
        let longest = Duration::from_mins(1);
        assert_eq!(settings.shown(TIMEOUT, longest).unwrap(), "5s");
        settings.set(TIMEOUT, Some("100s")).unwrap();
        assert_eq!(settings.shown("Statement_Timeout", longest).unwrap(), "1min");
        settings.set("statement_timeout", Some("0")).unwrap();
        assert_eq!(settings.shown(TIMEOUT, Duration::from_millis(1_500)).unwrap(), "1500ms");
        assert_eq!(settings.timeout(), None);
        assert_eq!(settings.get("session_authorization").unwrap(), "anna");
        assert!(settings.all(longest).iter().all(|(name, _)| settings.get(name).is_ok()));
    }

    #[test]
    fn a_reset_goes_back_to_how_it_began() {
        let mut settings = Settings::new("anna");
        let asked = [("options", "-c statement_timeout=1min --timezone=Asia/Tokyo"), ("user", "anna")];
        let asked = asked.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        settings.begin(&asked).unwrap();
        assert_eq!((settings.zone(), settings.timeout()), (Tz::Asia__Tokyo, Some(Duration::from_mins(1))));
        settings.set("timezone", Some("UTC")).unwrap();
        settings.set("statement_timeout", None).unwrap();
        assert_eq!(settings.zone(), Tz::UTC);
        settings.reset(None).unwrap();
        assert_eq!((settings.zone(), settings.timeout()), (Tz::Asia__Tokyo, Some(Duration::from_mins(1))));
        assert_eq!(code(settings.reset(Some("nonsense"))), "42704");
    }
}
