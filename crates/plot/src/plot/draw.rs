//! A plot and its rows as SVG.

#[cfg(test)]
mod tests;

use super::bind::{Bound, Panel};
use super::canvas::{Anchor, Canvas, patterns};
use super::cells::Cells;
use super::error::DrawError;
use super::frame::{Frame, LETTERS, room_at_left, scale};
use super::legend;
use super::look::{Look, Theme, own_style};
use super::marks::{self, Style};
use super::number::{self, at};
use super::rows::Rows;
use super::scale::Scale;
use super::spec::{Axis, Plot};
use super::text::{escaped, shown, width, wrapped};

/// Marks that say their values to who points at them; more would make the picture large.
const MOST_TIPS: usize = 600;

/// What the name of a row has at the left, at most: of one panel, and of each of several.
const MOST_NAME: f64 = 170.0;
const MOST_NAME_OF_MANY: f64 = 120.0;

/// Narrowest panel of several.
const NARROWEST: f64 = 185.0;

/// The rows as the plot says, as SVG. The same rows give the same bytes.
///
/// # Errors
/// The rows lack a column or have another kind of it; there are too many marks or panels.
pub fn svg(plot: &Plot, rows: &Rows, look: &Look) -> Result<String, DrawError> {
    let bound = Bound::of(plot, rows)?;
    let width = f64::from(look.width.max(160));
    let style = style(&bound, look);
    let mut canvas = Canvas::default();
    let mut top = 6.0;
    if look.theme != Theme::Page {
        top += lines(&plot.title, 15.0, width, top, "title", &mut canvas);
    }
    if bound.panels.is_empty() {
        let nothing = if rows.is_empty() {
            plot.empty.clone()
        } else {
            "None of the rows has values to draw.".to_owned()
        };
        top += lines(&nothing, LETTERS, width, top + 20.0, "", &mut canvas) + 40.0;
    } else {
        top += legend::draw(&bound, &style, (top, width), &mut canvas);
        top = panels(&bound, &style, (top, width), &mut canvas);
    }
    let notes = notes(&bound, &style);
    for note in &notes {
        top += lines(note, LETTERS, width, top, "quiet", &mut canvas);
    }
    Ok(whole(&bound, look, (width, top + 6.0), &notes, canvas))
}

/// Lines of words, and their height.
fn lines(text: &str, size: f64, width: f64, top: f64, class: &str, canvas: &mut Canvas) -> f64 {
    let lines = wrapped(text, size, width - 16.0);
    for (at, line) in lines.iter().enumerate() {
        canvas.text((8.0, top + size * 1.05 + at as f64 * size * 1.35), Anchor::Start, class, line);
    }
    lines.len() as f64 * size * 1.35 + 4.0
}

fn style<'a>(bound: &Bound<'_>, look: &'a Look) -> Style<'a> {
    let rows = || bound.panels.iter().flat_map(|panel| panel.rows.iter().copied());
    let values = |key: &str| -> Vec<f64> {
        let Some(Cells::Numbers(_, values)) = bound.cells(key) else { return Vec::new() };
        rows().filter_map(|row| values[row]).filter(|value| value.is_finite()).collect()
    };
    let shades = values("color").into_iter().fold(None, |ends: Option<(f64, f64)>, value| {
        Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
    });
    let largest = values("size")
        .into_iter()
        .fold(None, |largest: Option<f64>, value| Some(largest.map_or(value, |l| l.max(value))));
    // Sizes that are all the same say nothing.
    let sizes = values("size");
    let largest = largest.filter(|_| sizes.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.0));
    Style { id: &look.id, tips: rows().count() <= MOST_TIPS, shades, largest }
}

/// Where panels lie beside and below each other.
struct Grid {
    columns: usize,
    places: Vec<(usize, usize)>,
}

impl Grid {
    /// `room` is what there is, `beside` what labels take of it: of each panel, if it has an axis of its own.
    fn of(bound: &Bound<'_>, room: f64, beside: f64) -> Self {
        let n = bound.panels.len();
        let (across, _) = bound.grid;
        let is_free = bound.plot.free.contains(&Axis::Y);
        let (room, own) = if is_free { (room, beside) } else { (room - beside, 0.0) };
        // A long name says something, and is not to be cut.
        let names = bound.panels.iter().map(|panel| width(&panel.title, LETTERS) * 1.1);
        let name = names.fold(0.0, f64::max).min(420.0);
        let each = NARROWEST.max(name) + own;
        // Two facets are rows and columns, if there is room for the columns.
        if bound.plot.facets.len() == 2 && across > 1 && room / across as f64 >= each {
            let places = bound.panels.iter().map(|panel| (panel.place.0, panel.place.1));
            return Self { columns: across, places: places.collect() };
        }
        let columns = ((room / each).floor() as usize).clamp(1, 4).min(n);
        Self { columns, places: (0..n).map(|at| (at / columns, at % columns)).collect() }
    }

    fn rows(&self) -> usize {
        self.places.iter().map(|(row, _)| row + 1).max().unwrap_or(1)
    }

    /// Whether nothing lies below a panel.
    fn is_last(&self, at: usize) -> bool {
        let (row, column) = self.places[at];
        !self.places.contains(&(row + 1, column))
    }
}

