//! What the colours, dashes and sizes of a picture are.

use super::bind::Bound;
use super::canvas::{Anchor, Canvas};
use super::frame::LETTERS;
use super::look::{DASHES, SERIES, SHADES};
use super::marks::Style;
use super::number;
use super::spec::Mark;
use super::text::{fitted, width};

/// Height of a line of the legend.
const LINE: f64 = 18.0;

/// Series that are named; those beyond are counted.
const MOST_NAMES: usize = 24;

/// Draws the legend from a height downwards, and gives its height.
pub(super) fn draw(
    bound: &Bound<'_>,
    style: &Style<'_>,
    (top, room): (f64, f64),
    canvas: &mut Canvas,
) -> f64 {
    let mut row = Row { x: 8.0, y: top + 12.0, room, is_empty: true };
    let mark = bound.plot.mark;
    let is_filled = matches!(mark, Mark::Bar | Mark::Tile);
    for (serial, name) in names(bound).iter().enumerate() {
        let (x, y, text) = row.entry(name, 22.0);
        let class = format!("c{}", serial % SERIES);
        match mark {
            _ if is_filled && serial == 0 => canvas.rect((x, y - 9.0), (15.0, 10.0), &class, ""),
            _ if is_filled => {
                canvas.rect((x, y - 9.0), (15.0, 10.0), &format!("url(#{}-{serial})", style.id), "");
            }
            Mark::Line | Mark::Step => {
                let path =
                    format!("M{},{}H{}", number::at(x - 2.0), number::at(y - 4.0), number::at(x + 17.0));
                canvas.path(&path, &format!("l{}", serial % SERIES), DASHES[serial % DASHES.len()]);
                canvas.dot((x + 8.0, y - 4.0), 2.6, serial, &class, "");
            }
            _ => canvas.dot((x + 8.0, y - 4.0), 4.0, serial, &class, ""),
        }
        canvas.text((x + 22.0, y), Anchor::Start, "", &text);
    }
    if let (Some((low, high)), Some(field)) = (style.shades, bound.plot.field("color")) {
        let (low, high) = (number::short(low), number::short(high));
        let after = SHADES as f64 * 14.0 + width(&low, LETTERS) + width(&high, LETTERS) + 12.0;
        let (x, y, text) = row.entry(&field.title, after);
        canvas.text((x, y), Anchor::Start, "quiet", &low);
        let start = x + width(&low, LETTERS) + 4.0;
        for step in 0..SHADES {
            canvas.rect((start + step as f64 * 14.0, y - 9.0), (14.0, 10.0), &format!("s{step} cell"), "");
        }
        canvas.text((start + SHADES as f64 * 14.0 + 4.0, y), Anchor::Start, "quiet", &high);
        canvas.text((x + after, y), Anchor::Start, "", &text);
    }
    // What lies nowhere is not told.
    let is_there = |values: &[Option<f64>]| values.iter().any(Option::is_some);
    let layers = bound.layers.iter().filter(|(layer, own)| !layer.words.is_empty() && is_there(own));
    for (layer, _) in layers {
        let (x, y, text) = row.entry(&layer.words, 28.0);
        canvas.line((x, y - 4.0), (x + 22.0, y - 4.0), if layer.is_line { "line" } else { "rule" });
        canvas.text((x + 28.0, y), Anchor::Start, "", &text);
    }
    if row.is_empty { 0.0 } else { row.y - top + LINE - 12.0 }
}

/// The names of what is told apart.
fn names(bound: &Bound<'_>) -> Vec<String> {
    if bound.plot.mark == Mark::Pair {
        let title = |key: &str| bound.plot.field(key).map_or_else(String::new, |field| field.title.clone());
        return ["low", "high"].map(title).to_vec();
    }
    let mut names: Vec<String> = bound.series.iter().take(MOST_NAMES).cloned().collect();
    if bound.series.len() > MOST_NAMES {
        names.push(format!("and {} more", bound.series.len() - MOST_NAMES));
    }
    names
}

/// Where the next entry goes.
struct Row {
    x: f64,
    y: f64,
    room: f64,
    is_empty: bool,
}

impl Row {
    /// Place and text of an entry whose sign is so wide.
    fn entry(&mut self, name: &str, sign: f64) -> (f64, f64, String) {
        let text = fitted(name, LETTERS, (self.room - sign - 20.0).max(30.0));
        let wide = sign + width(&text, LETTERS) + 16.0;
        if !self.is_empty && self.x + wide > self.room {
            self.x = 8.0;
            self.y += LINE;
        }
        let place = (self.x, self.y, text);
        self.x += wide;
        self.is_empty = false;
        place
    }
}
