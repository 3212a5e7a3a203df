//! A panel in its place: axes, and where on the picture a row's values are.

use super::bind::{Bound, Panel};
use super::canvas::{Anchor, Canvas};
use super::cells::Cells;
use super::scale::{Ends, Scale};
use super::spec::{Axis, Mark, ScaleKind};
use super::text::{fitted, width};

/// Size of the letters of axes.
pub(super) const LETTERS: f64 = 11.0;

/// A panel.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) bound: &'a Bound<'a>,
    pub(super) panel: &'a Panel,
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// Room of the labels at the left.
    pub(super) names: f64,
}

/// The scale of an axis over the rows of some panels.
pub(super) fn scale(bound: &Bound<'_>, axis: Axis, panels: &[&Panel]) -> Scale {
    let rows = || panels.iter().flat_map(|panel| panel.rows.iter().copied());
    match bound.axis(axis) {
        Some(Cells::Words(words)) => Scale::of_words(rows().map(|row| &words[row])),
        cells => {
            let kind = cells.map_or(ScaleKind::Linear, Cells::kind);
            let mut values: Vec<f64> = Vec::new();
            for key in bound.along(axis) {
                values.extend(rows().filter_map(|row| bound.cells(key)?.number(row)));
            }
            let is_whole = values.iter().filter(|value| value.is_finite()).all(|value| value.fract() == 0.0);
            let of_bars = bound.plot.mark == Mark::Bar;
            let is_length = of_bars && (axis == Axis::X) == bound.lies;
            if is_length {
                // Words at the end of a bar need room.
                let room = if bound.lies && bound.cells("label").is_some() { 1.1 } else { 1.0 };
                values.extend(rows().flat_map(|row| [bound.spans[row].0, bound.spans[row].1 * room]));
            }
            if let (Some(upper), Axis::X) = (&bound.upper, axis) {
                values.extend(rows().filter_map(|row| upper[row]));
            }
            for (layer, own) in &bound.layers {
                if layer.axis == axis {
                    values.extend(rows().filter_map(|row| own[row]));
                }
            }
            let mut ends = if is_length { Ends::Zero } else { Ends::Room };
            if !is_length && (of_bars || bound.plot.mark == Mark::Tile) {
                if bound.upper.is_none() {
                    let half = gap(&values) / 2.0;
                    values.extend(values.clone().iter().flat_map(|value| [value - half, value + half]));
                }
                ends = Ends::Exact;
            }
            let scale = Scale::of_numbers(kind, values, ends);
            if is_whole { scale.of_whole() } else { scale }
        }
    }
}

/// The smallest distance of two values that are not the same.
pub(super) fn gap(values: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let gaps = sorted.windows(2).map(|pair| pair[1] - pair[0]);
    let smallest = gaps.filter(|gap| *gap > 0.0).fold(f64::INFINITY, f64::min);
    if smallest.is_finite() { smallest } else { 1.0 }
}

/// What labels at the left need, none of which is wider than that.
pub(super) fn room_at_left(scale: &Scale, height: f64, most: f64) -> f64 {
    let labels = scale.ticks(ticks_up(scale, height));
    let widest = labels.iter().map(|(_, label)| width(label, LETTERS)).fold(0.0, f64::max);
    widest.min(most) + 8.0
}

fn ticks_up(scale: &Scale, height: f64) -> usize {
    let each = if scale.slot().is_some() { 12.0 } else { 34.0 };
    (height / each).floor().max(2.0) as usize
}

