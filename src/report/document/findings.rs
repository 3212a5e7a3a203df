//! What was found, by measure.

use super::ReportError;
use super::context::Context;
use super::model::{Part, Section};
use super::pictures::{picture, pictures};
use crate::plot::{Values, short};
use crate::report::rows::{DIFFERENCES, GroupTest, group_tests};
use crate::schema::CONTROL;

/// What is said of differences that are not of effective values.
const PLAIN_DIFFERENCES: &str = "These differences are of the values as they are, biases included: where the two series need \
    histories of different lengths, a difference can be all bias, and go against what the single tests say. With several nulls \
    (statistical.nulls) the differences are of the values less their biases.";

const SMALLEST: &str = "“Smallest p possible” is what the surrogates allow, “q if alone” the q of a test that reaches it alone: where \
    that is above α, nothing can be called.";

/// Persons whom a measure calls.
struct Called {
    measure: String,
    mode: String,
    tau: Option<i64>,
    persons: u64,
    forth: u64,
    back: u64,
    without: u64,
}

/// Tests, what is called, and the plots of findings.
pub(super) async fn findings(
    context: &Context<'_>,
    failed: &mut Vec<String>,
) -> Result<Section, ReportError> {
    let mut parts = Vec::new();
    if context.has("tests")? {
        let alpha = context.alpha().to_string();
        let values = [("alpha", alpha.as_str())];
        // Of such nulls the smallest p is a person's own, and not that of all tests.
        let (query, reach) = if context.has("nulls")? {
            ("tests_reach", out_of_reach(context.about().fdr.alpha))
        } else {
            ("tests", SMALLEST.to_owned())
        };
        parts.push(Part::Text(format!(
            "A2S is from the source (A) to the target (S), S2A the other way. α = {alpha}. q is p corrected over all persons. {reach}"
        )));
        parts.extend(context.table(query, "Tests by measure, lag and direction", &values).await?);
        parts.push(Part::Text(control(context)?.to_owned()));
        let groups = if context.has("group_tests")? { group(context).await? } else { Vec::new() };
        if !groups.is_empty() {
            let caption = "Tests of the differences A2S − S2A over all persons (Wilcoxon; estimate of Hodges and Lehmann)";
            parts.extend(context.table("groups", caption, &[]).await?);
            if context.about().config.as_ref().is_some_and(|config| config.statistical.nulls.is_permute()) {
                parts.push(Part::Text(PLAIN_DIFFERENCES.to_owned()));
            }
        }
        // Only where nulls can be chosen are values compared with what chance gives, person by person.
        if !groups.is_empty() && context.has("nulls")? {
            let caption = "Tests of each direction over all persons: whether the value less its bias lies above 0 (Wilcoxon, one-sided)";
            parts.extend(context.table("coupled", caption, &[]).await?);
        }
        let sentences = sentences(&called(context, &values).await?, &groups, context.alpha());
        if !sentences.is_empty() {
            parts.push(Part::Heading { level: context.level + 1, text: "In words".to_owned() });
            parts.push(Part::List(sentences));
            if context.about().is_merged {
                let words = "The methods in words, the tests over all persons as tables, and a figure of them: `results export DIR \
                             --paper FOLDER`.";
                parts.push(Part::Text(words.to_owned()));
            }
        }
    } else {
        parts.push(Part::Text("No table has p-values that are corrected.".to_owned()));
    }
    parts.extend(pictures(context, "findings", failed).await?);
    for plot in &context.wanted.plots {
        parts.push(picture(context, plot, failed).await?);
    }
    Ok(context.section("findings", "Findings by measure", parts))
}

fn out_of_reach(alpha: f64) -> String {
    format!(
        "“Out of reach” are tests that could not have had p < {alpha} whatever the data say: the person's days or samples have too \
         few arrangements."
    )
}

