//! Records of a CSV file whose rows need not fit its header.

#[cfg(test)]
mod tests;

use std::rc::Rc;

use super::finding::{Findings, Kind};
use super::form;
use super::layout::LegacyFile;
use super::lines::{Line, lines};
use super::record::Record;
use super::value::shown;

/// The fields of a line, or what is wrong with it.
pub(super) fn fields(record: &[u8], separator: u8) -> Result<Vec<String>, String> {
    if record.contains(&0) {
        return Err("holds NUL bytes, as a crash of the machine leaves them; it is left out".to_owned());
    }
    let fields = form::split(record, separator).ok_or("has a quote that is never closed; it is left out")?;
    let text = fields.into_iter().map(String::from_utf8).collect::<Result<Vec<_>, _>>();
    text.map_err(|_| "is not UTF-8 text; it is left out".to_owned())
}

/// What is told about a line that cannot be read.
pub(super) const MAKE_AGAIN: &str =
    "repair the line by hand if its content is known; else the result has to be made again";

/// The records of a file of which every line is a record.
pub(super) fn records(file: &LegacyFile, bytes: &[u8], findings: &mut Findings) -> Vec<Record> {
    let Some(bytes) = form::text(file.file, bytes, findings) else { return Vec::new() };
    let separator = form::separator(file.file, &bytes, findings);
    let lines = lines(file.file, &bytes, findings);
    let mut split = Vec::new();
    for Line { number, bytes } in lines.into_iter().filter(|line| !line.bytes.is_empty()) {
        match fields(bytes, separator) {
            Ok(fields) => split.push((number, fields)),
            Err(what) => findings.add(file.file, number, Kind::Unreadable, what, MAKE_AGAIN),
        }
    }
    let mut layouts = Layouts::find(file, &split, findings);
    let mut records: Vec<Record> =
        split.into_iter().filter_map(|(line, fields)| layouts.record(line, fields, findings)).collect();
    form::decimal_commas(file.file, &mut records, findings);
    records
}

/// The layouts that rows of a file can have.
pub(super) struct Layouts<'a> {
    file: &'a LegacyFile,
    /// Headers seen so far, the last one last.
    headers: Vec<Rc<Vec<String>>>,
    known: Vec<Rc<Vec<String>>>,
    /// Line of the first header.
    header_line: Option<u64>,
}

/// Whether fields are names of columns.
pub(super) fn is_header(fields: &[String]) -> bool {
    fields.iter().any(|field| field.trim() == "user_id")
}

impl<'a> Layouts<'a> {
    /// Looks for the header, which need not be the first line.
    pub(super) fn find(file: &'a LegacyFile, split: &[(u64, Vec<String>)], findings: &mut Findings) -> Self {
        let owned = |layout: Vec<&str>| Rc::new(layout.into_iter().map(str::to_owned).collect());
        let known = file.layouts().into_iter().map(owned).collect();
        let mut layouts = Self { file, headers: Vec::new(), known, header_line: None };
        match split.iter().find(|(_, fields)| is_header(fields)) {
            Some((line, fields)) => {
                layouts.take_header(*line, fields, findings);
                layouts.header_line = Some(*line);
                if split.first().is_some_and(|(first, _)| first != line) {
                    let what = "the header comes after rows, which were read by it";
                    findings.add(file.file, *line, Kind::Header, what, "");
                }
            }
            None if !split.is_empty() => {
                let what = "has no header; its rows were read by the known layout with as many columns";
                findings.add(
                    file.file,
                    0,
                    Kind::Header,
                    what,
                    "compare the values with another copy of the file",
                );
            }
            None => {}
        }
        layouts
    }

    /// The line as a row; none if it is a header, or has a number of fields that no layout has.
    pub(super) fn record(
        &mut self,
        line: u64,
        fields: Vec<String>,
        findings: &mut Findings,
    ) -> Option<Record> {
        if self.header_line == Some(line) {
            return None;
        }
        if is_header(&fields) {
            let what = "the header again; it is left out";
            findings.add(self.file.file, line, Kind::RepeatedHeader, what, "");
            self.take_header(line, &fields, findings);
            return None;
        }
        let fits = |layout: &&Rc<Vec<String>>| layout.len() == fields.len();
        if let Some(names) = self.headers.iter().rev().find(fits) {
            return Some(Record::new(line, Rc::clone(names), fields));
        }
        if let Some(names) = self.known.iter().find(fits) {
            if let Some(header) = self.headers.last() {
                let what = format!(
                    "has {} fields below a header of {}; it was read as {}",
                    fields.len(),
                    header.len(),
                    names.join(",")
                );
                findings.add(self.file.file, line, Kind::OtherLayout, what, "");
            }
            return Some(Record::new(line, Rc::clone(names), fields));
        }
        findings.add(self.file.file, line, Kind::Ragged, self.ragged(&fields), MAKE_AGAIN);
        None
    }

    fn ragged(&self, fields: &[String]) -> String {
        let mut widths: Vec<usize> = self.headers.iter().chain(&self.known).map(|l| l.len()).collect();
        widths.sort_unstable();
        widths.dedup();
        let more = widths.last().is_some_and(|most| fields.len() > *most);
        let halves = more && !fields.iter().any(|field| field.contains('.'));
        let cause =
            if halves { "; decimal commas without quotes around the numbers look like that" } else { "" };
        let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
        let widths = widths.join(" or ");
        format!("has {} fields, and known layouts have {widths}{cause}; it is left out", fields.len())
    }

    fn take_header(&mut self, line: u64, fields: &[String], findings: &mut Findings) {
        let names: Vec<String> = fields.iter().map(|name| name.trim().to_owned()).collect();
        for (place, name) in names.iter().enumerate() {
            let what = if names[..place].contains(name) {
                format!("the column `{}` appears twice; the first one was used", shown(name))
            } else if self.file.column(name).is_none() && !self.file.silent.contains(&name.as_str()) {
                format!("the column `{}` isn't one of the predecessor's; it was left out", shown(name))
            } else {
                continue;
            };
            findings.add(self.file.file, line, Kind::Column, what, "");
        }
        self.headers.push(Rc::new(names));
    }
}
