//! The marks of a panel.

use super::canvas::{Anchor, Canvas};
use super::cells::{Cells, NONE};
use super::frame::{Frame, LETTERS};
use super::look::{DASHES, SERIES, SHADES};
use super::number::{self, at};
use super::spec::{Axis, Mark};
use super::text::{fitted, shown};

/// Words beside marks are drawn where there are no more than these.
const MOST_LABELS: usize = 60;

/// What marks look like over all panels.
#[derive(Debug)]
pub(super) struct Style<'a> {
    /// Name of the picture's patterns.
    pub(super) id: &'a str,
    /// Whether marks say their values to who points at them.
    pub(super) tips: bool,
    /// Smallest and largest value of a colour that is a number.
    pub(super) shades: Option<(f64, f64)>,
    /// Largest value of the size.
    pub(super) largest: Option<f64>,
}

/// Draws the marks of a panel.
pub(super) fn draw(frame: &Frame<'_>, style: &Style<'_>, canvas: &mut Canvas) {
    match frame.bound.plot.mark {
        Mark::Bar => bars(frame, style, canvas),
        Mark::Point => points(frame, style, canvas),
        Mark::Line | Mark::Step => lines(frame, style, canvas),
        Mark::Range => ranges(frame, style, canvas),
        Mark::Tile => tiles(frame, style, canvas),
        Mark::Pair => pairs(frame, style, canvas),
    }
    labels(frame, canvas);
    layers(frame, canvas);
}

fn bars(frame: &Frame<'_>, style: &Style<'_>, canvas: &mut Canvas) {
    let bound = frame.bound;
    let (across, along, key) = if bound.lies { (Axis::Y, Axis::X, "y") } else { (Axis::X, Axis::Y, "x") };
    let thick = (frame.slot(across, key) * 0.8).max(1.0);
    for row in &frame.panel.rows {
        let (from, to) = bound.spans[*row];
        let (Some(from), Some(to)) = (frame.number(along, from), frame.number(along, to)) else { continue };
        let Some(middle) = frame.at(across, key, *row) else { continue };
        let (start, thick) =
            match bound.upper.as_ref().and_then(|upper| upper[*row]).and_then(|v| frame.number(across, v)) {
                Some(end) => (middle.min(end) + 0.5, ((end - middle).abs() - 1.0).max(0.5)),
                None if bound.upper.is_some() => continue,
                None => (middle - thick / 2.0, thick),
            };
        let (low, long) = (from.min(to), (to - from).abs());
        let (place, size) =
            if bound.lies { ((low, start), (long, thick)) } else { ((start, low), (thick, long)) };
        canvas.rect(place, size, &paint(frame, style, *row), &tip(frame, style, *row));
    }
}

fn points(frame: &Frame<'_>, style: &Style<'_>, canvas: &mut Canvas) {
    let many = frame.panel.rows.len() > 300;
    for row in &frame.panel.rows {
        let Some(place) = both(frame, *row) else { continue };
        let size =
            frame.bound.cells("size").and_then(|cells| cells.number(*row)).filter(|size| size.is_finite());
        let radius = match (size, style.largest) {
            (Some(size), Some(largest)) if largest > 0.0 => 1.5 + 7.5 * (size.max(0.0) / largest).sqrt(),
            _ if many => 2.2,
            _ => 3.4,
        };
        let serial = frame.bound.serial(*row);
        canvas.dot(place, radius, serial, &colour(frame, style, *row), &tip(frame, style, *row));
    }
}

fn lines(frame: &Frame<'_>, style: &Style<'_>, canvas: &mut Canvas) {
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    for row in &frame.panel.rows {
        let serial = frame.bound.serial(*row);
        match groups.iter_mut().find(|(own, _)| *own == serial) {
            Some((_, rows)) => rows.push(*row),
            None => groups.push((serial, vec![*row])),
        }
    }
    for (serial, mut rows) in groups {
        let x = |row: &usize| frame.at(Axis::X, "x", *row).unwrap_or(f64::MAX);
        rows.sort_by(|a, b| x(a).total_cmp(&x(b)));
        let (mut path, mut last): (String, Option<(f64, f64)>) = (String::new(), None);
        for row in &rows {
            let place = both(frame, *row);
            if let Some((x, y)) = place {
                match last {
                    None => path.push_str(&format!("M{},{}", at(x), at(y))),
                    Some(_) if frame.bound.plot.mark == Mark::Step => {
                        path.push_str(&format!("H{}V{}", at(x), at(y)));
                    }
                    Some(_) => path.push_str(&format!("L{},{}", at(x), at(y))),
                }
            }
            last = place;
        }
        if !path.is_empty() {
            canvas.path(&path, &format!("l{}", serial % SERIES), DASHES[serial % DASHES.len()]);
        }
        // One place on its own is no line, and few are to be told apart.
        if rows.len() <= 40 {
            for row in rows {
                let Some(place) = both(frame, row) else { continue };
                canvas.dot(place, 2.6, serial, &format!("c{}", serial % SERIES), &tip(frame, style, row));
            }
        }
    }
}

