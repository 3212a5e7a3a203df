//! What a plot draws.

/// How rows are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// From 0 to a value.
    Bar,
    /// A dot.
    Point,
    /// Dots joined.
    Line,
    /// The same, level until the next.
    Step,
    /// From low to high, with a dot.
    Range,
    /// A cell.
    Tile,
    /// Two dots joined.
    Pair,
}

impl Mark {
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("bar", Self::Bar),
        ("point", Self::Point),
        ("line", Self::Line),
        ("step", Self::Step),
        ("range", Self::Range),
        ("tile", Self::Tile),
        ("pair", Self::Pair),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, mark)| *mark == self).map_or("", |(name, _)| name)
    }

    /// The keys of columns that it cannot be without.
    pub(super) fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Bar | Self::Point | Self::Line | Self::Step | Self::Tile => &["x", "y"],
            Self::Range => &["x", "y", "low", "high"],
            Self::Pair => &["low", "high"],
        }
    }

    /// The keys of columns that it may have besides.
    pub(super) fn allowed(self) -> &'static [&'static str] {
        match self {
            Self::Point => &["color", "size", "label"],
            Self::Pair => &["x", "y", "label"],
            _ => &["color", "label"],
        }
    }
}

/// What is drawn along a key: a column, and the words beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The column, or the one of the lower edge.
    pub column: String,
    /// The column of the upper edge of bars.
    pub upper: Option<String>,
    /// Its words, with the unit; the column's name if none are given.
    pub title: String,
    /// The line of the file.
    pub(super) line: usize,
}

/// How values become places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleKind {
    /// As they are.
    Linear,
    /// By their logarithm.
    Log,
    /// By their root.
    Sqrt,
    /// As times.
    Time,
    /// One beside the other.
    Category,
}

impl ScaleKind {
    pub(super) const ALL: [(&'static str, Self); 5] = [
        ("linear", Self::Linear),
        ("log", Self::Log),
        ("sqrt", Self::Sqrt),
        ("time", Self::Time),
        ("category", Self::Category),
    ];
}

/// Where a layer has its values from.
#[derive(Debug, Clone, PartialEq)]
pub enum At {
    /// A column.
    Column(String),
    /// A number.
    Number(f64),
}

/// An axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// From left to right.
    X,
    /// From below upwards.
    Y,
}

/// What lies on top of the marks.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Whether it joins the places of the rows; else it is straight from one side to the other.
    pub is_line: bool,
    /// The axis that its value is of.
    pub axis: Axis,
    /// Its value.
    pub at: At,
    /// Words about it.
    pub words: String,
    pub(super) line: usize,
}

/// A plot: what the header of its file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// The file, as messages name it.
    pub file: String,
    /// The first line.
    pub title: String,
    /// How rows are drawn.
    pub mark: Mark,
    /// Columns by key: `x`, `y`, `low`, `high`, `color`, `size`, `label`.
    pub fields: Vec<(&'static str, Field)>,
    /// Columns of small multiples.
    pub facets: Vec<String>,
    /// What lies on top.
    pub layers: Vec<Layer>,
    /// Scales by key: `x-scale`, `y-scale`, `color-scale`.
    pub scales: Vec<(&'static str, ScaleKind)>,
    /// Axes that each panel has for itself.
    pub free: Vec<Axis>,
    /// Tables without which it is left out.
    pub needs: Vec<String>,
    /// Where a report puts it.
    pub section: Option<String>,
    /// Its place there.
    pub order: i64,
    /// How it is read.
    pub caption: String,
    /// What is said when there are no rows.
    pub empty: String,
    pub(super) mark_line: usize,
    pub(super) facet_line: usize,
    pub(super) scale_lines: Vec<(&'static str, usize)>,
}

impl Plot {
    /// The column of a key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|(own, _)| *own == key).map(|(_, field)| field)
    }

    pub(super) fn scale(&self, key: &str) -> Option<ScaleKind> {
        self.scales.iter().find(|(own, _)| *own == key).map(|(_, kind)| *kind)
    }

    pub(super) fn scale_line(&self, key: &str) -> usize {
        self.scale_lines.iter().find(|(own, _)| *own == key).map_or(self.mark_line, |(_, line)| *line)
    }
}
