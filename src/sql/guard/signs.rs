//! Operators that there are not here.

/// As the parser names them, what they are, and what to write in their place.
const SIGNS: &[(&str, &str, &str)] = &[
    ("Sharp", "#", "(a | b) - (a & b) of bits, and bit_xor(x) of all values of a group"),
    ("ExclamationMark", "!", "factorial(n), NOT x, or x <> y"),
    ("AtSign", "@", "abs(x)"),
    ("Colon", ":", "CAST(x AS BIGINT) or x::BIGINT; list[1:2] of the values of a list"),
    ("Assignment", ":=", "x = y"),
    ("RArrow", "=>", "x >= y"),
    ("Backslash", "\\", "x / y"),
];

/// Words, and what to write in their place.
const WORDS: &[(&str, &str)] = &[
    ("div", "x / y of whole numbers, or trunc(x / y)"),
    ("mod", "x % y"),
    ("match", "regexp_like(x, 'a.*')"),
    ("regexp", "regexp_like(x, 'a.*')"),
    ("glob", "x LIKE 'a%'"),
    ("contains", "contains(x, 'a')"),
];

/// An operator that the parser does not know, in words.
pub(super) fn unknown(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix("Expected: an expression, found: ") {
        let (sign, _) = rest.split_once(" at Line")?;
        let hint = match sign.trim() {
            "!" => "NOT x",
            "|/" => "sqrt(x)",
            "||/" => "cbrt(x)",
            "@" => "abs(x)",
            _ => return None,
        };
        return Some(format!("{text}\n(hint: {hint})"));
    }
    let (token, place) = text.strip_prefix("No infix parser for token ")?.rsplit_once(" at Line")?;
    let word = token.strip_prefix("Word(Word { value: \"").and_then(|rest| rest.split('"').next());
    let (sign, hint) = match word {
        Some(word) => {
            let lower = word.to_lowercase();
            (word, WORDS.iter().find(|(known, _)| *known == lower).map(|(_, hint)| *hint))
        }
        None => match SIGNS.iter().find(|(name, ..)| *name == token) {
            Some((_, sign, hint)) => (*sign, Some(*hint)),
            None => ("what stands there", None),
        },
    };
    let hint = hint.unwrap_or("a comma, an operator or a word like AND, FROM or WHERE is missing before it");
    Some(format!("{sign} isn't an operator here, at Line{place}\n(hint: {hint})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_of_other_databases_are_told_in_words() {
        let word = "No infix parser for token Word(Word { value: \"div\", quote_style: None, keyword: DIV }) at Line: 1, Column: 10";
        assert_eq!(
            unknown(word).as_deref(),
            Some(
                "div isn't an operator here, at Line: 1, Column: 10\n(hint: x / y of whole numbers, or trunc(x / y))"
            )
        );
        let sign = "No infix parser for token Sharp at Line: 1, Column: 10";
        assert!(
            unknown(sign)
                .unwrap()
                .starts_with("# isn't an operator here, at Line: 1, Column: 10\n(hint: (a | b)")
        );
        let other = unknown("No infix parser for token Tilde2 at Line: 1, Column: 9").unwrap();
        assert!(other.starts_with("what stands there isn't an operator"));
        assert_eq!(unknown("Expected: an expression, found: EOF"), None);
    }
}