fn ranges(frame: &Frame<'_>, style: &Style<'_>, canvas: &mut Canvas) {
    let bound = frame.bound;
    let (along, across, key) = if bound.lies { (Axis::X, Axis::Y, "y") } else { (Axis::Y, Axis::X, "x") };
    let value = if bound.lies { "x" } else { "y" };
    let series = bound.series.len().max(1) as f64;
    let slot = frame.slot(across, key);
    let apart = if frame.scale(across).slot().is_some() { (slot * 0.8 / series).min(9.0) } else { 0.0 };
    for row in &frame.panel.rows {
        let (Some(middle), Some(dot)) = (frame.at(across, key, *row), frame.at(along, value, *row)) else {
            continue;
        };
        let serial = bound.serial(*row);
        let middle = middle + (serial as f64 - (series - 1.0) / 2.0) * apart;
        let place = |along: f64| if bound.lies { (along, middle) } else { (middle, along) };
        if let (Some(low), Some(high)) = (frame.at(along, "low", *row), frame.at(along, "high", *row)) {
            canvas.line(place(low), place(high), &format!("l{}", serial % SERIES));
        }
        let radius = (apart * 0.45).clamp(1.6, 3.4);
        let radius = if frame.scale(across).slot().is_some() { radius } else { 3.6 };
        canvas.dot(place(dot), radius, serial, &colour(frame, style, *row), &tip(frame, style, *row));
    }
}

fn pairs(frame: &Frame<'_>, style: &Style<'_>, canvas: &mut Canvas) {
    let lies = frame.bound.lies;
    let (along, across, key) = if lies { (Axis::X, Axis::Y, "y") } else { (Axis::Y, Axis::X, "x") };
    let radius = (frame.slot(across, key) * 0.35).clamp(1.5, 3.6);
    for row in &frame.panel.rows {
        let Some(middle) = frame.at(across, key, *row) else { continue };
        let place = |along: f64| if lies { (along, middle) } else { (middle, along) };
        let ends = ["low", "high"].map(|key| frame.at(along, key, *row));
        if let [Some(low), Some(high)] = ends {
            canvas.line(place(low), place(high), "join");
        }
        for (serial, end) in ends.into_iter().enumerate() {
            if let Some(end) = end {
                canvas.dot(place(end), radius, serial, &format!("c{serial}"), &tip(frame, style, *row));
            }
        }
    }
}

fn tiles(frame: &Frame<'_>, style: &Style<'_>, canvas: &mut Canvas) {
    let (width, height) = (frame.slot(Axis::X, "x"), frame.slot(Axis::Y, "y"));
    for row in &frame.panel.rows {
        let Some((x, y)) = both(frame, *row) else { continue };
        let place = (x - width / 2.0, y - height / 2.0);
        let mut paint = paint(frame, style, *row);
        if !paint.starts_with("url(") {
            paint.push_str(" cell");
        }
        canvas.rect(place, (width, height), &paint, &tip(frame, style, *row));
    }
}

