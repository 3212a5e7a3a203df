//! The tables of group tests in Markdown and LaTeX.

use super::number::short;
use super::rows::GroupTest;
use crate::config::{Fdr, FdrMethod};

/// What tests over all users ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Do the two directions differ?
    Difference,
    /// Does the effective value of a direction lie above 0?
    Coupling,
}

/// What is shown of a test, as plain text or as mathematics of LaTeX.
struct Cells {
    measure: String,
    mode: String,
    tau: Option<String>,
    direction: Option<String>,
    users: String,
    median: Option<String>,
    share: Option<String>,
    location: Option<String>,
    interval: Option<(String, String)>,
    p: Option<String>,
    q: Option<String>,
    called: bool,
}

impl Cells {
    fn of(test: &GroupTest, fdr: &Fdr, math: bool) -> Self {
        let number = |value: f64| if math { short(value).math() } else { short(value).plain() };
        Self {
            measure: test.measure.clone(),
            mode: test.feature_mode.clone(),
            tau: test.tau.map(|tau| tau.to_string()),
            direction: test.direction.clone(),
            users: test.users.to_string(),
            median: test.median.map(number),
            share: test.share_positive.map(|share| format!("{share:.2}")),
            location: test.location.map(number),
            interval: test.interval.map(|(low, high)| (number(low), number(high))),
            p: test.p.map(number),
            q: test.q.map(number),
            called: test.q.is_some_and(|q| q < fdr.alpha),
        }
    }
}

/// What the table shows, in a sentence; `bold` is how the tests that are called are marked.
fn caption(tests: &[GroupTest], asked: Asked, fdr: &Fdr, alpha: &str) -> String {
    let method = match fdr.method {
        FdrMethod::Bh => "Benjamini–Hochberg",
        FdrMethod::By => "Benjamini–Yekutieli",
    };
    let tested = tests.iter().filter(|test| test.p.is_some()).count();
    let plural = if tested == 1 { "test" } else { "tests" };
    let (what, test) = match asked {
        Asked::Difference => {
            ("Differences of the two directions (A2S minus S2A)", "the Wilcoxon signed-rank test")
        }
        Asked::Coupling => {
            ("Effective values of each direction", "the one-sided Wilcoxon signed-rank test against 0")
        }
    };
    format!(
        "{what} over all users: median, share of users above 0, Hodges–Lehmann estimate with its 95 % bootstrap \
         interval, and {test}, corrected by {method} over {tested} {plural}. Bold: {alpha}."
    )
}

