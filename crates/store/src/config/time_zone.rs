//! `data.time_zone`: the clock that users live by.

use chrono_tz::{TZ_VARIANTS, Tz};

use super::read::{Section, nearest};

/// Reads the key.
pub(super) fn read(s: &mut Section<'_>, zone: &mut Option<String>) {
    s.set("time_zone", "the IANA name of a time zone such as Europe/Berlin, or null", zone);
    let Some(name) = zone else { return };
    if let Err(reason) = check(name) {
        s.fault("time_zone", &reason);
    }
    let both =
        "and `data.utc_offset_hours` are both set (hint: keep `time_zone`; it knows the offset of every day)";
    s.require("time_zone", !s.has("utc_offset_hours"), both);
}

/// Why a text is not the name of a zone.
fn check(name: &str) -> Result<(), String> {
    if name.parse::<Tz>().is_ok() {
        return Ok(());
    }
    let offset = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT")).unwrap_or(name);
    if offset.starts_with(['+', '-']) && offset[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!(
            "is `{name}`, an offset and not a time zone (hint: a clock that is never changed is set with \
             `data.utc_offset_hours`)"
        ));
    }
    let names = TZ_VARIANTS.iter().map(|zone| zone.name());
    let underscored = name.replace(' ', "_");
    // Cities are known without their continent.
    let city =
        |zone: &&str| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&underscored));
    let near = names.clone().find(city).or_else(|| nearest(name, names));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(format!(
        "is not a time zone: `{name}`{near} (hint: names of the IANA database such as Europe/Berlin are known)"
    ))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_of_zones() {
        for name in ["Europe/Berlin", "America/Argentina/Ushuaia", "UTC", "Etc/GMT-1", "CET"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for (name, hint) in [
            ("Europe/Berlyn", "`Europe/Berlin`?"),
            ("europe/berlin", "`Europe/Berlin`?"),
            ("Berlin", "`Europe/Berlin`?"),
            ("New York", "`America/New_York`?"),
            ("+01:00", "`data.utc_offset_hours`"),
            ("UTC+1", "`data.utc_offset_hours`"),
            ("", "IANA"),
        ] {
            assert!(check(name).is_err_and(|reason| reason.contains(hint)), "{name}: {:?}", check(name));
        }
    }
}
