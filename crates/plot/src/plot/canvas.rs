//! SVG, written element by element.

use super::number::at;
use super::text::escaped;

/// Where a text stands to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The inside of a picture.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    out: String,
}

impl Canvas {
    pub(super) fn into_inside(self) -> String {
        self.out
    }

    /// A rectangle; `paint` is a class, or the address of a pattern.
    pub(super) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), paint: &str, tip: &str) {
        let head = format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}",
            at(x),
            at(y),
            at(width),
            at(height),
            painted(paint)
        );
        self.closed(&head, "rect", tip);
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.out.push_str(&format!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{class}\"/>",
            at(x1),
            at(y1),
            at(x2),
            at(y2)
        ));
    }

    /// A path that is joined, with a dash.
    pub(super) fn path(&mut self, path: &str, class: &str, dash: &str) {
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        self.out.push_str(&format!("<path d=\"{path}\" class=\"{class}\"{dash}/>"));
    }

    /// A dot: each series has a shape.
    pub(super) fn dot(&mut self, (x, y): (f64, f64), radius: f64, shape: usize, class: &str, tip: &str) {
        let r = radius;
        let corners = |corners: &[(f64, f64)]| {
            let corners: Vec<String> =
                corners.iter().map(|(dx, dy)| format!("{},{}", at(x + dx * r), at(y + dy * r))).collect();
            format!("M{}Z", corners.join("L"))
        };
        let path = match shape % 6 {
            0 => {
                let head = format!(
                    "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" class=\"{class} dot\"",
                    at(x),
                    at(y),
                    at(r)
                );
                return self.closed(&head, "circle", tip);
            }
            1 => corners(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            2 => corners(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
            3 => corners(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
            4 => corners(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
            _ => {
                let t = 0.4;
                corners(&[
                    (-t, -1.2),
                    (t, -1.2),
                    (t, -t),
                    (1.2, -t),
                    (1.2, t),
                    (t, t),
                    (t, 1.2),
                    (-t, 1.2),
                    (-t, t),
                    (-1.2, t),
                    (-1.2, -t),
                    (-t, -t),
                ])
            }
        };
        self.closed(&format!("<path d=\"{path}\" class=\"{class} dot\""), "path", tip);
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.out.push_str(&format!(
            "<text x=\"{}\" y=\"{}\"{anchor}{class}>{}</text>",
            at(x),
            at(y),
            escaped(text)
        ));
    }

    /// Ends an element; `tip` is shown by browsers that a pointer rests on it in.
    fn closed(&mut self, head: &str, name: &str, tip: &str) {
        self.out.push_str(head);
        if tip.is_empty() {
            self.out.push_str("/>");
        } else {
            self.out.push_str(&format!("><title>{}</title></{name}>", escaped(tip)));
        }
    }
}

/// A class as such, an address as what fills.
fn painted(paint: &str) -> String {
    if paint.starts_with("url(") { format!("fill=\"{paint}\"") } else { format!("class=\"{paint}\"") }
}

/// What fills the bars of series: a colour and, from the second on, a hatch. Each has the id `<id>-<series>`.
pub(super) fn patterns(id: &str, series: usize) -> String {
    const HATCHES: [&str; 6] = [
        "M-2,2L2,-2M0,8L8,0M6,10L10,6",
        "M-2,6L2,10M0,0L8,8M6,-2L10,2",
        "M0,4L8,4",
        "M4,0L4,8",
        "M0,4L8,4M4,0L4,8",
        "M-2,2L2,-2M0,8L8,0M6,10L10,6M-2,6L2,10M0,0L8,8M6,-2L10,2",
    ];
    let pattern = |at: usize| {
        let (colour, hatch) = (at % super::look::SERIES, HATCHES[(at - 1) % HATCHES.len()]);
        format!(
            "<pattern id=\"{id}-{at}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\
             <rect width=\"8\" height=\"8\" class=\"c{colour}\"/><path d=\"{hatch}\" class=\"hatch\"/></pattern>"
        )
    };
    let all: String = (1..series).map(pattern).collect();
    if all.is_empty() { all } else { format!("<defs>{all}</defs>") }
}
