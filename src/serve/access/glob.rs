//! Names with `*` for any letters and `?` for one.

/// Whether a name fits a pattern.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // The last `*`, and how much of the name it stands for so far.
    let (mut at, mut place, mut star) = (0, 0, None);
    while place < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[place] => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((from, taken)) = star else { return false };
                star = Some((from, taken + 1));
                at = from + 1;
                place = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// Whether it may fit a name at all, as far as whoever wrote it knew what stands for what.
pub(super) fn can_fit(pattern: &str) -> bool {
    !pattern.trim().is_empty() && !pattern.contains(['/', '[', ']', '{', '}', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, name, is) in [
            ("*", "", true),
            ("k6*", "k6_full", true),
            ("k6*", "xk6", false),
            ("*full", "k6_full", true),
            ("k?_*", "k6_full", true),
            ("k?", "k", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, name), is, "{pattern} {name}");
        }
        for (pattern, can) in [("k6*", true), ("a b?", true), ("", false), ("[", false), ("out/k6", false)] {
            assert_eq!(can_fit(pattern), can, "{pattern}");
        }
    }
}
