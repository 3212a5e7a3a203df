//! Labels: texts of one meaning in several spellings, and texts and numbers that say that there is none.

use std::collections::BTreeMap;

use super::sql::literal;
use super::words::says;

/// How it is said that there is no label, letters and digits alone.
const UNKNOWN: [&str; 34] = [
    "unknown",
    "unk",
    "notknown",
    "undefined",
    "undef",
    "unlabeled",
    "unlabelled",
    "nolabel",
    "notlabeled",
    "missing",
    "missingvalue",
    "nd",
    "na",
    "nan",
    "none",
    "null",
    "nil",
    "nodata",
    "nodataavailable",
    "notavailable",
    "notapplicable",
    "notrecorded",
    "notscored",
    "unscored",
    "notdetermined",
    "invalid",
    "notworn",
    "nonwear",
    "nowear",
    "offwrist",
    "offbody",
    "unbekannt",
    "fehlend",
    "inconnu",
];
/// Numbers that stand for no label beside few that follow each other; so do -1 and those below -6.
const CODES: [f64; 13] = [7.0, 8.0, 9.0, 66.0, 77.0, 88.0, 97.0, 98.0, 99.0, 255.0, 888.0, 999.0, 9999.0];
/// Marks that say nothing by themselves.
const MARKS: &str = "?-–—._*/ ";

/// Whether a text says that there is no label.
pub(super) fn is_unknown(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    UNKNOWN.contains(&plain.as_str()) || text.chars().all(|c| MARKS.contains(c))
}

/// The numbers of some different ones, in order, that hardly are labels as the others are.
pub(super) fn strays(distinct: &[f64]) -> Vec<f64> {
    let mut labels: Vec<f64> = Vec::new();
    for &number in distinct.iter().filter(|number| **number >= 0.0) {
        if labels.last().map_or(number <= 1.0, |last| number.total_cmp(&(last + 1.0)).is_eq()) {
            labels.push(number);
        }
    }
    let others: Vec<f64> = distinct.iter().copied().filter(|number| !labels.contains(number)).collect();
    let is_code = |number: &f64| *number <= -7.0 || number.total_cmp(&-1.0).is_eq() || CODES.contains(number);
    let is_so = labels.len() > 1 && distinct.iter().all(|number| number.fract() == 0.0);
    if is_so && others.iter().all(is_code) { others } else { Vec::new() }
}

/// Texts of a column of labels.
#[derive(Debug)]
pub(super) struct Labels {
    /// By their spelling in lower case: all spellings, and rows.
    known: BTreeMap<String, (Vec<String>, usize)>,
    /// Those that say that there is no label, and rows.
    unknown: (Vec<String>, usize),
}

impl Labels {
    /// Sorts texts, which come with their rows.
    pub(super) fn of(texts: &BTreeMap<String, usize>) -> Self {
        let mut labels = Self { known: BTreeMap::new(), unknown: (Vec::new(), 0) };
        for (text, rows) in texts {
            let (spellings, all) = if is_unknown(text) {
                &mut labels.unknown
            } else {
                labels.known.entry(text.to_lowercase()).or_default()
            };
            spellings.push(text.clone());
            *all += rows;
        }
        labels
    }

