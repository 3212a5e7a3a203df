//! How pictures look: colours that people with any sight tell apart (Okabe and Ito), with a shape, dash or hatch beside
//! each. Marks have a class, so that one picture serves a page in light, dark and print.

/// Where a picture is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// On its own, on white.
    #[default]
    Light,
    /// On its own, on black.
    Dark,
    /// In a page that has the rules of [`page_style`].
    Page,
}

/// Size and surroundings of a picture.
#[derive(Debug, Clone)]
pub struct Look {
    /// Its width in points.
    pub width: u32,
    /// Where it is shown.
    pub theme: Theme,
    /// A name that no other picture of the page has.
    pub id: String,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 720, theme: Theme::Light, id: "plot".to_owned() }
    }
}

/// Series that look different; from there on they begin anew with another shape.
pub(super) const SERIES: usize = 7;

/// Steps of a colour that is a number.
pub(super) const SHADES: usize = 7;

/// Dashes of lines.
pub(super) const DASHES: [&str; SERIES] = ["", "6 3", "2 3", "8 3 2 3", "12 4", "4 2 1 2 1 2", "1 2"];

struct Colours {
    paper: &'static str,
    ink: &'static str,
    quiet: &'static str,
    grid: &'static str,
    series: [&'static str; SERIES],
    shades: [&'static str; SHADES],
}

const LIGHT: Colours = Colours {
    paper: "#ffffff",
    ink: "#1b1f24",
    quiet: "#57606a",
    grid: "#e4e7eb",
    series: ["#0072b2", "#d55e00", "#00805d", "#b5568c", "#a06a00", "#2f86b8", "#6b6b6b"],
    shades: ["#dbe9f6", "#bad6eb", "#89bedc", "#539ecd", "#2b7bba", "#0b559f", "#08306b"],
};

const DARK: Colours = Colours {
    paper: "#14181d",
    ink: "#e8ebef",
    quiet: "#a8b1bb",
    grid: "#2c333b",
    series: ["#4ba3e3", "#f08a3c", "#2fbf95", "#e39bc6", "#e69f00", "#7cc7f0", "#b8b8b8"],
    shades: ["#132a43", "#15406b", "#1a5c96", "#2b7bba", "#539ecd", "#89bedc", "#d3e5f5"],
};

const FONT: &str = "'DejaVu Sans',Verdana,sans-serif";

impl Colours {
    fn named(&self) -> Vec<(String, &'static str)> {
        let mut all: Vec<(String, &'static str)> = vec![
            ("paper".into(), self.paper),
            ("ink".into(), self.ink),
            ("quiet".into(), self.quiet),
            ("grid".into(), self.grid),
        ];
        all.extend(self.series.iter().enumerate().map(|(at, colour)| (format!("c{at}"), *colour)));
        all.extend(self.shades.iter().enumerate().map(|(at, colour)| (format!("s{at}"), *colour)));
        all
    }

    fn variables(&self) -> String {
        let declared = self.named().into_iter().map(|(name, colour)| format!("--plot-{name}:{colour}"));
        declared.collect::<Vec<_>>().join(";")
    }
}

/// The rules of the classes, with the colours that `colour` gives.
fn rules(prefix: &str, colour: impl Fn(&str) -> String) -> String {
    let mut rules = format!(
        "{prefix}text{{font-family:{FONT};font-size:11px;fill:{ink};white-space:pre}}\
         {prefix}.title{{font-size:15px;font-weight:bold}}\
         {prefix}.strip{{font-weight:bold}}\
         {prefix}.quiet{{fill:{quiet}}}\
         {prefix}.grid{{stroke:{grid};fill:none}}\
         {prefix}.axis{{stroke:{quiet};fill:none}}\
         {prefix}.rule{{stroke:{ink};stroke-width:1.5;fill:none;stroke-dasharray:5 3}}\
         {prefix}.line{{stroke:{ink};stroke-width:1.5;fill:none;stroke-dasharray:2 2}}\
         {prefix}.join{{stroke:{quiet};fill:none}}\
         {prefix}.hatch{{stroke:{paper};stroke-width:1.5;fill:none}}\
         {prefix}.cell{{stroke:{grid};stroke-width:.5}}\
         {prefix}.dot{{stroke:{paper};stroke-width:.6}}",
        ink = colour("ink"),
        quiet = colour("quiet"),
        grid = colour("grid"),
        paper = colour("paper"),
    );
    for at in 0..SERIES {
        let own = colour(&format!("c{at}"));
        rules.push_str(&format!(
            "{prefix}.c{at}{{fill:{own}}}{prefix}.l{at}{{stroke:{own};stroke-width:1.8;fill:none}}"
        ));
    }
    for at in 0..SHADES {
        rules.push_str(&format!("{prefix}.s{at}{{fill:{}}}", colour(&format!("s{at}"))));
    }
    rules
}

/// The style of a picture on its own, and its background.
pub(super) fn own_style(theme: Theme) -> Option<(String, &'static str)> {
    let colours = match theme {
        Theme::Light => &LIGHT,
        Theme::Dark => &DARK,
        Theme::Page => return None,
    };
    let named = colours.named();
    let colour = |name: &str| {
        named.iter().find(|(own, _)| own == name).map_or_else(String::new, |(_, colour)| (*colour).to_owned())
    };
    Some((rules("", colour), colours.paper))
}

/// The style of pages with pictures, for light, dark and print.
pub fn page_style() -> String {
    let (light, dark) = (LIGHT.variables(), DARK.variables());
    let rules = rules(".plot ", |name| format!("var(--plot-{name})"));
    format!(
        ":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}@media print{{:root{{{light}}}}}{rules}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2).
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_and_marks_stand_out() {
        for colours in [&LIGHT, &DARK] {
            for text in [colours.ink, colours.quiet] {
                assert!(contrast(text, colours.paper) >= 4.5, "{text} on {}", colours.paper);
            }
            for mark in colours.series {
                assert!(contrast(mark, colours.paper) >= 3.0, "{mark} on {}", colours.paper);
            }
        }
    }
}
