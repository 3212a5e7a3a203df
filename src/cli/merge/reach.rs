//! How many tests could have been called at all, in words.

use crate::cli::text::count;
use crate::merge::Reach;

/// How many tests say nothing by not being called; empty where all could have been.
pub(super) fn words(reach: &Reach, alpha: f64) -> String {
    let mut words = String::new();
    for (why, tests) in &reach.without_p {
        words.push_str(&format!("{} without p: {why}\n", count(*tests, "test")));
    }
    if reach.out_of_reach > 0 {
        words.push_str(&format!(
            "{} of {} could not have reached {alpha}, whatever the data\n\
             (hint: their smallest possible p stands in `p_floor_A2S` and `p_floor_S2A`; with days as a null it takes 4 used \
             days for .042 and 5 for .0083)\n",
            reach.out_of_reach,
            count(reach.tests, "test")
        ));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_say_nothing_are_counted() {
        let told = words(&Reach { tests: 240, out_of_reach: 18, ..Reach::default() }, 0.05);
        assert!(told.starts_with("18 of 240 tests could not have reached 0.05"), "{told}");
        assert_eq!(words(&Reach { tests: 240, ..Reach::default() }, 0.05), "");
        let without_p = [("one day only".to_owned(), 1), ("no shift is long enough".to_owned(), 12)].into();
        assert_eq!(
            words(&Reach { without_p, ..Reach::default() }, 0.05),
            "12 tests without p: no shift is long enough\n1 test without p: one day only\n"
        );
    }
}
