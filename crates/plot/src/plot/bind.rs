//! A plot and its rows: which column is drawn along which key, in which panel.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::cells::{Cells, Fit, NONE, cells_of, column, fit, numbers, words_of};
use super::error::{DrawError, HeaderError};
use super::rows::Rows;
use super::spec::{At, Axis, Field, Layer, Mark, Plot};

/// Marks of a picture, at most.
pub const MOST_MARKS: usize = 5000;

/// Panels of a picture, at most.
const MOST_PANELS: usize = 60;

/// A layer with its value of each row.
type Laid<'a> = (&'a Layer, Vec<Option<f64>>);

/// A small multiple.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    /// Place in a grid of two facets.
    pub(super) place: (usize, usize),
    pub(super) rows: Vec<usize>,
}

/// Rows that could not be drawn.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Left {
    pub(super) absent: usize,
    pub(super) infinite: usize,
    /// Those that a logarithm or root is not of.
    pub(super) beyond: usize,
}

/// A plot with its rows.
#[derive(Debug)]
pub(super) struct Bound<'a> {
    pub(super) plot: &'a Plot,
    cells: BTreeMap<&'static str, Cells>,
    /// Upper edges of bars.
    pub(super) upper: Option<Vec<Option<f64>>>,
    /// From where to where each bar goes.
    pub(super) spans: Vec<(f64, f64)>,
    /// Bars that others lie on, or that lie on others.
    pub(super) piled: HashSet<usize>,
    pub(super) layers: Vec<Laid<'a>>,
    pub(super) panels: Vec<Panel>,
    /// The words of the colour, in the order in which they come.
    pub(super) series: Vec<String>,
    pub(super) left: Left,
    /// Whether values go from left to right.
    pub(super) lies: bool,
    /// Columns and rows of a grid of two facets.
    pub(super) grid: (usize, usize),
}

impl<'a> Bound<'a> {
    /// # Errors
    /// A column is missing or is not of the kind that is needed; there are too many marks or panels.
    pub(super) fn of(plot: &'a Plot, rows: &Rows) -> Result<Self, DrawError> {
        let mut cells = BTreeMap::new();
        for (key, field) in &plot.fields {
            cells.insert(*key, cells_of(plot, key, field, rows)?);
        }
        let upper = match plot.field("x") {
            Some(Field { upper: Some(column), line, .. }) => Some(numbers(plot, *line, column, rows)?),
            _ => None,
        };
        let lies = lies(plot, &cells);
        let mut bound = Self {
            plot,
            cells,
            upper,
            spans: Vec::new(),
            piled: HashSet::new(),
            layers: layers(plot, rows)?,
            panels: Vec::new(),
            series: Vec::new(),
            left: Left::default(),
            lies,
            grid: (1, 1),
        };
        bound.check_kinds()?;
        let drawn = bound.drawn(rows.len());
        if drawn.len() > MOST_MARKS {
            return Err(DrawError::TooMany { file: plot.file.clone(), marks: drawn.len(), most: MOST_MARKS });
        }
        bound.panels(rows, drawn)?;
        bound.name_series();
        bound.stack(rows.len());
        Ok(bound)
    }

    /// The values of a key.
    pub(super) fn cells(&self, key: &str) -> Option<&Cells> {
        self.cells.get(key)
    }

