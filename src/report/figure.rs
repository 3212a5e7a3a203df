//! The figure: the estimate of each group test with its interval, as SVG.
//!
//! Nothing but the rows decides what is drawn: every coordinate has two decimals, so that the same rows give the same
//! bytes. Measures differ in colour and have a name, lags in the shape of the mark, called tests in its filling.

use std::fmt::Write as _;

use super::number::short;
use super::rows::GroupTest;
use crate::config::Fdr;

const WIDTH: f64 = 760.0;
const ROW: f64 = 26.0;
const TOP: f64 = 28.0;
/// Room for the axis, its name and the legend.
const BOTTOM: f64 = 76.0;
const RIGHT: f64 = 24.0;
/// Width of a letter of the labels, roughly.
const LETTER: f64 = 7.4;
/// Half of a mark.
const MARK: f64 = 5.0;

/// Colours that people who do not tell red from green tell apart (Okabe and Ito 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// The part of the line of numbers that is shown.
struct Axis {
    from: f64,
    to: f64,
    step: f64,
    left: f64,
}

impl Axis {
    /// All ends of intervals and 0, on whole steps.
    fn of(tests: &[GroupTest], left: f64) -> Self {
        let ends = tests.iter().flat_map(|test| {
            let (low, high) = test.interval.unzip();
            [low, high, test.location]
        });
        let (mut from, mut to) =
            ends.flatten().fold((0.0_f64, 0.0_f64), |(a, b), end| (a.min(end), b.max(end)));
        if to - from <= 0.0 {
            (from, to) = (-1.0, 1.0);
        }
        let rough = (to - from) / 6.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        Self { from: (from / step).floor() * step, to: (to / step).ceil() * step, step, left }
    }

    fn x(&self, value: f64) -> f64 {
        self.left + (value - self.from) / (self.to - self.from) * (WIDTH - RIGHT - self.left)
    }

    /// Where ticks stand, and their numbers.
    fn ticks(&self) -> Vec<(f64, String)> {
        let decimals = usize::try_from(-(self.step.log10().floor() as i32)).unwrap_or_default();
        let number = ((self.to - self.from) / self.step).round() as i32;
        (0..=number)
            .map(|tick| {
                let value = self.from + f64::from(tick) * self.step;
                let value = if value.abs() < self.step / 1e6 { 0.0 } else { value };
                (self.x(value), format!("{value:.decimals$}").replace('-', "−"))
            })
            .collect()
    }
}

/// The figure of group tests.
pub(crate) fn svg(tests: &[GroupTest], fdr: &Fdr) -> String {
    let labels: Vec<String> = tests.iter().map(|test| label(test, tests)).collect();
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or_default();
    let axis = Axis::of(tests, 24.0 + LETTER * longest as f64);
    let foot = TOP + ROW * tests.len().max(1) as f64;
    let mut text = head(tests, fdr, foot + BOTTOM);
    scale(&mut text, &axis, foot, &name_of_axis(tests));
    for (row, (test, label)) in tests.iter().zip(&labels).enumerate() {
        let y = TOP + ROW * (row as f64 + 0.5);
        let _ = writeln!(
            text,
            "<text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"end\">{}</text>",
            axis.left - 14.0,
            y + 4.5,
            escaped(label)
        );
        estimate(&mut text, &axis, test, tests, y, fdr);
    }
    legend(&mut text, tests, fdr, axis.left, foot + 62.0);
    text.push_str("</svg>\n");
    text
}

/// The name of a test: what tells it from the others.
fn label(test: &GroupTest, tests: &[GroupTest]) -> String {
    let mut label = test.measure.clone();
    if tests.iter().any(|other| other.feature_mode != test.feature_mode) {
        let _ = write!(label, " {}", test.feature_mode);
    }
    if let Some(tau) = test.tau {
        let _ = write!(label, ", τ = {tau}");
    }
    label
}

fn name_of_axis(tests: &[GroupTest]) -> String {
    let unit = tests.first().and_then(|test| test.unit.as_deref());
    let unit = unit.filter(|unit| tests.iter().all(|test| test.unit.as_deref() == Some(unit)));
    let unit = unit.map(|unit| format!(" ({unit})")).unwrap_or_default();
    format!("A2S minus S2A: Hodges–Lehmann estimate{unit}")
}

/// Everything before the drawing, with the values in words for who cannot see it.
fn head(tests: &[GroupTest], fdr: &Fdr, height: f64) -> String {
    let mut words = String::new();
    for test in tests {
        let value = match (test.location, test.interval) {
            (Some(location), Some((low, high))) => {
                format!("{} from {} to {}", short(location).plain(), short(low).plain(), short(high).plain())
            }
            (Some(location), None) => short(location).plain(),
            (None, _) => "no value".to_owned(),
        };
        let q = test.q.map(|q| format!(", q {}", short(q).plain())).unwrap_or_default();
        let _ = write!(words, " {}: {value}{q}.", label(test, tests));
    }
    if tests.is_empty() {
        words.push_str(" There are no group tests.");
    }
    let what = format!(
        "A row a group test: the Hodges–Lehmann estimate of the difference of the two directions over all users, and its \
         95 % bootstrap interval. Filled marks: q below {}.{words}",
        fdr.alpha
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title desc\" width=\"{WIDTH:.0}\" \
         height=\"{height:.0}\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" font-family=\"Helvetica, Arial, sans-serif\" \
         font-size=\"13\" fill=\"#222222\">\n<title id=\"title\">Differences of the two directions by measure and \
         lag</title>\n<desc id=\"desc\">{}</desc>\n<rect width=\"{WIDTH:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>\n",
        escaped(&what)
    )
}