/// Words beside marks, at the end of bars and to the right of dots.
fn labels(frame: &Frame<'_>, canvas: &mut Canvas) {
    let Some(Cells::Words(words)) = frame.bound.cells("label") else { return };
    let rows: Vec<usize> = frame.panel.rows.iter().copied().filter(|row| words[*row] != NONE).collect();
    if rows.len() > MOST_LABELS {
        return;
    }
    for row in rows {
        // What ends inside a pile of bars has no place for words.
        if frame.bound.plot.mark == Mark::Bar && frame.bound.piled.contains(&row) {
            continue;
        }
        let end = match frame.bound.plot.mark {
            Mark::Bar if frame.bound.lies => {
                frame.number(Axis::X, frame.bound.spans[row].1).zip(frame.at(Axis::Y, "y", row))
            }
            Mark::Bar => frame.at(Axis::X, "x", row).zip(frame.number(Axis::Y, frame.bound.spans[row].1)),
            Mark::Pair if frame.bound.lies => frame.at(Axis::X, "high", row).zip(frame.at(Axis::Y, "y", row)),
            Mark::Pair => frame.at(Axis::X, "x", row).zip(frame.at(Axis::Y, "high", row)),
            _ => both(frame, row),
        };
        let Some((x, y)) = end else { continue };
        let text = fitted(&words[row], LETTERS, 120.0);
        let stands = frame.bound.plot.mark == Mark::Bar && !frame.bound.lies;
        // A line would go through what stands at its height.
        let drop = if matches!(frame.bound.plot.mark, Mark::Line | Mark::Step) { -6.0 } else { 4.0 };
        let room = frame.left + frame.width - x;
        match stands {
            true => canvas.text((x, y - 4.0), Anchor::Middle, "", &text),
            false if super::text::width(&text, LETTERS) + 6.0 > room => {
                canvas.text((x - 6.0, y - 5.0), Anchor::End, "", &text);
            }
            false => canvas.text((x + 6.0, y + drop), Anchor::Start, "", &text),
        }
    }
}

fn layers(frame: &Frame<'_>, canvas: &mut Canvas) {
    for (layer, values) in &frame.bound.layers {
        let rows = || frame.panel.rows.iter().copied();
        if layer.is_line {
            let places =
                rows().filter_map(|row| frame.at(Axis::X, "x", row).zip(frame.number(Axis::Y, values[row]?)));
            let mut places: Vec<(f64, f64)> = places.collect();
            places.sort_by(|a, b| a.0.total_cmp(&b.0));
            let path: Vec<String> = places.iter().map(|(x, y)| format!("{},{}", at(*x), at(*y))).collect();
            if path.len() > 1 {
                canvas.path(&format!("M{}", path.join("L")), "line", "");
            }
            continue;
        }
        let mut places: Vec<f64> = rows().filter_map(|row| frame.number(layer.axis, values[row]?)).collect();
        places.sort_by(f64::total_cmp);
        places.dedup_by(|a, b| (*a - *b).abs() < 0.05);
        for place in places {
            match layer.axis {
                Axis::Y => canvas.line((frame.left, place), (frame.left + frame.width, place), "rule"),
                Axis::X => canvas.line((place, frame.top), (place, frame.top + frame.height), "rule"),
            }
        }
    }
}

fn both(frame: &Frame<'_>, row: usize) -> Option<(f64, f64)> {
    frame.at(Axis::X, "x", row).zip(frame.at(Axis::Y, "y", row))
}

/// The class of a row's colour.
fn colour(frame: &Frame<'_>, style: &Style<'_>, row: usize) -> String {
    match (frame.bound.cells("color"), style.shades) {
        (Some(Cells::Numbers(_, values)), Some((low, high))) => {
            let Some(value) = values[row].filter(|value| value.is_finite()) else { return "grid".to_owned() };
            format!("s{}", shade(value, low, high))
        }
        _ => format!("c{}", frame.bound.serial(row) % SERIES),
    }
}

/// The same with a hatch, for what has an inside.
fn paint(frame: &Frame<'_>, style: &Style<'_>, row: usize) -> String {
    match frame.bound.serial(row) {
        0 => colour(frame, style, row),
        serial => format!("url(#{}-{serial})", style.id),
    }
}

/// The step of a colour that is a number.
fn shade(value: f64, low: f64, high: f64) -> usize {
    if low >= high {
        return SHADES / 2;
    }
    let part = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
    ((part * SHADES as f64).floor().max(0.0) as usize).min(SHADES - 1)
}

/// What a row says, key by key.
fn tip(frame: &Frame<'_>, style: &Style<'_>, row: usize) -> String {
    if !style.tips {
        return String::new();
    }
    let mut parts = Vec::new();
    for (key, field) in &frame.bound.plot.fields {
        let value = match frame.bound.cells(key) {
            Some(Cells::Words(words)) if words[row] != NONE => shown(&words[row], 80),
            Some(Cells::Numbers(kind, values)) => match values[row] {
                Some(value) if *kind == super::spec::ScaleKind::Time => super::ticks::moment(value as i64),
                Some(value) => number::short(value),
                None => continue,
            },
            _ => continue,
        };
        let value = match (*key, frame.bound.upper.as_ref().and_then(|upper| upper[row])) {
            ("x", Some(upper)) => format!("{value} to {}", number::short(upper)),
            _ => value,
        };
        parts.push(format!("{}: {value}", shown(&field.title, 60)));
    }
    parts.join(", ")
}