    /// The keys whose values are along an axis.
    pub(super) fn along(&self, axis: Axis) -> &'static [&'static str] {
        let of_values = if self.lies { Axis::X } else { Axis::Y };
        match (self.plot.mark, axis) {
            (Mark::Pair, axis) if axis == of_values => &["low", "high"],
            (Mark::Range, Axis::X) if of_values == Axis::X => &["x", "low", "high"],
            (Mark::Range, Axis::Y) if of_values == Axis::Y => &["y", "low", "high"],
            (_, Axis::X) => &["x"],
            (_, Axis::Y) => &["y"],
        }
    }

    /// The values of an axis; a plot has them by its keys.
    pub(super) fn axis(&self, axis: Axis) -> Option<&Cells> {
        self.along(axis).iter().find_map(|key| self.cells(key))
    }

    /// The words of an axis.
    pub(super) fn title(&self, axis: Axis) -> &str {
        let mut fields = self.along(axis).iter().filter_map(|key| self.plot.field(key));
        // The two ends of a pair have words of their own, which its legend says.
        if self.along(axis) == ["low", "high"] {
            return "";
        }
        fields.next().map_or("", |field| field.title.as_str())
    }

    /// Number of a series.
    pub(super) fn serial(&self, row: usize) -> usize {
        let word = self.cells("color").and_then(|cells| cells.word(row));
        word.and_then(|word| self.series.iter().position(|own| own == word)).unwrap_or(0)
    }

    fn wrong(&self, line: usize, what: String) -> DrawError {
        HeaderError { file: self.plot.file.clone(), line, what }.into()
    }

    /// Values are numbers or times; only one axis can be of words, but for cells and dots.
    fn check_kinds(&self) -> Result<(), DrawError> {
        for key in ["low", "high", "size"] {
            if let (Some(Cells::Words(_)), Some(field)) = (self.cells(key), self.plot.field(key)) {
                return Err(self.wrong(
                    field.line,
                    format!("`{key}` is `{}`, which is text, and numbers are drawn there", field.column),
                ));
            }
        }
        let values = if self.lies { "x" } else { "y" };
        let is_of_values = !matches!(self.plot.mark, Mark::Tile | Mark::Point | Mark::Pair);
        if let (true, Some(Cells::Words(_)), Some(field)) =
            (is_of_values, self.cells(values), self.plot.field(values))
        {
            let mark = self.plot.mark.name();
            return Err(self.wrong(
                field.line,
                format!("`{values}` is `{}`, which is text, and a {mark} is of numbers", field.column),
            ));
        }
        if self.upper.is_some() && matches!(self.cells("x"), Some(Cells::Words(_))) {
            return Err(
                self.wrong(self.plot.mark_line, "the edges of bars are numbers, and `x` is text".to_owned())
            );
        }
        Ok(())
    }

    /// The rows that can be drawn; the others are counted.
    fn drawn(&mut self, rows: usize) -> Vec<usize> {
        let keys: &[&str] = match self.plot.mark {
            Mark::Pair => &["low", "high"],
            _ => &["x", "y"],
        };
        let mut left = Left::default();
        let mut drawn = Vec::new();
        for row in 0..rows {
            let fit: Vec<Fit> =
                keys.iter().filter_map(|key| self.cells(key)).map(|cells| fit(cells, row)).collect();
            let is_drawn = match self.plot.mark {
                Mark::Pair => fit.contains(&Fit::Shown),
                // A line is broken where there is no value, which is drawn too.
                Mark::Line | Mark::Step => fit.first() == Some(&Fit::Shown),
                _ => fit.iter().all(|fit| *fit == Fit::Shown),
            };
            match fit.iter().max() {
                Some(Fit::Absent) => left.absent += 1,
                Some(Fit::Infinite) => left.infinite += 1,
                Some(Fit::Beyond) => left.beyond += 1,
                _ => {}
            }
            if is_drawn {
                drawn.push(row);
            }
        }
        self.left = left;
        drawn
    }

    fn panels(&mut self, rows: &Rows, drawn: Vec<usize>) -> Result<(), DrawError> {
        let mut facets = Vec::new();
        for name in &self.plot.facets {
            facets.push(words_of(column(self.plot, self.plot.facet_line, name, rows)?, rows.len()));
        }
        let mut found: Vec<Panel> = Vec::new();
        let mut by_words: HashMap<Vec<&str>, usize> = HashMap::new();
        let (mut firsts, mut seconds): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for row in drawn {
            let words: Vec<&str> = facets.iter().map(|facet| facet[row].as_str()).collect();
            let place = (place_of(&mut firsts, words.first()), place_of(&mut seconds, words.get(1)));
            let at = *by_words.entry(words.clone()).or_insert(found.len());
            if at == found.len() {
                if found.len() == MOST_PANELS {
                    let panels = distinct(&facets, rows.len());
                    let (file, line) = (self.plot.file.clone(), self.plot.facet_line);
                    return Err(DrawError::TooManyPanels { file, line, panels, most: MOST_PANELS });
                }
                let said: Vec<&str> = words.into_iter().filter(|word| *word != NONE).collect();
                found.push(Panel { title: said.join(" · "), place, rows: Vec::new() });
            }
            found[at].rows.push(row);
        }
        self.grid = (seconds.len().max(1), firsts.len().max(1));
        self.panels = found;
        Ok(())
    }

    fn name_series(&mut self) {
        let Some(Cells::Words(words)) = self.cells.get("color") else { return };
        let mut series: Vec<String> = Vec::new();
        for row in self.panels.iter().flat_map(|panel| &panel.rows) {
            if !series.contains(&words[*row]) {
                series.push(words[*row].clone());
            }
        }
        self.series = series;
    }

    /// Bars of one place lie on top of each other.
    fn stack(&mut self, rows: usize) {
        if self.plot.mark != Mark::Bar {
            return;
        }
        let (mut spans, mut piled) = (vec![(0.0, 0.0); rows], HashSet::new());
        let (along, across) = if self.lies { ("x", "y") } else { ("y", "x") };
        for panel in &self.panels {
            let mut tops: HashMap<String, (f64, f64)> = HashMap::new();
            let mut piles: HashMap<String, Vec<usize>> = HashMap::new();
            for row in &panel.rows {
                let place = match self.cells(across) {
                    Some(Cells::Words(words)) => words[*row].clone(),
                    Some(Cells::Numbers(_, values)) => format!("{:?}", values[*row]),
                    None => String::new(),
                };
                let value = self.cells(along).and_then(|cells| cells.number(*row)).unwrap_or(0.0);
                piles.entry(place.clone()).or_default().push(*row);
                let (up, down) = tops.entry(place).or_default();
                let top = if value < 0.0 { down } else { up };
                spans[*row] = (*top, *top + value);
                *top += value;
            }
            piled.extend(piles.into_values().filter(|pile| pile.len() > 1).flatten());
        }
        (self.spans, self.piled) = (spans, piled);
    }
}