/// The table in Markdown.
pub(crate) fn markdown(tests: &[GroupTest], asked: Asked, fdr: &Fdr) -> String {
    let (name, line) = if asked == Asked::Coupling { ("direction | ", "---|") } else { ("", "") };
    let mut text = format!(
        "| measure | mode | τ | {name}users | median | share > 0 | Hodges–Lehmann [95 % interval] | p | q |\n\
         |---|---|---:|{line}---:|---:|---:|---|---:|---:|\n",
    );
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    for test in tests {
        let cells = Cells::of(test, fdr, false);
        let interval = cells.interval.map(|(low, high)| format!(" [{low}, {high}]")).unwrap_or_default();
        let location = cells.location.map(|location| format!("{location}{interval}"));
        let q = or_none(cells.q);
        let q = if cells.called { format!("**{q}**") } else { q };
        let direction = (asked == Asked::Coupling).then(|| or_none(cells.direction));
        let head = [in_markdown(&cells.measure), in_markdown(&cells.mode), or_none(cells.tau)];
        let numbers = [
            cells.users,
            or_none(cells.median),
            or_none(cells.share),
            or_none(location),
            or_none(cells.p),
            q,
        ];
        let row: Vec<String> = head.into_iter().chain(direction).chain(numbers).collect();
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    let alpha = format!("q < {}", fdr.alpha);
    text.push_str(&format!("\n{}\n", caption(tests, asked, fdr, &alpha)));
    text
}

/// The table in LaTeX, as a `table` to be read in with `\input`.
pub(crate) fn latex(tests: &[GroupTest], asked: Asked, fdr: &Fdr) -> String {
    let alpha = format!("q < {}", fdr.alpha);
    let caption = in_latex(&caption(tests, asked, fdr, "ALPHA")).replace("ALPHA", &format!("${alpha}$"));
    let (file, label, column, name) = match asked {
        Asked::Difference => ("group_tests", "group-tests", "", ""),
        Asked::Coupling => ("couplings", "couplings", "l", "Direction & "),
    };
    let mut text = format!(
        "% Needs \\usepackage{{booktabs}}; read it in with \\input{{{file}}}.\n\
         \\begin{{table}}\n  \\centering\n  \\caption{{{caption}}}\n  \\label{{tab:{label}}}\n  \
         \\begin{{tabular}}{{llr{column}rrrlrr}}\n    \\toprule\n    \
         Measure & Mode & $\\tau$ & {name}Users & Median & Share $> 0$ & Hodges--Lehmann [95\\,\\%] & $p$ & $q$ \\\\\n    \
         \\midrule\n"
    );
    let or_none = |text: Option<String>| text.map_or_else(|| "--".to_owned(), |text| format!("${text}$"));
    for test in tests {
        let cells = Cells::of(test, fdr, true);
        let interval = cells.interval.map(|(low, high)| format!("\\;[{low},\\,{high}]")).unwrap_or_default();
        let location = cells.location.map(|location| format!("{location}{interval}"));
        let q = match (&cells.q, cells.called) {
            (Some(q), true) => format!("$\\mathbf{{{q}}}$"),
            _ => or_none(cells.q),
        };
        let direction =
            (asked == Asked::Coupling).then(|| in_latex(cells.direction.as_deref().unwrap_or("–")));
        let head = [in_latex(&cells.measure), in_latex(&cells.mode), or_none(cells.tau)];
        let numbers = [
            or_none(Some(cells.users)),
            or_none(cells.median),
            or_none(cells.share),
            or_none(location),
            or_none(cells.p),
            q,
        ];
        let row: Vec<String> = head.into_iter().chain(direction).chain(numbers).collect();
        text.push_str(&format!("    {} \\\\\n", row.join(" & ")));
    }
    text.push_str("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
    text
}

/// A text that Markdown takes as it is.
pub(super) fn in_markdown(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text that LaTeX takes as it is.
fn in_latex(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '"' => escaped.push_str("''"),
            '–' => escaped.push_str("--"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::testing::{couplings, fdr, tests};
    use super::{Asked, in_latex, in_markdown, latex, markdown};

    #[test]
    fn in_both_forms() {
        insta::assert_snapshot!(markdown(&tests(), Asked::Difference, &fdr()), @r##"
        | measure | mode | τ | users | median | share > 0 | Hodges–Lehmann [95 % interval] | p | q |
        |---|---|---:|---:|---:|---:|---|---:|---:|
        | TE | composite | 1 | 12 | −0.0650 | 0.17 | −0.0723 [−0.142, −0.0210] | 0.00928 | **0.0186** |
        | TE | composite | 2 | 12 | −0.0919 | 0.17 | −0.102 [−0.186, −0.0394] | 6.51e-6 | **1.30e-5** |
        | TRUE\_CTE | composite | 1 | 12 | −0.00294 | 0.17 | −0.00327 [−0.0122, 0.00519] | 0.190 | 0.380 |
        | OWN | 50 % \<a\|b\> | – | 2 | – | – | – | – | – |

        Differences of the two directions (A2S minus S2A) over all users: median, share of users above 0, Hodges–Lehmann estimate with its 95 % bootstrap interval, and the Wilcoxon signed-rank test, corrected by Benjamini–Hochberg over 3 tests. Bold: q < 0.05.
        "##);
        insta::assert_snapshot!(latex(&tests(), Asked::Difference, &fdr()), @r##"
        % Needs \usepackage{booktabs}; read it in with \input{group_tests}.
        \begin{table}
          \centering
          \caption{Differences of the two directions (A2S minus S2A) over all users: median, share of users above 0, Hodges--Lehmann estimate with its 95 \% bootstrap interval, and the Wilcoxon signed-rank test, corrected by Benjamini--Hochberg over 3 tests. Bold: $q < 0.05$.}
          \label{tab:group-tests}
          \begin{tabular}{llrrrrlrr}
            \toprule
            Measure & Mode & $\tau$ & Users & Median & Share $> 0$ & Hodges--Lehmann [95\,\%] & $p$ & $q$ \\
            \midrule
            TE & composite & $1$ & $12$ & $-0.0650$ & $0.17$ & $-0.0723\;[-0.142,\,-0.0210]$ & $0.00928$ & $\mathbf{0.0186}$ \\
            TE & composite & $2$ & $12$ & $-0.0919$ & $0.17$ & $-0.102\;[-0.186,\,-0.0394]$ & $6.51 \times 10^{-6}$ & $\mathbf{1.30 \times 10^{-5}}$ \\
            TRUE\_CTE & composite & $1$ & $12$ & $-0.00294$ & $0.17$ & $-0.00327\;[-0.0122,\,0.00519]$ & $0.190$ & $0.380$ \\
            OWN & 50 \% \textless{}a\textbar{}b\textgreater{} & -- & $2$ & -- & -- & -- & -- & -- \\
            \bottomrule
          \end{tabular}
        \end{table}
        "##);
    }

    #[test]
    fn couplings_have_a_direction() {
        insta::assert_snapshot!(markdown(&couplings(), Asked::Coupling, &fdr()), @r##"
        | measure | mode | τ | direction | users | median | share > 0 | Hodges–Lehmann [95 % interval] | p | q |
        |---|---|---:|---|---:|---:|---:|---|---:|---:|
        | TE | composite | 1 | A2S | 12 | −0.0650 | 0.17 | −0.0723 [−0.142, −0.0210] | 0.00928 | **0.0186** |
        | TE | composite | 1 | S2A | 12 | −0.0919 | 0.17 | −0.102 [−0.186, −0.0394] | 6.51e-6 | **1.30e-5** |

        Effective values of each direction over all users: median, share of users above 0, Hodges–Lehmann estimate with its 95 % bootstrap interval, and the one-sided Wilcoxon signed-rank test against 0, corrected by Benjamini–Hochberg over 2 tests. Bold: q < 0.05.
        "##);
        let latex = latex(&couplings(), Asked::Coupling, &fdr());
        for part in [
            "\\input{couplings}",
            "\\label{tab:couplings}",
            "\\begin{tabular}{llrlrrrlrr}",
            "$\\tau$ & Direction & Users &",
            "    TE & composite & $1$ & S2A & $12$ & $-0.0919$ & ",
        ] {
            assert!(latex.contains(part), "{part}: {latex}");
        }
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(
            in_latex("50 % of a_b & {c}^2 \\ ~ #1 $x$ <y>\n"),
            "50 \\% of a\\_b \\& \\{c\\}\\textasciicircum{}2 \\textbackslash{} \\textasciitilde{} \\#1 \\$x\\$ \\textless{}y\\textgreater{} "
        );
        assert_eq!(in_markdown("a|b_c*\n<d>"), "a\\|b\\_c\\* \\<d\\>");
    }
}
