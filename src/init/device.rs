//! Files of recorders that are known by how they begin.

use std::path::Path;

use chrono::NaiveDate;

use super::layout::is_clock;

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Device {
    /// In words.
    pub(super) name: &'static str,
    /// Whether its dates have the day first, where that is said.
    pub(super) day_first: Option<bool>,
}

/// Lines about the recording that are looked at.
const LINES: usize = 40;
/// Lines before the counts of an `.AWD` file.
pub(super) const AWD_LINES: usize = 7;

/// How the counts of `.AWD` files become tables, with the time of each: `python3 -`, in the folder above.
const FROM_AWD: &str = include_str!("../../templates/init/awd.py");
/// How rows of `ActiLife` without times or names get both, by the lines about the device.
const FROM_ACTIGRAPH: &str = include_str!("../../templates/init/actigraph.py");

/// What a text is that is known and has no table in it, and how it becomes one.
pub(super) fn without_table(folder: &str, name: &str, text: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(&text[..text.len().min(4096)]).into_owned();
    let mut lines = text.lines().map(str::trim);
    let head: Vec<&str> = lines.by_ref().filter(|line| !line.is_empty()).take(AWD_LINES).collect();
    let dated = head.get(1).is_some_and(|date| NaiveDate::parse_from_str(date, "%d-%b-%Y").is_ok());
    let timed = head.get(2).is_some_and(|time| is_clock(time));
    let is_code = |code: &&str| code.trim_start_matches('C').parse::<u32>().is_ok();
    let coded = head.get(3).is_some_and(is_code);
    if !(dated && timed && coded) {
        return None;
    }
    let what = format!(
        "a recording of Actiwatch (AWD): {AWD_LINES} lines about the device (start {} {}), then a count a line, without \
         names and without times",
        head[1], head[2]
    );
    let made = format!(
        "make tables of {name} and the others with these lines of Python, {}",
        script(FROM_AWD, folder)
    );
    Some((what, made))
}

/// Lines of Python that make tables of the files of a folder, as a shell takes them.
fn script(lines: &str, folder: &str) -> String {
    // The folder of the tables is named after it, so it needs a name.
    let named = Path::new(folder).file_name().map(|_| folder.trim_end_matches('/').to_owned());
    let folder = named.unwrap_or_else(|| {
        std::fs::canonicalize(folder).map_or_else(|_| folder.to_owned(), |place| place.display().to_string())
    });
    let lines = lines.replace("DATA", &format!("{folder:?}"));
    format!("then `results init {folder}_csv`:\n\npython3 - <<'END'\n{lines}END\n")
}

/// What to do about rows of `ActiLife` that have no times; none if the lines above them do not say when they began.
pub(super) fn without_times(folder: &str, text: &[u8]) -> Option<String> {
    let (start, epoch) = Device::start(text)?;
    Some(format!(
        "the lines about the device say start {start} and epochs of {epoch}: add times to the rows with these lines of \
         Python, {}",
        script(FROM_ACTIGRAPH, folder)
    ))
}

/// What to do about rows without names above them; `above` is the line before the first.
pub(super) fn without_names(
    name: &str,
    line: usize,
    separator: u8,
    above: &[String],
    first: &[String],
) -> String {
    let width = first.len();
    if above.len() + 1 == width && first.last().is_some_and(String::is_empty) {
        return format!(
            "rows end in a separator and the line of names above them does not; take it away, into another folder: \
             `sed 's/[{}][[:space:]]*$//' '{name}' > 'NEW.csv'`",
            char::from(separator)
        );
    }
    let names: Vec<String> = (1..=width)
        .map(|number| match first.get(number - 1) {
            Some(cell) if crate::dataset::form_of(cell).is_some() => "time".to_owned(),
            _ => format!("c{number}"),
        })
        .collect();
    format!(
        "write a line of names above the rows: `{{ echo '{}'; tail -n +{line} '{name}'; }} > 'NEW.csv'`, with better \
         names, the same in all files, into another folder",
        names.join(",")
    )
}