fn place_of<'b>(seen: &mut Vec<&'b str>, word: Option<&&'b str>) -> usize {
    let Some(word) = word else { return 0 };
    seen.iter().position(|own| own == word).unwrap_or_else(|| {
        seen.push(word);
        seen.len() - 1
    })
}

fn distinct(facets: &[Vec<String>], rows: usize) -> usize {
    let all: HashSet<Vec<&str>> =
        (0..rows).map(|row| facets.iter().map(|facet| facet[row].as_str()).collect()).collect();
    all.len()
}

/// Whether values go from left to right: their place is a word that stands at the left.
fn lies(plot: &Plot, cells: &BTreeMap<&'static str, Cells>) -> bool {
    let is_words = |key: &str| matches!(cells.get(key), Some(Cells::Words(_)));
    match plot.mark {
        Mark::Bar | Mark::Range => is_words("y") && !is_words("x"),
        Mark::Pair => cells.contains_key("y"),
        _ => false,
    }
}

fn layers<'a>(plot: &'a Plot, rows: &Rows) -> Result<Vec<Laid<'a>>, DrawError> {
    let mut found = Vec::new();
    for layer in &plot.layers {
        let values = match &layer.at {
            At::Number(number) => vec![Some(*number); rows.len()],
            At::Column(name) => numbers(plot, layer.line, name, rows)?,
        };
        found.push((layer, values));
    }
    Ok(found)
}
