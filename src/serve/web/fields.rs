//! Parameters of a request: known ones, with values that fit.

use std::collections::BTreeSet;

use percent_encoding::percent_decode;

use crate::serve::access::{Ended, Ending};

/// The parameters of a request, taken out one by one.
#[derive(Debug)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Those of an address or a form. Others than the known ones are refused; `p.` and a name is a parameter of a
    /// query, where those are known.
    pub(super) fn of(pairs: Vec<(String, String)>, known: &[&str]) -> Result<Self, Ended> {
        let params = known.contains(&"p.NAME");
        let mut given = BTreeSet::new();
        for (name, _) in &pairs {
            let is_param = params && name.strip_prefix("p.").is_some_and(|name| !name.is_empty());
            if !is_param && !known.contains(&name.as_str()) {
                return Err(Ended::unknown(Ending::Invalid, "parameter", name, known));
            }
            if is_param && !given.insert(name) {
                return Err(twice(name));
            }
        }
        Ok(Self(pairs))
    }

    /// The only value of a name.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Ended> {
        let mut all = self.0.iter().filter(|(key, _)| key == name);
        let first = all.next().map(|(_, value)| value.as_str());
        if all.next().is_some() {
            return Err(twice(name));
        }
        Ok(first)
    }

    /// A text that is not empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Ended> {
        Ok(self.one(name)?.filter(|text| !text.is_empty()))
    }

    /// All values of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A whole number, `most` at most.
    pub(super) fn number(&self, name: &str, most: u64) -> Result<Option<u64>, Ended> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse::<u64>() {
            Ok(number) if number <= most => Ok(Some(number)),
            Ok(_) => Err(Ended::new(Ending::Invalid, format!("{name} is {most} at most, and not {text}"))),
            Err(_) => {
                Err(Ended::new(Ending::Invalid, format!("{name} is a whole number, and `{text}` isn't one")))
            }
        }
    }

    /// Values of the parameters of a query.
    pub(super) fn params(&self) -> std::collections::BTreeMap<String, String> {
        let params = self.0.iter().filter_map(|(key, value)| Some((key.strip_prefix("p.")?, value)));
        params.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

fn twice(name: &str) -> Ended {
    Ended::new(Ending::Invalid, format!("the parameter {name} is given twice"))
}

/// Refuses names and values, percent-encoded as in an address or a form, that are not texts: they are no others either.
pub(super) fn texts(encoded: &[u8]) -> Result<(), Ended> {
    let mut pairs = encoded.split(|byte| *byte == b'&');
    let broken = pairs.find(|pair| percent_decode(pair).decode_utf8().is_err());
    let Some(pair) = broken else { return Ok(()) };
    let name = String::from_utf8_lossy(pair.split(|byte| *byte == b'=').next().unwrap_or_default());
    let words =
        format!("the parameter {name} isn't a text\n(hint: values are percent-encoded bytes of UTF-8)");
    Err(Ended::new(Ending::Invalid, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Result<Fields, Ended> {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Fields::of(pairs, &["sql", "limit", "p.NAME"])
    }

    #[test]
    fn unknown_ones_are_refused_with_the_nearest() {
        let ended = fields(&[("slq", "x")]).unwrap_err();
        assert_eq!(
            (ended.detail.as_str(), ended.hint.as_deref()),
            ("unknown parameter slq", Some("is it sql?"))
        );
        assert!(fields(&[("p.", "x")]).is_err());
        assert!(fields(&[("p.x", "1"), ("p.x", "2")]).unwrap_err().detail.contains("p.x is given twice"));
        let fields = fields(&[("sql", "a"), ("sql", "b"), ("limit", "x"), ("p.alpha", "0.1")]).unwrap();
        assert!(fields.one("sql").is_err() && fields.number("limit", 9).is_err());
        assert_eq!(fields.params()["alpha"], "0.1");
    }

    #[test]
    fn values_are_texts() {
        for sent in ["", "a=%C3%BC&b=100%", "a=%zz&%", "sql=a+b%00"] {
            assert!(texts(sent.as_bytes()).is_ok(), "{sent}");
        }
        // Two halves of a letter in two values are none.
        for sent in ["limit=1&sql=%ff", "sql=x%C3", "sql=%C3&b=%BC"] {
            let ended = texts(sent.as_bytes()).unwrap_err();
            assert!(ended.detail.starts_with("the parameter sql isn't a text"), "{ended:?}");
        }
    }
}