impl Device {
    /// The recorder or program a text comes from.
    pub(super) fn of(text: &[u8], header: &[String]) -> Option<Self> {
        let start: Vec<u8> =
            text.split_inclusive(|&byte| byte == b'\n').take(LINES).flatten().copied().collect();
        let start = String::from_utf8_lossy(&start);
        let first = start.lines().next().unwrap_or_default();
        let has = |name: &str| header.iter().any(|column| column == name);
        if first.contains("ActiGraph") || first.contains("ActiLife") {
            let day = first.contains("date format d") || first.contains("date format D");
            let day_first = first.to_lowercase().contains("date format").then_some(day);
            return Some(Self { name: "epochs of ActiGraph (ActiLife)", day_first });
        }
        let named = [
            (first.contains("Actiware"), "an export of Actiwatch (Actiware)"),
            (first.contains("Condor Instruments"), "a recording of ActTrust (Condor)"),
            (has("mesaid") && has("linetime"), "actigraphy of MESA"),
            (has("timestamp") && (has("ENMO") || has("anglez")), "epochs of GGIR"),
            (has("timenum") && has("class_id"), "a time series of GGIR (part 5)"),
            (has("acc") && has("MET") && has("time"), "epochs of accelerometer (UK Biobank)"),
        ];
        let name = named.into_iter().find(|(is, _)| *is).map(|(_, name)| name)?;
        Some(Self { name, day_first: None })
    }

    /// Seconds since 1970 of the start of a recording and of an epoch, where the lines above the header of `ActiGraph` say
    /// them and the rows do not.
    fn start(text: &[u8]) -> Option<(String, String)> {
        let start = String::from_utf8_lossy(&text[..text.len().min(4096)]).into_owned();
        let said = |what: &str| {
            start
                .lines()
                .take(LINES)
                .find_map(|line| line.trim().strip_prefix(what).map(|said| said.trim().to_owned()))
        };
        let (date, time) = (said("Start Date")?, said("Start Time")?);
        let epoch = said("Epoch Period (hh:mm:ss)")?;
        let clean = |text: &str| text.trim_matches([',', '"', ' ']).to_owned();
        Some((format!("{} {}", clean(&date), clean(&time)), clean(&epoch)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Device, without_table};

    #[test]
    fn recorders_are_known_by_how_files_begin() {
        let of = |text: &str, header: &str| {
            let header: Vec<String> = header.split(',').map(str::to_owned).collect();
            Device::of(text.as_bytes(), &header)
        };
        let line = "------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.3 Firmware v2.5.0 date format \
                    M/d/yyyy at 30 Hz  Filter Normal -----------\nSerial Number: X\n";
        assert_eq!(of(line, "Axis1").unwrap().day_first, Some(false));
        assert_eq!(of(&line.replace("M/d", "d/M"), "Axis1").unwrap().day_first, Some(true));
        assert!(of("\"Actiware Export File (Version 05.00)\"\n", "Line").unwrap().name.contains("Actiwatch"));
        assert!(of("timestamp,ENMO\n", "timestamp,ENMO").unwrap().name.contains("GGIR"));
        assert_eq!(of("time,x\n", "time,x"), None);
        let lines = "Start Time 09:00:00\nStart Date 1/5/2026\nEpoch Period (hh:mm:ss) 00:00:10\n";
        let said = Device::start(lines.as_bytes()).unwrap();
        assert_eq!(said, ("1/5/2026 09:00:00".to_owned(), "00:00:10".to_owned()));
    }

    #[test]
    fn counts_without_a_table_are_told_with_what_makes_one() {
        let (what, made) =
            without_table("d", "a.AWD", b"a\r\n23-Jan-1998\r\n13:58\r\n 4 \r\n00\r\nV1\r\nX\r\n0\r\n7\r\n")
                .unwrap();
        assert!(
            what.contains("start 23-Jan-1998 13:58") && made.contains("results init d_csv"),
            "{what} {made}"
        );
        assert!(without_table("d", "a.csv", b"time,x\n1,2\n3,4\n5,6\n").is_none());
    }
}