/// The axis, its ticks, and the line of no difference.
fn scale(text: &mut String, axis: &Axis, foot: f64, name: &str) {
    let (left, right) = (axis.x(axis.from), axis.x(axis.to));
    for (x, number) in axis.ticks() {
        let _ = writeln!(
            text,
            "<line x1=\"{x:.2}\" y1=\"{TOP:.2}\" x2=\"{x:.2}\" y2=\"{foot:.2}\" stroke=\"#e4e4e4\"/>\n\
             <text x=\"{x:.2}\" y=\"{:.2}\" text-anchor=\"middle\">{number}</text>",
            foot + 18.0
        );
    }
    let zero = axis.x(0.0);
    let _ = writeln!(
        text,
        "<line x1=\"{zero:.2}\" y1=\"{TOP:.2}\" x2=\"{zero:.2}\" y2=\"{foot:.2}\" stroke=\"#555555\" \
         stroke-dasharray=\"4 3\"/>\n<line x1=\"{left:.2}\" y1=\"{foot:.2}\" x2=\"{right:.2}\" y2=\"{foot:.2}\" \
         stroke=\"#555555\"/>\n<text x=\"{:.2}\" y=\"{:.2}\" text-anchor=\"middle\">{}</text>",
        f64::midpoint(left, right),
        foot + 38.0,
        escaped(name)
    );
}

/// A test: its interval and its mark.
fn estimate(text: &mut String, axis: &Axis, test: &GroupTest, tests: &[GroupTest], y: f64, fdr: &Fdr) {
    let colour = COLOURS[place(tests.iter().map(|test| &test.measure), &test.measure) % COLOURS.len()];
    if let Some((low, high)) = test.interval {
        let _ = writeln!(
            text,
            "<line x1=\"{:.2}\" y1=\"{y:.2}\" x2=\"{:.2}\" y2=\"{y:.2}\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            axis.x(low),
            axis.x(high)
        );
    }
    if let Some(location) = test.location {
        let called = test.q.is_some_and(|q| q < fdr.alpha);
        let shape = place(tests.iter().map(|test| &test.tau), &test.tau);
        mark(text, (axis.x(location), y), shape, colour, called);
    }
}

/// How many different values stand before the first that is equal.
fn place<'a, T: PartialEq + 'a>(all: impl Iterator<Item = &'a T>, value: &T) -> usize {
    let mut seen: Vec<&T> = Vec::new();
    for other in all {
        if other == value {
            break;
        }
        if !seen.contains(&other) {
            seen.push(other);
        }
    }
    seen.len()
}

/// A mark: a circle, a square, a diamond or a triangle.
fn mark(text: &mut String, (x, y): (f64, f64), shape: usize, colour: &str, filled: bool) {
    let fill = if filled { colour } else { "#ffffff" };
    let style = format!("fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"2\"");
    let points: &[(f64, f64)] = match shape % 4 {
        0 => {
            let _ = writeln!(text, "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{MARK:.2}\" {style}/>");
            return;
        }
        1 => &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)],
        2 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        _ => &[(0.0, -1.2), (1.2, 1.0), (-1.2, 1.0)],
    };
    let points: Vec<String> =
        points.iter().map(|(dx, dy)| format!("{:.2},{:.2}", x + dx * MARK, y + dy * MARK)).collect();
    let _ = writeln!(text, "<polygon points=\"{}\" {style}/>", points.join(" "));
}

/// What marks and filling mean.
fn legend(text: &mut String, tests: &[GroupTest], fdr: &Fdr, left: f64, y: f64) {
    let mut x = left;
    let mut entry = |text: &mut String, shape: usize, filled: bool, words: &str| {
        mark(text, (x, y - 4.5), shape, "#555555", filled);
        let _ = writeln!(text, "<text x=\"{:.2}\" y=\"{y:.2}\">{}</text>", x + 12.0, escaped(words));
        x += 30.0 + LETTER * words.chars().count() as f64;
    };
    let mut lags: Vec<Option<i64>> = Vec::new();
    for test in tests.iter().filter(|test| test.tau.is_some()) {
        if !lags.contains(&test.tau) {
            lags.push(test.tau);
        }
    }
    for lag in lags.iter().flatten() {
        let shape = place(tests.iter().map(|test| &test.tau), &Some(*lag));
        entry(text, shape, false, &format!("τ = {lag}"));
    }
    entry(text, 0, true, &format!("q < {}", fdr.alpha));
    entry(text, 0, false, &format!("q ≥ {}", fdr.alpha));
}

