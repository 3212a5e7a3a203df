//! Skipped units that whoever merges does without: the output is complete all the same, and lists them.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::finding::{Gap, Kind};

/// Which skipped units are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AcceptSkipped {
    /// All of them, if there are so many.
    Units(u64),
    /// Those of these users. A text is the id of a user, or several with commas in between.
    Users(Vec<String>),
}

impl AcceptSkipped {
    /// Takes the accepted units out of the gaps.
    pub(super) fn take(&self, gaps: &mut Vec<Gap>) -> Result<Vec<Gap>, NotSkipped> {
        let skipped: Vec<&Gap> = gaps.iter().filter(|gap| gap.kind == Kind::Skipped).collect();
        let users: BTreeSet<&str> = skipped.iter().map(|gap| gap.user_id.as_str()).collect();
        let refused = |why: String| NotSkipped { why, skipped: Listed::of(&skipped) };
        let accepted: BTreeSet<String> = match self {
            Self::Units(n) if *n != skipped.len() as u64 => {
                let called = users.contains(n.to_string().as_str());
                return Err(refused(if called {
                    format!(
                        "{n} is taken for a number of units; the user of that name alone is `{n},` with a comma"
                    )
                } else {
                    format!("{}, not {n}", units(skipped.len(), "skipped"))
                }));
            }
            Self::Units(n) if *n > 1 && users.contains(n.to_string().as_str()) => {
                return Err(refused(format!(
                    "{n} may be the number of skipped units or one of their users; write `{n},` with a comma for the user, or all names"
                )));
            }
            Self::Units(_) => users.iter().map(|user| (*user).to_owned()).collect(),
            Self::Users(texts) => {
                let named = texts.iter().flat_map(|text| ids(text, &users)).collect::<BTreeSet<_>>();
                if let Some(other) = named.iter().find(|user| !users.contains(user.as_str())) {
                    return Err(refused(not_skipped(other, gaps)));
                }
                named
            }
        };
        let is_accepted = |gap: &mut Gap| gap.kind == Kind::Skipped && accepted.contains(&gap.user_id);
        Ok(gaps.extract_if(.., is_accepted).collect())
    }
}

/// Takes the skipped units of a control out of the gaps: two recordings that have too little in common are not missing,
/// since other pairs would do as well.
pub(super) fn of_control(gaps: &mut Vec<Gap>) -> Vec<Gap> {
    gaps.extract_if(.., |gap| gap.kind == Kind::Skipped).collect()
}

/// An id that has commas is one, if a skipped user is called so.
fn ids(text: &str, users: &BTreeSet<&str>) -> Vec<String> {
    if users.contains(text) {
        return vec![text.to_owned()];
    }
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

fn not_skipped(user: &str, gaps: &[Gap]) -> String {
    match gaps.iter().find(|gap| gap.user_id == user) {
        Some(gap) => format!("user {user} isn't skipped but {}: {}", gap.kind, gap.reason),
        None => format!("user {user} isn't skipped"),
    }
}

fn units(n: usize, what: &str) -> String {
    if n == 1 { format!("1 unit is {what}") } else { format!("{n} units are {what}") }
}

/// Other units are skipped than those that were accepted.
#[derive(Debug, Error)]
#[error("--accept-skipped: {why}\n{skipped}")]
pub struct NotSkipped {
    why: String,
    skipped: Listed,
}

/// The units that are skipped, as an error shows them.
#[derive(Debug)]
struct Listed(Vec<String>);

impl Listed {
    fn of(gaps: &[&Gap]) -> Self {
        Self(gaps.iter().map(|g| format!("{} {}: {}", g.user_id, g.feature_mode, g.reason)).collect())
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("(hint: nothing is skipped; leave --accept-skipped away)");
        }
        writeln!(f, "skipped: {}", self.0.len())?;
        for unit in &self.0 {
            writeln!(f, "  {unit}")?;
        }
        write!(f, "(hint: --accept-skipped {} accepts all of them, if the reasons are right)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(user: &str, kind: Kind) -> Gap {
        let (feature_mode, reason) = ("composite".to_owned(), format!("why {user}"));
        Gap { user_id: user.to_owned(), feature_mode, shard: 0, kind, reason }
    }

    fn gaps() -> Vec<Gap> {
        let skipped = ["u1", "2", "a,b"].map(|user| gap(user, Kind::Skipped));
        skipped.into_iter().chain([gap("bad", Kind::Failed)]).collect()
    }

    fn users(gaps: &[Gap]) -> Vec<&str> {
        gaps.iter().map(|gap| gap.user_id.as_str()).collect()
    }

    #[test]
    fn units_are_accepted_by_number_and_by_name() {
        let mut left = gaps();
        let accepted = AcceptSkipped::Units(3).take(&mut left).unwrap();
        assert_eq!((users(&accepted), users(&left)), (vec!["u1", "2", "a,b"], vec!["bad"]));
        let mut left = gaps();
        let named = AcceptSkipped::Users(vec!["2, u1,".into(), "a,b".into()]);
        assert_eq!(users(&named.take(&mut left).unwrap()), ["u1", "2", "a,b"]);
        let mut left = gaps();
        let one = AcceptSkipped::Users(vec!["2,".into()]);
        assert_eq!(users(&one.take(&mut left).unwrap()), ["2"]);
        assert_eq!(users(&left), ["u1", "a,b", "bad"]);
        assert_eq!(AcceptSkipped::Units(0).take(&mut Vec::new()).unwrap(), []);
    }

    #[test]
    fn what_is_not_skipped_is_refused_with_the_list() {
        let refused = |accept: AcceptSkipped| {
            let mut left = gaps();
            let said = accept.take(&mut left).unwrap_err().to_string();
            assert_eq!(left, gaps());
            assert!(said.contains("  u1 composite: why u1\n  2 composite: why 2\n  a,b"), "{said}");
            said.lines().next().unwrap().to_owned()
        };
        assert!(refused(AcceptSkipped::Units(4)).ends_with("3 units are skipped, not 4"));
        assert!(refused(AcceptSkipped::Units(2)).contains("`2,`"));
        let named = |name: &str| refused(AcceptSkipped::Users(vec![name.into()]));
        assert!(named("u1,u9").ends_with("user u9 isn't skipped"));
        assert!(named("bad").ends_with("user bad isn't skipped but failed: why bad"));
        // A number that is both a name and right.
        let mut three: Vec<Gap> = ["u1", "3", "u3"].map(|user| gap(user, Kind::Skipped)).into();
        assert!(AcceptSkipped::Units(3).take(&mut three).is_err());
        let said = AcceptSkipped::Units(1).take(&mut Vec::new()).unwrap_err().to_string();
        assert!(
            said.contains("0 units are skipped, not 1") && said.contains("leave --accept-skipped away"),
            "{said}"
        );
    }
}