/// Draws the panels from a height downwards, and gives where they end.
fn panels(bound: &Bound<'_>, style: &Style<'_>, (top, width): (f64, f64), canvas: &mut Canvas) -> f64 {
    let all: Vec<&Panel> = bound.panels.iter().collect();
    let is_free = |axis: Axis| bound.plot.free.contains(&axis) && all.len() > 1;
    let scales = |axis: Axis| -> Vec<Scale> {
        if is_free(axis) {
            return all.iter().map(|panel| scale(bound, axis, &[panel])).collect();
        }
        vec![scale(bound, axis, &all); all.len()]
    };
    let (xs, ys) = (scales(Axis::X), scales(Axis::Y));
    let names = if is_free(Axis::Y) { MOST_NAME_OF_MANY } else { MOST_NAME };
    let beside = ys.iter().map(|y| room_at_left(y, 240.0, names)).fold(20.0, f64::max);
    let grid = Grid::of(bound, width - 20.0, beside);
    let heights = row_heights(&grid, &ys);
    let (gap, strip) = (20.0, if all.len() > 1 || !all[0].title.is_empty() { 18.0 } else { 6.0 });
    let free_y = is_free(Axis::Y);
    let lefts = if free_y { grid.columns as f64 } else { 1.0 };
    let rest = width - 14.0 - lefts * beside - (grid.columns as f64 - 1.0) * gap;
    let wide = (rest / grid.columns as f64).max(40.0);
    let mut top = top;
    let words = shown(bound.title(Axis::Y), 120);
    if !words.is_empty() {
        canvas.text((8.0, top + 11.0), Anchor::Start, "quiet", &words);
        top += 16.0;
    }
    let free_x = is_free(Axis::X);
    let below = if free_x { 18.0 } else { 2.0 };
    for (at, panel) in bound.panels.iter().enumerate() {
        let (row, column) = grid.places[at];
        let above: f64 = heights[..row].iter().map(|height| height + strip + below + gap / 2.0).sum();
        let before =
            column as f64 * (wide + gap) + if free_y { (column as f64 + 1.0) * beside } else { beside };
        let (x, y) = (xs[at].clone(), ys[at].clone());
        let (left, top, height) = (6.0 + before, top + above + strip, heights[row]);
        let frame = Frame { bound, panel, x, y, left, top, width: wide, height, names };
        // What is below may be absent in the last row.
        let is_first = !grid.places.iter().any(|(r, c)| *r == row && *c < column);
        frame.draw(canvas, (free_x || grid.is_last(at), free_y || is_first));
        marks::draw(&frame, style, canvas);
    }
    let all_rows: f64 = heights.iter().map(|height| height + strip + below + gap / 2.0).sum();
    let mut end = top + all_rows + if free_x { 4.0 } else { 18.0 };
    let words = shown(bound.title(Axis::X), 120);
    if !words.is_empty() {
        let middle = 6.0 + beside + (width - beside - 14.0) / 2.0;
        canvas.text((middle, end + 8.0), Anchor::Middle, "quiet", &words);
        end += 16.0;
    }
    end
}

/// The heights of the rows of panels.
fn row_heights(grid: &Grid, ys: &[Scale]) -> Vec<f64> {
    let rows = grid.rows();
    let usual = if rows == 1 { 240.0 } else { 150.0 };
    let mut heights: Vec<f64> = vec![0.0; rows];
    for (at, y) in ys.iter().enumerate() {
        let own = match y {
            Scale::Category { names, .. } => {
                let each = if names.len() > 80 { 10.0 } else { 17.0 };
                (names.len() as f64 * each).clamp(34.0, 2400.0)
            }
            Scale::Number { .. } => usual,
        };
        let height = &mut heights[grid.places[at].0];
        *height = height.max(own);
    }
    heights
}

/// What cannot be seen.
fn notes(bound: &Bound<'_>, style: &Style<'_>) -> Vec<String> {
    let left = bound.left;
    let mut parts = Vec::new();
    let mut part = |count: usize, why: &str| {
        if count > 0 {
            parts.push(format!("{count} {why}"));
        }
    };
    part(left.absent, "without a value");
    part(left.infinite, "not finite");
    part(left.beyond, "not above 0, which this scale cannot show");
    let mut notes = Vec::new();
    if !parts.is_empty() {
        notes.push(format!("Not drawn: {}.", parts.join(", ")));
    }
    if let (Some(largest), Some(field)) = (style.largest, bound.plot.field("size")) {
        notes.push(format!("Size: {}; the largest dot is {}.", field.title, number::short(largest)));
    }
    notes
}

/// The picture around what is in it.
fn whole(
    bound: &Bound<'_>,
    look: &Look,
    (width, height): (f64, f64),
    notes: &[String],
    canvas: Canvas,
) -> String {
    let plot = bound.plot;
    let (w, h) = (at(width), at(height.ceil()));
    let marks: usize = bound.panels.iter().map(|panel| panel.rows.len()).sum();
    let counts = format!("{} panels, {marks} marks ({}).", bound.panels.len(), plot.mark.name());
    let counts = counts.replace("1 panels,", "One panel,");
    let words: Vec<&str> =
        [plot.caption.as_str(), &counts].into_iter().chain(notes.iter().map(String::as_str)).collect();
    let own = own_style(look.theme).map_or_else(String::new, |(style, paper)| {
        format!("<style>{style}</style><rect width=\"{w}\" height=\"{h}\" fill=\"{paper}\"/>")
    });
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         class=\"plot\"><title>{}</title><desc>{}</desc>{own}{}{}</svg>\n",
        escaped(&shown(&plot.title, 200)),
        escaped(&shown(words.join(" ").trim(), 1000)),
        patterns(&look.id, bound.series.len()),
        canvas.into_inside()
    )
}