/// A text in XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fdr, tests};
    use super::{Axis, svg};

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        let drawn = svg(&tests(), &fdr());
        assert_eq!(drawn, svg(&tests(), &fdr()));
        insta::assert_snapshot!(drawn, @r##"
        <svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" width="760" height="208" viewBox="0 0 760 208" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#222222">
        <title id="title">Differences of the two directions by measure and lag</title>
        <desc id="desc">A row a group test: the Hodges–Lehmann estimate of the difference of the two directions over all users, and its 95 % bootstrap interval. Filled marks: q below 0.05. TE composite, τ = 1: −0.0723 from −0.142 to −0.0210, q 0.0186. TE composite, τ = 2: −0.102 from −0.186 to −0.0394, q 1.30e-5. TRUE_CTE composite, τ = 1: −0.00327 from −0.0122 to 0.00519, q 0.380. OWN 50 % &lt;a|b&gt;: no value.</desc>
        <rect width="760" height="208" fill="#ffffff"/>
        <line x1="209.00" y1="28.00" x2="209.00" y2="132.00" stroke="#e4e4e4"/>
        <text x="209.00" y="150.00" text-anchor="middle">−0.20</text>
        <line x1="314.40" y1="28.00" x2="314.40" y2="132.00" stroke="#e4e4e4"/>
        <text x="314.40" y="150.00" text-anchor="middle">−0.15</text>
        <line x1="419.80" y1="28.00" x2="419.80" y2="132.00" stroke="#e4e4e4"/>
        <text x="419.80" y="150.00" text-anchor="middle">−0.10</text>
        <line x1="525.20" y1="28.00" x2="525.20" y2="132.00" stroke="#e4e4e4"/>
        <text x="525.20" y="150.00" text-anchor="middle">−0.05</text>
        <line x1="630.60" y1="28.00" x2="630.60" y2="132.00" stroke="#e4e4e4"/>
        <text x="630.60" y="150.00" text-anchor="middle">0.00</text>
        <line x1="736.00" y1="28.00" x2="736.00" y2="132.00" stroke="#e4e4e4"/>
        <text x="736.00" y="150.00" text-anchor="middle">0.05</text>
        <line x1="630.60" y1="28.00" x2="630.60" y2="132.00" stroke="#555555" stroke-dasharray="4 3"/>
        <line x1="209.00" y1="132.00" x2="736.00" y2="132.00" stroke="#555555"/>
        <text x="472.50" y="170.00" text-anchor="middle">A2S minus S2A: Hodges–Lehmann estimate</text>
        <text x="195.00" y="45.50" text-anchor="end">TE composite, τ = 1</text>
        <line x1="330.54" y1="41.00" x2="586.34" y2="41.00" stroke="#0072b2" stroke-width="2"/>
        <circle cx="478.29" cy="41.00" r="5.00" fill="#0072b2" stroke="#0072b2" stroke-width="2"/>
        <text x="195.00" y="71.50" text-anchor="end">TE composite, τ = 2</text>
        <line x1="237.64" y1="67.00" x2="547.53" y2="67.00" stroke="#0072b2" stroke-width="2"/>
        <polygon points="410.43,62.00 420.43,62.00 420.43,72.00 410.43,72.00" fill="#0072b2" stroke="#0072b2" stroke-width="2"/>
        <text x="195.00" y="97.50" text-anchor="end">TRUE_CTE composite, τ = 1</text>
        <line x1="604.91" y1="93.00" x2="641.54" y2="93.00" stroke="#d55e00" stroke-width="2"/>
        <circle cx="623.71" cy="93.00" r="5.00" fill="#ffffff" stroke="#d55e00" stroke-width="2"/>
        <text x="195.00" y="123.50" text-anchor="end">OWN 50 % &lt;a|b&gt;</text>
        <circle cx="209.00" cy="189.50" r="5.00" fill="#ffffff" stroke="#555555" stroke-width="2"/>
        <text x="221.00" y="194.00">τ = 1</text>
        <polygon points="271.00,184.50 281.00,184.50 281.00,194.50 271.00,194.50" fill="#ffffff" stroke="#555555" stroke-width="2"/>
        <text x="288.00" y="194.00">τ = 2</text>
        <circle cx="343.00" cy="189.50" r="5.00" fill="#555555" stroke="#555555" stroke-width="2"/>
        <text x="355.00" y="194.00">q &lt; 0.05</text>
        <circle cx="432.20" cy="189.50" r="5.00" fill="#ffffff" stroke="#555555" stroke-width="2"/>
        <text x="444.20" y="194.00">q ≥ 0.05</text>
        </svg>
        "##);
    }

    #[test]
    fn nothing_to_draw_is_said() {
        let drawn = svg(&[], &fdr());
        assert!(drawn.contains("There are no group tests") && drawn.ends_with("</svg>\n"));
    }

    #[test]
    fn ticks_are_round_numbers() {
        let numbers: Vec<String> =
            Axis::of(&tests(), 100.0).ticks().into_iter().map(|(_, number)| number).collect();
        assert_eq!(numbers, ["−0.20", "−0.15", "−0.10", "−0.05", "0.00", "0.05"]);
    }
}
