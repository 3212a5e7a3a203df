//! What several nulls say together.
//!
//! All of them must reject, so p is the largest: valid whenever one of the nulls is (an intersection–union
//! test, Berger 1982).

use super::Null;
use super::test::Surrogates;
use super::unfit::Unfit;

/// What one null says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// Its name.
    pub null: &'static str,
    /// Its surrogates, or why there are none.
    pub said: Result<Surrogates, Unfit>,
}

impl Judgement {
    /// Why it has no p.
    pub fn why(&self) -> Option<Unfit> {
        match self.said {
            Ok(found) => found.p.is_none().then_some(Unfit::NoSurrogates),
            Err(why) => Some(why),
        }
    }
}

/// What all of them say.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// One after the other, in the order in which they were asked.
    pub each: Vec<Judgement>,
    /// The place of the one with the largest p; none if one has no p for a reason of the data.
    by: Option<usize>,
}

impl Verdict {
    /// The null with the largest p, and its surrogates.
    pub fn decisive(&self) -> Option<(&'static str, Surrogates)> {
        let judgement = self.each.get(self.by?)?;
        Some((judgement.null, judgement.said.ok()?))
    }

    /// The largest p.
    pub fn p(&self) -> Option<f64> {
        self.decisive()?.1.p
    }

    /// The smallest p there could have been: the largest of what each null could.
    pub fn floor(&self) -> Option<f64> {
        self.by?;
        self.each.iter().filter_map(|each| each.said.ok()?.floor).max_by(f64::total_cmp)
    }

    /// Why there is no p, and whose fault it is.
    pub fn missing(&self) -> Option<(&'static str, Unfit)> {
        let of = |each: &Judgement| Some((each.null, each.why()?));
        self.each.iter().filter_map(of).find(|(_, why)| *why != Unfit::Settled)
    }
}

/// Asks one null after the other; once one has a p above `stop_above`, the others are spared.
pub(super) fn judge(
    nulls: &[&dyn Null],
    stop_above: f64,
    mut test: impl FnMut(&dyn Null) -> Result<Surrogates, Unfit>,
) -> Verdict {
    let mut is_settled = false;
    let mut verdict = Verdict { each: Vec::with_capacity(nulls.len()), by: None };
    for null in nulls {
        let said = if is_settled { Err(Unfit::Settled) } else { test(*null) };
        is_settled |= said.is_ok_and(|found| found.p > Some(stop_above));
        verdict.each.push(Judgement { null: null.name(), said });
    }
    if verdict.missing().is_none_or(|(_, why)| why == Unfit::NoSurrogates) {
        let mut largest = f64::NEG_INFINITY;
        for (place, each) in verdict.each.iter().enumerate() {
            let p = each.said.map(|found| found.p.unwrap_or(0.0));
            if let Some(p) = p.ok().filter(|p| *p > largest) {
                (largest, verdict.by) = (p, Some(place));
            }
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nulls::{CircularShift, Days, Permute, WithinPast};

    fn with(p: f64, floor: f64) -> Surrogates {
        Surrogates { p: Some(p), floor: Some(floor), ..Surrogates::default() }
    }

    #[test]
    fn the_largest_p_decides_and_one_above_the_limit_spares_the_others() {
        let shift = CircularShift { least: 1 };
        let nulls: [&dyn Null; 4] = [&Days, &WithinPast, &shift, &Permute];
        let judged = |p: [f64; 4]| {
            let mut asked = p.into_iter().enumerate();
            judge(&nulls, 0.2, |_| {
                let (place, p) = asked.next().unwrap();
                Ok(with(p, 0.01 * (place + 1) as f64))
            })
        };
        let found = judged([0.01, 0.03, 0.02, 0.03]);
        assert_eq!((found.p(), found.decisive().unwrap().0), (Some(0.03), "within_past"));
        assert_eq!((found.floor(), found.missing()), (Some(0.04), None));
        let found = judged([0.01, 0.21, 0.5, 0.9]);
        assert_eq!((found.p(), found.floor()), (Some(0.21), Some(0.02)));
        assert_eq!([found.each[2].said, found.each[3].said], [Err(Unfit::Settled); 2]);
    }

    #[test]
    fn without_one_there_is_no_p() {
        let nulls: [&dyn Null; 2] = [&Days, &WithinPast];
        let one_day =
            |null: &dyn Null| if null.name() == "days" { Err(Unfit::OneDay) } else { Ok(with(0.3, 0.1)) };
        let found = judge(&nulls, 0.2, one_day);
        assert_eq!((found.p(), found.floor(), found.missing()), (None, None, Some(("days", Unfit::OneDay))));
        assert!(found.each[1].said.is_ok());
        let no_draws = judge(&nulls, 0.2, |_| Ok(Surrogates::default()));
        assert_eq!((no_draws.p(), no_draws.missing()), (None, Some(("days", Unfit::NoSurrogates))));
        assert!(no_draws.decisive().is_some(), "what was drawn can be shown");
    }
}
