//! Saved queries: files `NAME.sql` in the state folder, with the header that reports and plots have.

use super::ending::{Ended, Ending};
use super::state::{State, StateError};

/// The folder.
const FOLDER: &str = "queries";

/// Saved queries at most.
const MOST: usize = 1000;

/// Bytes of one at most.
const LONGEST: usize = 256 << 10;

/// Queries that were saved.
#[derive(Debug, Clone)]
pub(crate) struct Saved(State);

impl Saved {
    /// Those of a state folder.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn open(state: &State) -> Result<Self, StateError> {
        state.folder(FOLDER).map(Self)
    }

    /// Their names.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path("")).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_suffix(".sql").filter(|name| is_name(name)).map(str::to_owned)
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// The text of one.
    pub(crate) fn get(&self, name: &str) -> Result<String, Ended> {
        let text = if is_name(name) { self.0.read(&file(name)).map_err(|e| failed(&e))? } else { None };
        text.ok_or_else(|| {
            let names = self.names();
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            Ended::unknown(Ending::NotFound, "saved query", name, &known)
        })
    }

    /// Saves one; one that is there is replaced if `again` says so.
    pub(crate) fn put(&self, name: &str, sql: &str, again: bool) -> Result<(), Ended> {
        if !is_name(name) {
            let words =
                format!("`{name}` isn't a name of a query\n(hint: letters, digits, `_` and `-`, 64 at most)");
            return Err(Ended::new(Ending::Invalid, words));
        }
        if sql.trim().is_empty() {
            let words = "the query is empty\n(hint: send its text as the body)";
            return Err(Ended::new(Ending::Failed, words));
        }
        if sql.len() > LONGEST {
            return Err(Ended::new(Ending::TooLarge, format!("a saved query has {LONGEST} bytes at most")));
        }
        let names = self.names();
        if names.iter().any(|known| known == name) {
            if !again {
                let words = format!("there is a query {name} already\n(hint: another name, or replace it)");
                return Err(Ended::new(Ending::Conflict, words));
            }
        } else if names.len() >= MOST {
            return Err(Ended::new(Ending::TooLarge, format!("there are {MOST} saved queries already")));
        }
        self.0.write(&file(name), sql).map_err(|e| failed(&e))
    }

    /// Removes one.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Ended> {
        self.get(name)?;
        self.0.remove(&file(name)).map(drop).map_err(|e| failed(&e))
    }
}

fn file(name: &str) -> String {
    format!("{name}.sql")
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= 64 && name.chars().all(fits)
}

fn failed(error: &StateError) -> Ended {
    Ended::new(Ending::Died, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let saved = Saved::open(&State::open(&dir.path().join("state")).unwrap()).unwrap();
        for name in ["../x", "a/b", "", ".", "a.b", "x\0", &"x".repeat(65)] {
            assert_eq!(saved.put(name, "select 1", false).unwrap_err().ending, Ending::Invalid, "{name}");
            assert_eq!(saved.get(name).unwrap_err().ending, Ending::NotFound, "{name}");
        }
        assert_eq!(saved.put("mine", " \n", false).unwrap_err().ending, Ending::Failed);
        saved.put("mine", "select 1", false).unwrap();
        assert_eq!(saved.put("mine", "select 2", false).unwrap_err().ending, Ending::Conflict);
        saved.put("mine", "select 2", true).unwrap();
        assert_eq!(saved.get("mine").unwrap(), "select 2");
        assert_eq!(saved.names(), ["mine"]);
        saved.remove("mine").unwrap();
        assert_eq!(saved.remove("mine").unwrap_err().ending, Ending::NotFound);
    }
}
