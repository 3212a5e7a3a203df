//! Texts in a shell script.

/// A word that a shell reads as this text, whatever it holds.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Words with spaces between, as they are typed.
pub(super) fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_back(text: &str) -> String {
        let script = format!("printf %s {}", quoted(text));
        let said = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    }

    #[test]
    fn a_shell_reads_hostile_texts_as_they_are() {
        for text in
            ["", "a b", "it's", "$(touch owned)", "`id`", "\"$HOME\"", "a\nb", "-n", "*", "\\", "é 'x' \"y\""]
        {
            assert_eq!(read_back(text), text);
        }
        assert_eq!(line(&["run".into(), "a b".into()]), "run 'a b'");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn any_text_is_read_as_it_is(text in "[^\0]{0,40}") {
            prop_assert_eq!(read_back(&text), text);
        }
    }
}
