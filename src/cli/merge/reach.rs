//! How many tests could have been called at all, in words.

use crate::cli::text::count;
use crate::merge::Reach;

/// How many tests say nothing by not being called; empty where all could have been.
pub(super) fn words(reach: Reach, alpha: f64) -> String {
    if reach.out_of_reach == 0 {
        return String::new();
    }
    format!(
        "{} of {} could not have reached {alpha}, whatever the data\n\
         (hint: their smallest possible p stands in `p_floor_A2S` and `p_floor_S2A`; with days as a null it takes 4 used \
         days for .042 and 5 for .0083)\n",
        reach.out_of_reach,
        count(reach.tests, "test")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_out_of_reach_are_counted() {
        let told = words(Reach { tests: 240, out_of_reach: 18 }, 0.05);
        assert!(told.starts_with("18 of 240 tests could not have reached 0.05"), "{told}");
        assert_eq!(words(Reach { tests: 240, out_of_reach: 0 }, 0.05), "");
    }
}
