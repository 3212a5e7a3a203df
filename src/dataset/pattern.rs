//! File name patterns: `*` for any run of characters, `?` for one.

/// Whether `name` fits `pattern` as a whole.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go back to: the last star and the first character it does not cover yet.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
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
    pattern[p..].iter().all(|&c| c == '*')
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
}
