//! File name patterns: `*` for any run of characters, `?` for one, `[a-c]` for one of some, `{x,y}` for either.

/// Most alternatives that braces may stand for.
const MOST: usize = 256;

/// Whether `name` fits `pattern` as a whole.
///
/// Brackets and braces are also taken as they stand, for names that hold them.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let literal: Vec<One> = pattern.chars().map(One::without_sets).collect();
    if fits(&literal, &name) {
        return true;
    }
    pattern.contains(['[', '{']) && alternatives(pattern).iter().any(|pattern| fits(&parts(pattern), &name))
}

/// What one or more characters of a name must be.
#[derive(Debug, Clone, PartialEq)]
enum One {
    /// Any run of any.
    Run,
    /// Any one.
    Any,
    /// This one.
    Is(char),
    /// One of these ranges, or none of them.
    Set { ranges: Vec<(char, char)>, within: bool },
}

impl One {
    fn without_sets(c: char) -> Self {
        match c {
            '*' => Self::Run,
            '?' => Self::Any,
            c => Self::Is(c),
        }
    }

    fn takes(&self, c: char) -> bool {
        match self {
            Self::Run | Self::Any => true,
            Self::Is(own) => *own == c,
            Self::Set { ranges, within } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&c)) == *within
            }
        }
    }
}

/// A pattern without braces, taken apart; a bracket that does not close stands for itself.
fn parts(pattern: &str) -> Vec<One> {
    let all: Vec<char> = pattern.chars().collect();
    let (mut parts, mut at) = (Vec::new(), 0);
    while let Some(&c) = all.get(at) {
        at += 1;
        match set(&all[at..]).filter(|_| c == '[') {
            Some((set, length)) => {
                parts.push(set);
                at += length;
            }
            None => parts.push(One::without_sets(c)),
        }
    }
    parts
}

/// The set that stands behind an opening bracket, and its length with the closing one.
fn set(behind: &[char]) -> Option<(One, usize)> {
    let negated = matches!(behind.first(), Some('!' | '^'));
    let first = usize::from(negated);
    // A closing bracket at the start belongs to the set.
    let end = (first + 1..behind.len()).find(|&at| behind[at] == ']')?;
    let (mut ranges, mut at) = (Vec::new(), first);
    while at < end {
        let to = if at + 2 < end && behind[at + 1] == '-' { at + 2 } else { at };
        ranges.push((behind[at], behind[to]));
        at = to + 1;
    }
    Some((One::Set { ranges, within: !negated }, end + 1))
}

/// The patterns that braces stand for; of too many only the pattern itself.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut open = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(next) = open.pop() {
        match split(&next) {
            Some(each) => open.extend(each),
            None => done.push(next),
        }
        if open.len() + done.len() > MOST {
            return vec![pattern.to_owned()];
        }
    }
    done
}

/// What the first innermost braces stand for.
fn split(pattern: &str) -> Option<Vec<String>> {
    let close = pattern.find('}')?;
    let open = pattern[..close].rfind('{')?;
    let (before, inner, behind) = (&pattern[..open], &pattern[open + 1..close], &pattern[close + 1..]);
    Some(inner.split(',').map(|part| format!("{before}{part}{behind}")).collect())
}

fn fits(pattern: &[One], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go back to: the last star and the first character it does not cover yet.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(One::Run) => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(one) if one.takes(name[n]) => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((after_star, covered)) => {
                    retry = Some((after_star, covered + 1));
                    p = after_star;
                    n = covered + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|one| *one == One::Run)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        assert!(matches("*.features_labels.csv*", "U1.features_labels.csv.gz"));
        assert!(matches("*.csv", ".csv"));
        assert!(matches("u?.csv", "ü1.csv") || matches("?1.csv", "ü1.csv"));
        assert!(matches("*a*b*", "xxaxxbxx"));
        assert!(!matches("*.csv", "a.csv.gz"));
        assert!(!matches("a*b", "acbd"));
        assert!(matches("*", ""));
    }

    #[test]
    fn brackets_and_braces() {
        for (pattern, yes, no) in [
            ("[uv]*.csv", "v1.csv", "w1.csv"),
            ("[!u]*.csv", "v1.csv", "u1.csv"),
            ("u[0-9].csv", "u7.csv", "ux.csv"),
            ("u[]x].csv", "u].csv", "uy.csv"),
            ("u[-9].csv", "u-.csv", "u5.csv"),
            ("*.{csv,parquet}", "a.parquet", "a.txt"),
            ("u{1,2{a,b}}.csv*", "u2b.csv.gz", "u2.csv"),
            ("{a,}.csv", ".csv", "b.csv"),
        ] {
            assert!(matches(pattern, yes) && !matches(pattern, no), "{pattern}");
        }
        for name in ["u[1].csv", "a{b}.csv", "[", "{", "a}"] {
            assert!(matches(name, name), "{name} as it stands");
        }
        assert!(!matches(&"{a,b}".repeat(40), "a"));
    }
}
