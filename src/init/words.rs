//! Names of columns as words, and what they say.

/// The words of a name, in lower case: `sleepOnset_2` is `sleep`, `onset`, `2`.
pub(super) fn tokens(name: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_lowercase() || c.is_numeric() != before.is_numeric();
        if (!c.is_alphanumeric() || begins) && !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

/// Whether some word of a name begins with one of these.
pub(super) fn says(name: &str, words: &[&str]) -> bool {
    tokens(name).iter().any(|token| words.iter().any(|word| token.starts_with(word)))
}

#[cfg(test)]
mod tests {
    use super::{says, tokens};

    #[test]
    fn names_are_words() {
        assert_eq!(tokens("sleepOnset_2"), ["sleep", "onset", "2"]);
        assert_eq!(tokens("Vector Magnitude"), ["vector", "magnitude"]);
        assert_eq!(tokens("label:SITTING"), ["label", "sitting"]);
        assert!(says("Sleep/Wake", &["wake"]) && !says("awake", &["wake"]));
    }
}