impl Frame<'_> {
    fn place(&self, axis: Axis, part: f64) -> f64 {
        match (axis, &self.y) {
            (Axis::X, _) => self.left + part * self.width,
            // Words are read from above, numbers from below.
            (Axis::Y, Scale::Category { .. }) => self.top + part * self.height,
            (Axis::Y, Scale::Number { .. }) => self.top + (1.0 - part) * self.height,
        }
    }

    pub(super) fn scale(&self, axis: Axis) -> &Scale {
        match axis {
            Axis::X => &self.x,
            Axis::Y => &self.y,
        }
    }

    /// Where a number of an axis is.
    pub(super) fn number(&self, axis: Axis, value: f64) -> Option<f64> {
        self.scale(axis).number(value).map(|part| self.place(axis, part))
    }

    /// Where the value of a row is.
    pub(super) fn at(&self, axis: Axis, key: &str, row: usize) -> Option<f64> {
        match self.bound.cells(key)? {
            Cells::Numbers(_, values) => self.number(axis, values[row]?),
            Cells::Words(words) => self.scale(axis).word(&words[row]).map(|part| self.place(axis, part)),
        }
    }

    /// How long a slot of an axis is: that of a word, or what numbers are apart.
    pub(super) fn slot(&self, axis: Axis, key: &str) -> f64 {
        let length = if axis == Axis::X { self.width } else { self.height };
        if let Some(slot) = self.scale(axis).slot() {
            return slot * length;
        }
        let rows = self.panel.rows.iter();
        let places: Vec<f64> = rows.filter_map(|row| self.at(axis, key, *row)).collect();
        // Two places may be apart by less than can be seen.
        let mut seen: Vec<f64> = places.iter().map(|place| (place * 100.0).round() / 100.0).collect();
        seen.sort_by(f64::total_cmp);
        seen.dedup();
        if seen.len() < 2 { (length / 8.0).min(40.0) } else { gap(&seen).clamp(0.5, length) }
    }

    /// Lines of the ticks, their labels, and the name of the panel.
    pub(super) fn draw(&self, canvas: &mut Canvas, (below, beside): (bool, bool)) {
        let bottom = self.top + self.height;
        let room = self.width - 2.0;
        canvas.text(
            (self.left, self.top - 5.0),
            Anchor::Start,
            "strip",
            &fitted(&self.panel.title, LETTERS, room),
        );
        for (part, label) in self.y.ticks(ticks_up(&self.y, self.height)) {
            let y = self.place(Axis::Y, part);
            canvas.line((self.left, y), (self.left + self.width, y), "grid");
            if beside {
                let label = fitted(&label, LETTERS, self.names);
                canvas.text((self.left - 5.0, y + 4.0), Anchor::End, "quiet", &label);
            }
        }
        let (labels, widest) = self.labels_below();
        let mut taken = f64::NEG_INFINITY;
        for (part, label) in labels {
            let x = self.place(Axis::X, part);
            if self.x.slot().is_none() {
                canvas.line((x, self.top), (x, bottom), "grid");
            }
            let label = fitted(&label, LETTERS, widest);
            let half = width(&label, LETTERS) / 2.0;
            let is_free = x - half >= taken;
            if below && is_free {
                // A long label at either end must not leave the picture.
                let (low, high) = (half + 2.0, self.left + self.width + 6.0 - half);
                let x = if low < high { x.clamp(low, high) } else { x };
                canvas.text((x, bottom + 14.0), Anchor::Middle, "quiet", &label);
                taken = x + half + 4.0;
            }
        }
        canvas.line((self.left, bottom), (self.left + self.width, bottom), "axis");
    }

    /// Labels of the lower axis, as many as have room, and the room of each.
    fn labels_below(&self) -> (Vec<(f64, String)>, f64) {
        let all = self.x.ticks(usize::MAX / 2);
        let Scale::Category { .. } = self.x else {
            let wanted = (self.width / 75.0).floor().clamp(3.0, 8.0) as usize;
            return (self.x.ticks(wanted), self.width);
        };
        let widest = all.iter().map(|(_, label)| width(label, LETTERS)).fold(24.0, f64::max);
        let each = widest.min(90.0) + 6.0;
        let fit = (self.width / each).floor().max(1.0) as usize;
        let labels = self.x.ticks(fit);
        let room = self.width / labels.len().max(1) as f64 - 4.0;
        (labels, room)
    }
}
