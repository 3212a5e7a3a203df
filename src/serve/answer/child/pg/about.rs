//! The tables of a source, as a catalogue has them: with numbers, keys and what they mean.

use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use arrow_pg::datatypes::field_into_pg_type;
use datafusion::common::TableReference;
use datafusion::datasource::TableType;
use datafusion_pg_catalog::pg_catalog::PG_CATALOG_TABLES;
use pgwire::api::Type;

use super::super::tables::names;
use super::super::told::of_engine;
use crate::schema::columns;
use crate::serve::access::Ended;
use crate::sources::Loaded;
use crate::sql::Session;
use crate::tables::PUBLIC;

/// The catalog of the engine.
pub(super) const ENGINE: &str = "results";

/// Numbers of what is there from the start.
pub(super) const CATALOG: i32 = 11;
pub(super) const STANDARD: i32 = 13_000;
const PUBLIC_SPACE: i32 = 2_200;

/// Numbers of tables of the catalogue that clients know by heart.
const TABLES: [(&str, i32); 10] = [
    ("pg_type", 1247),
    ("pg_attribute", 1249),
    ("pg_proc", 1255),
    ("pg_class", 1259),
    ("pg_authid", 1260),
    ("pg_database", 1262),
    ("pg_constraint", 2606),
    ("pg_index", 2610),
    ("pg_namespace", 2615),
    ("pg_tablespace", 1213),
];

/// Who all tables belong to: whoever is connected.
pub(super) const OWNER: i32 = 10;

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) field: FieldRef,
    pub(super) description: Option<String>,
}

impl Column {
    /// Its type, which is that of its values on the wire.
    pub(super) fn kind(&self) -> Type {
        use arrow::datatypes::DataType::{List, Null, UInt64};
        match self.field.data_type() {
            UInt64 => Type::INT8,
            Null => Type::TEXT,
            List(inner) if *inner.data_type() == UInt64 => Type::INT8_ARRAY,
            _ => field_into_pg_type(&self.field).unwrap_or(Type::TEXT),
        }
    }
}

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) space: String,
    pub(super) name: String,
    pub(super) number: i32,
    /// Whether it is made of others when it is asked.
    pub(super) is_view: bool,
    pub(super) columns: Vec<Column>,
    /// Places of the columns that identify a row, from 1.
    pub(super) key: Vec<i16>,
    pub(super) description: Option<String>,
}

impl Table {
    /// The name and number of its key, if it has one.
    pub(super) fn key_name(&self) -> Option<(String, i32)> {
        let name = format!("{}_pkey", self.name);
        let number = number("index", &format!("{}.{name}", self.space));
        (!self.key.is_empty()).then_some((name, number))
    }
}

/// All of a source.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) spaces: Vec<(String, i32)>,
    pub(super) tables: Vec<Table>,
}

/// A number that stays the same: each question is answered by another process.
pub(super) fn number(what: &str, name: &str) -> i32 {
    let hash = blake3::hash(format!("{what} {name}").as_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    // Above the numbers of what is there from the start.
    100_000 + (i32::from_be_bytes([a & 0x7f, b, c, d]) % 2_000_000_000)
}

/// That of a schema.
pub(super) fn space_number(space: &str) -> i32 {
    match space {
        "pg_catalog" => CATALOG,
        "information_schema" => STANDARD,
        PUBLIC => PUBLIC_SPACE,
        space => number("schema", space),
    }
}

/// Tables of the catalogue itself.
pub(super) fn of_catalogue() -> impl Iterator<Item = (&'static str, i32)> {
    PG_CATALOG_TABLES.iter().map(|name| {
        let known = TABLES.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
        (*name, known.unwrap_or_else(|| number("table", name)))
    })
}

impl About {
    /// That of a session.
    pub(super) async fn of(session: &Session, loaded: &Loaded) -> Result<Self, Ended> {
        let mut tables = Vec::new();
        for name in names(session) {
            let (space, table) = name.split_once('.').unwrap_or((PUBLIC, &name));
            tables.push(about(session, loaded, (space, table)).await?);
        }
        let mut spaces: Vec<String> = tables.iter().map(|table: &Table| table.space.clone()).collect();
        spaces.push(PUBLIC.to_owned());
        spaces.sort();
        spaces.dedup();
        let spaces = spaces.into_iter().map(|space| (space.clone(), space_number(&space))).collect();
        Ok(Self { spaces, tables })
    }
}

async fn about(session: &Session, loaded: &Loaded, (space, name): (&str, &str)) -> Result<Table, Ended> {
    let known = loaded.schemas.about(name);
    let own = loaded.schemas.get(name).ok().filter(|_| space == PUBLIC);
    let (schema, is_view) = match own {
        // What the schema says needs no plan.
        Some(table) => (columns::shown(table), false),
        None => planned(session, space, name).await?,
    };
    let column = |field: &FieldRef| Column {
        field: Arc::clone(field),
        description: loaded.schemas.about_column(name, field.name()).and_then(|column| {
            let unit = column.unit.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
            (!column.description.is_empty()).then(|| format!("{}{unit}", column.description))
        }),
    };
    let place = |name: &str| schema.index_of(name).ok().and_then(|place| i16::try_from(place + 1).ok());
    Ok(Table {
        space: space.to_owned(),
        name: name.to_owned(),
        number: number("table", &format!("{space}.{name}")),
        is_view,
        columns: schema.fields().iter().map(column).collect(),
        key: own.map(|table| table.full_key().filter_map(place).collect()).unwrap_or_default(),
        description: known.map(|table| table.description.clone()).filter(|text| !text.is_empty()),
    })
}

async fn planned(session: &Session, space: &str, name: &str) -> Result<(SchemaRef, bool), Ended> {
    let reference = TableReference::full(ENGINE, space, name);
    let provider = session.context().table_provider(reference).await.map_err(of_engine)?;
    Ok((provider.schema(), provider.table_type() == TableType::View))
}