/// What pairs of strangers say of the tests.
fn control(context: &Context<'_>) -> Result<&'static str, ReportError> {
    Ok(match (context.has(CONTROL)?, context.about().is_control) {
        (_, true) => {
            "These are pairs of strangers: nothing can be coupled, and what is called here, the method makes."
        }
        (true, _) => {
            "“Strangers called” is the share of pairs of strangers whom the same test calls at its level: about α is right, more is \
             made by the test and not by the persons."
        }
        (false, false) => {
            "A negative control is missing here: recordings with a rhythm of the day give small p without any coupling, so these p \
             are worth what their null is. `results control` analyses pairs of strangers, and `results merge --control` puts the \
             share that is called beside each test."
        }
    })
}

async fn group(context: &Context<'_>) -> Result<Vec<GroupTest>, ReportError> {
    let definitions = context.subject.definitions;
    let sql = definitions.queries.get(DIFFERENCES)?.in_place();
    let batches = context.subject.session.collect(&sql).await?;
    Ok(group_tests(&batches, definitions.schemas)?)
}

async fn called(context: &Context<'_>, values: &[(&str, &str)]) -> Result<Vec<Called>, ReportError> {
    let rows = context.ask("called", values).await?.columns()?;
    let text = |name: &str, row: usize| match rows.column(name) {
        Some(Values::Texts(texts)) => texts[row].clone().unwrap_or_default(),
        _ => String::new(),
    };
    let number = |name: &str, row: usize| match rows.column(name) {
        Some(Values::Numbers(numbers)) => numbers[row],
        _ => None,
    };
    let count = |name: &str, row: usize| number(name, row).unwrap_or_default() as u64;
    let one = |row: usize| Called {
        measure: text("measure", row),
        mode: text("feature_mode", row),
        tau: number("tau", row).map(|tau| tau as i64),
        persons: count("persons", row),
        forth: count("forth", row),
        back: count("back", row),
        without: count("without", row),
    };
    Ok((0..rows.len()).map(one).collect())
}

/// The sentences that a paper would have.
fn sentences(called: &[Called], groups: &[GroupTest], alpha: f64) -> Vec<String> {
    called.iter().map(|one| sentence(one, groups, alpha)).collect()
}

fn sentence(one: &Called, groups: &[GroupTest], alpha: f64) -> String {
    let lag = one.tau.map_or_else(String::new, |tau| format!(", lag {tau}"));
    let mode = if one.mode.is_empty() { String::new() } else { format!(", {}", one.mode) };
    let persons = if one.persons == 1 { "person" } else { "persons" };
    let mut text = format!("{}{lag}{mode}: of {} {persons}, ", one.measure, one.persons);
    if one.without > 0 || (one.forth == 0 && one.back == 0 && !has_directions(one, groups)) {
        text.push_str(&format!("{} had q < {alpha}.", one.without));
    } else {
        text.push_str(&format!("{} had q < {alpha} from A to S and {} from S to A.", one.forth, one.back));
    }
    let same = |test: &&GroupTest| {
        test.measure == one.measure && test.tau == one.tau && test.feature_mode == one.mode
    };
    if let Some(test) = groups.iter().find(same)
        && let (Some(location), Some((low, high))) = (test.location, test.interval)
    {
        let unit = test.unit.as_deref().map_or_else(String::new, |unit| format!(" {unit}"));
        let q = test.q.map_or_else(String::new, |q| {
            if q < 0.0001 { ", q < 0.0001".to_owned() } else { format!(", q = {}", short(q)) }
        });
        text.push_str(&format!(
            " A2S minus S2A was {}{unit} (Hodges–Lehmann estimate, 95 % interval {} to {}; Wilcoxon signed-rank test, n = {}{q}).",
            short(location),
            short(low),
            short(high),
            test.users
        ));
    }
    text
}

/// Measures that nobody is called by are said to have directions if their differences are tested.
fn has_directions(one: &Called, groups: &[GroupTest]) -> bool {
    groups.iter().any(|test| test.measure == one.measure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_its_numbers_and_n() {
        let one = |measure: &str| Called {
            measure: measure.to_owned(),
            mode: "composite".to_owned(),
            tau: Some(1),
            persons: 12,
            forth: 9,
            back: 1,
            without: 0,
        };
        let test = GroupTest {
            measure: "TE".to_owned(),
            feature_mode: "composite".to_owned(),
            tau: Some(1),
            users: 12,
            location: Some(0.0123),
            interval: Some((0.008, 0.0161)),
            q: Some(0.00003),
            unit: Some("bits".to_owned()),
            ..GroupTest::default()
        };
        assert_eq!(
            sentence(&one("TE"), std::slice::from_ref(&test), 0.05),
            "TE, lag 1, composite: of 12 persons, 9 had q < 0.05 from A to S and 1 from S to A. A2S minus S2A was 0.0123 bits \
             (Hodges–Lehmann estimate, 95 % interval 0.008 to 0.0161; Wilcoxon signed-rank test, n = 12, q < 0.0001)."
        );
        assert_eq!(
            sentence(&Called { forth: 0, back: 0, without: 3, ..one("MINE") }, &[test], 0.05),
            "MINE, lag 1, composite: of 12 persons, 3 had q < 0.05."
        );
    }
}
