//! What a report is made of.

use askama::Template;

use crate::report::columns::Found;

/// A section.
#[derive(Debug, Template)]
#[template(path = "report/section.html")]
pub(super) struct Section {
    pub(super) id: String,
    pub(super) title: String,
    /// Level of its heading.
    pub(super) level: u8,
    pub(super) parts: Vec<Part>,
}

/// A piece of a section.
#[derive(Debug, Template)]
#[template(path = "report/part.html")]
pub(super) enum Part {
    /// A heading.
    Heading { level: u8, text: String },
    /// A paragraph.
    Text(String),
    /// A paragraph that must not be overlooked.
    Warning(String),
    /// Words and what they are.
    Facts(Vec<(String, String)>),
    /// A list.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// What is shown when it is asked for.
    Folded { summary: String, parts: Vec<Part> },
    /// Text as it is.
    Verbatim(String),
    /// A picture with what it is made of.
    Picture(Box<Picture>),
}

/// A table.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) header: Vec<Head>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// The head of a column.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) is_number: bool,
}

/// A cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) is_number: bool,
}

/// A plot in a report.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) id: String,
    pub(super) level: u8,
    pub(super) title: String,
    pub(super) caption: String,
    pub(super) svg: String,
    pub(super) sql: String,
    pub(super) rows: Table,
    /// What is said of rows that are not shown.
    pub(super) more: String,
    /// Name of the file with its rows.
    pub(super) file: String,
    /// The rows as the address of a file.
    pub(super) data: String,
}

impl Table {
    /// Of the rows of a query, the first ones.
    pub(super) fn of(caption: &str, found: &Found, most: usize) -> Result<Self, arrow::error::ArrowError> {
        let header = found.names().into_iter().zip(found.kinds());
        let header = header.map(|(name, is_number)| Head { name: name.to_owned(), is_number });
        let header: Vec<Head> = header.collect();
        let cell = |(text, head): (String, &Head)| Cell { text, is_number: head.is_number };
        let row = |row: Vec<String>| row.into_iter().zip(&header).map(cell).collect();
        let rows = found.texts(most)?.into_iter().map(row).collect();
        Ok(Self { caption: caption.to_owned(), header, rows })
    }

    /// Of texts.
    pub(super) fn plain(caption: &str, header: &[&str], rows: Vec<Vec<String>>) -> Self {
        let head = |name: &&str| Head { name: (*name).to_owned(), is_number: false };
        let cell = |text: String| Cell { text, is_number: false };
        Self {
            caption: caption.to_owned(),
            header: header.iter().map(head).collect(),
            rows: rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect(),
        }
    }
}
