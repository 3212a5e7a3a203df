//! Functions that do not take what they are given.

use super::types::in_sql;

/// A function that does not take what it is given.
pub(super) fn refused(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("the given name and argument types '")?;
    let (call, candidates) = rest.split_once("'.")?;
    let (name, kinds) = call.split_once('(')?;
    let kinds = kinds.strip_suffix(')')?;
    let given = count(kinds);
    let told = in_sql(kinds);
    let what = if told.is_empty() { "no arguments".to_owned() } else { format!("({told})") };
    let hint = match (name, given) {
        ("max", 2..) => "greatest(x, y) is the largest of several values of one row".to_owned(),
        ("min", 2..) => "least(x, y) is the smallest of several values of one row".to_owned(),
        (_, 0) if numbers(candidates, name).is_none_or(|taken| !taken.contains(&0)) => {
            format!("write what it is of, as in {name}(x)")
        }
        (_, given) => match numbers(candidates, name) {
            Some(taken) if !taken.contains(&given) => format!("it takes {}", listed(&taken)),
            _ => "CAST makes one type of another, as in CAST(x AS DOUBLE)".to_owned(),
        },
    };
    Some(format!("{name} does not take {what}\n(hint: {hint})"))
}

/// How many arguments a function takes, if the engine's list of its forms says so of all of them.
fn numbers(candidates: &str, name: &str) -> Option<Vec<usize>> {
    let mut taken = Vec::new();
    let forms =
        candidates.lines().map(str::trim).filter_map(|line| line.strip_prefix(name)?.strip_prefix('('));
    for form in forms {
        let form = form.strip_suffix(')')?;
        taken.push(match form.split_once('(') {
            Some(("NullAry", _)) => 0,
            // `Numeric(1)`, `String(2)`: so many of a kind.
            Some((_, rest)) if count(form) == 1 => rest.trim_end_matches(')').parse().ok()?,
            _ if ["UserDefined", "Variadic", ".."].iter().any(|any| form.contains(any)) => return None,
            _ => count(form),
        });
    }
    taken.sort_unstable();
    taken.dedup();
    (!taken.is_empty()).then_some(taken)
}

/// Things in a list apart by commas, those in parentheses not looked at.
fn count(list: &str) -> usize {
    let mut depth = 0;
    let mut commas = 0;
    for c in list.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => commas += 1,
            _ => {}
        }
    }
    if list.is_empty() { 0 } else { commas + 1 }
}

/// `1 or 2 arguments`.
fn listed(taken: &[usize]) -> String {
    let words: Vec<String> = taken.iter().map(usize::to_string).collect();
    match taken {
        [0] => "no arguments".to_owned(),
        [1] => "one argument".to_owned(),
        _ => format!("{} arguments", words.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_arguments_are_read_from_the_forms_of_a_function() {
        let round = "\tCandidate functions:\n\tround(Decimal, Int32)\n\tround(Decimal)";
        assert_eq!(numbers(round, "round"), Some(vec![1, 2]));
        assert_eq!(numbers("\tnullif(Comparable(2))", "nullif"), Some(vec![2]));
        assert_eq!(numbers("\tnow(NullAry())", "now"), Some(vec![0]));
        assert_eq!(numbers("\tmax(UserDefined)", "max"), None);
        assert_eq!(numbers("\tf(Timestamp(s), Utf8)", "f"), Some(vec![2]));
        let said = refused(
            "x. No function matches the given name and argument types 'round(Int64, Int64, Int64)'. \
             You might need\n\tround(Decimal, Int32)\n\tround(Decimal)",
        );
        assert_eq!(
            said.as_deref(),
            Some("round does not take (BIGINT, BIGINT, BIGINT)\n(hint: it takes 1 or 2 arguments)")
        );
    }
}