    /// Different labels.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    fn has_variants(&self) -> bool {
        self.known.values().any(|(spellings, _)| spellings.len() > 1)
    }

    /// What is suspicious.
    pub(super) fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let several = self.known.values().filter(|(spellings, _)| spellings.len() > 1);
        doubts.extend(several.map(|(spellings, _)| format!("{} are taken for one label", listed(spellings))));
        if !self.unknown.0.is_empty() {
            doubts.push(format!(
                "{} in {} rows: no label? Where it is source or target, these rows count as missing",
                listed(&self.unknown.0),
                self.unknown.1
            ));
        }
        doubts
    }

    /// SQL that is 1 where a column, as SQL, has the state of interest, with what it says in words.
    pub(super) fn state(&self, column: &str) -> Option<(String, String)> {
        let (state, (spellings, _)) = self.of_interest()?;
        let folds = self.has_variants();
        let read = if folds { format!("lower({column})") } else { column.to_owned() };
        let text = if folds { state } else { spellings.first()? };
        let mut unknown: Vec<String> = self
            .unknown
            .0
            .iter()
            .map(|text| if folds { text.to_lowercase() } else { text.clone() })
            .collect();
        unknown.dedup();
        let unknown: Vec<String> = unknown.iter().map(|text| literal(text)).collect();
        let none = if unknown.is_empty() {
            String::new()
        } else {
            format!(" WHEN {read} IN ({}) THEN NULL", unknown.join(", "))
        };
        let sql =
            format!("CASE WHEN {read} = {} THEN 1{none} WHEN {column} IS NOT NULL THEN 0 END", literal(text));
        let missing = match &self.unknown.0[..] {
            [] => String::new(),
            texts => format!(", missing where it is {}", listed(texts)),
        };
        let why = format!("1 where it is {}{missing}, 0 where it is another text", listed(spellings));
        Some((sql, why))
    }

    /// The label that is the state of interest: the one called so, else the rarest.
    fn of_interest(&self) -> Option<(&String, &(Vec<String>, usize))> {
        const CALLED: [&str; 12] = [
            "sleep", "schlaf", "sommeil", "asleep", "rest", "ruhe", "repos", "sit", "yes", "true", "ja",
            "oui",
        ];
        let called = CALLED.iter().find_map(|word| self.known.iter().find(|(text, _)| says(text, &[word])));
        called.or_else(|| self.known.iter().min_by_key(|(_, (_, rows))| *rows))
    }
}

fn listed(texts: &[String]) -> String {
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Labels, is_unknown, strays};

    fn labels(texts: &[&str]) -> Labels {
        let texts: BTreeMap<String, usize> = texts.iter().map(|text| ((*text).to_owned(), 10)).collect();
        Labels::of(&texts)
    }

    #[test]
    fn codes_beside_labels_are_strays() {
        assert_eq!(strays(&[-1.0, 0.0, 1.0]), [-1.0]);
        assert_eq!(strays(&[0.0, 1.0, 9.0]), [9.0]);
        assert_eq!(strays(&[-9.0, -1.0, 1.0, 2.0, 3.0, 99.0]), [-9.0, -1.0, 99.0]);
        for labels in [&[0.0, 1.0][..], &[-2.0, -1.0, 0.0, 1.0, 2.0], &[-1.0, 1.0], &[0.0, 1.0, 5.0]] {
            assert!(strays(labels).is_empty(), "{labels:?}");
        }
        assert!(strays(&[-1.0, 0.0, 0.5, 1.0]).is_empty());
    }

    #[test]
    fn spellings_are_one_label_and_no_label_is_none() {
        for text in ["unknown", "NOT WORN", "not_worn", "n.d.", "ND", "missing", "?", "--", "Non-wear"] {
            assert!(is_unknown(text), "{text}");
        }
        assert!(!is_unknown("not walking") && !is_unknown("+"));
        let (sql, why) = labels(&["Sitting", "sitting", "walking"]).state("\"x\"").unwrap();
        assert_eq!(sql, "CASE WHEN lower(\"x\") = 'sitting' THEN 1 WHEN \"x\" IS NOT NULL THEN 0 END");
        assert!(why.starts_with("1 where it is `Sitting`, `sitting`, 0"), "{why}");
        let rare = labels(&["up", "down", "NOT WORN", "?"]);
        let sql = rare.state("\"x\"").unwrap().0;
        let none = "WHEN \"x\" IN ('?', 'NOT WORN') THEN NULL";
        assert_eq!(sql, format!("CASE WHEN \"x\" = 'down' THEN 1 {none} WHEN \"x\" IS NOT NULL THEN 0 END"));
        assert_eq!((rare.len(), rare.doubts().len()), (2, 1));
    }
}
