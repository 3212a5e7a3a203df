//! `pg_catalog` of a source. What the same for every server is comes from elsewhere; here is what this one has.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::error::Result;
use datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_pg_catalog::pg_catalog::{PgCatalogSchemaProvider, PgCatalogStaticTables, PgCatalogTable};
use pgwire::api::Type;

use super::super::super::job::PgSession;
use super::about::{About, CATALOG, OWNER, STANDARD, Table, number, of_catalogue, space_number};
use super::lists;
use super::made::{Cell, Row, table};
use super::views::others;

type Usual = PgCatalogSchemaProvider<Arc<dyn CatalogProviderList>, EmptyContextProvider>;

/// Settings that clients ask in a table.
const SETTINGS: [(&str, &str); 8] = [
    ("max_index_keys", "32"),
    ("max_identifier_length", "63"),
    ("server_version", "15.0"),
    ("server_version_num", "150000"),
    ("server_encoding", "UTF8"),
    ("standard_conforming_strings", "on"),
    ("default_transaction_read_only", "on"),
    ("search_path", "public"),
];

/// `pg_catalog`.
pub(super) struct Own {
    usual: Usual,
    tables: HashMap<&'static str, Arc<dyn TableProvider>>,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").finish_non_exhaustive()
    }
}

#[async_trait]
impl SchemaProvider for Own {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.usual.table_names();
        names.extend(self.tables.keys().map(|name| (*name).to_owned()));
        names.sort();
        names.dedup();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.tables.get(name) {
            Some(table) => Ok(Some(Arc::clone(table))),
            None => match self.usual.build_table_by_name(name)? {
                Some(PgCatalogTable::Static(table)) if lists::are_in(name) => {
                    lists::taken_apart(name, &table.schema(), table.data()).map(Some)
                }
                _ => self.usual.table(name).await,
            },
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.contains_key(name) || self.usual.table_exist(name)
    }
}

impl Own {
    /// Of the tables of a source.
    pub(super) fn of(list: Arc<dyn CatalogProviderList>, about: &About, session: &PgSession) -> Result<Self> {
        let fixed = Arc::new(PgCatalogStaticTables::try_new()?);
        let usual = Usual::try_new(list, fixed, EmptyContextProvider)?;
        let mut tables = HashMap::new();
        let rows: [(&'static str, Vec<Row>); 10] = [
            ("pg_class", classes(about, &session.user)),
            ("pg_settings", SETTINGS.iter().map(|(name, value)| setting(name, value)).collect()),
            ("pg_attribute", about.tables.iter().flat_map(attributes).collect()),
            ("pg_namespace", spaces(about)),
            ("pg_database", session.databases.iter().map(|name| database(name)).collect()),
            ("pg_description", about.tables.iter().flat_map(descriptions).collect()),
            ("pg_constraint", about.tables.iter().filter_map(constraint).collect()),
            ("pg_index", about.tables.iter().filter_map(index).collect()),
            ("pg_roles", vec![role(&session.user)]),
            (
                "pg_tables",
                about
                    .tables
                    .iter()
                    .filter(|table| !table.is_view)
                    .map(|table| listed(table, session))
                    .collect(),
            ),
        ];
        for (name, rows) in rows {
            if let Some(usual) = usual.build_table_by_name(name)? {
                tables.insert(name, table(&with_more(name, &usual.schema()), &rows)?);
            }
        }
        for (name, columns, rows) in others(about, session) {
            tables.insert(name, table(&columns, &rows)?);
        }
        Ok(Self { usual, tables })
    }
}

/// Columns of keys, which are lists wherever they are taken apart.
const KEYS: [&str; 5] = ["indkey", "indoption", "indclass", "conkey", "confkey"];

/// A list of texts, of which there are none.
const OPTIONS: &str = "reloptions";

/// The columns of a table, with those that clients ask for and that are wanting.
fn with_more(name: &str, schema: &SchemaRef) -> SchemaRef {
    let more: &[&str] = match name {
        "pg_class" => &[OPTIONS, "relacl"],
        "pg_settings" => &["boot_val"],
        _ => &[],
    };
    let more = more.iter().filter(|name| schema.index_of(name).is_err());
    let more = more.map(|name| Arc::new(Field::new(*name, DataType::Utf8, true)));
    let own = schema.fields().iter().map(|field| {
        if KEYS.contains(&field.name().as_str()) {
            return Arc::new(Field::new_list(
                field.name(),
                Field::new_list_field(DataType::Int16, true),
                true,
            ));
        }
        Arc::clone(field)
    });
    let of_texts = || Field::new_list(OPTIONS, Field::new_list_field(DataType::Utf8, true), true);
    let all = own.chain(more).map(|field| if field.name() == OPTIONS { Arc::new(of_texts()) } else { field });
    Arc::new(Schema::new(all.collect::<Vec<_>>()))
}

fn classes(about: &About, user: &str) -> Vec<Row> {
    let class = |number: i32, name: &str, space: i32, kind: &str| -> Row {
        vec![
            ("oid", number.into()),
            ("relname", name.into()),
            ("relnamespace", space.into()),
            ("relowner", OWNER.into()),
            ("relkind", kind.into()),
            ("relam", i64::from(if kind == "v" { 0 } else { 2 }).into()),
            ("relfilenode", number.into()),
            ("relpersistence", "p".into()),
            ("relispopulated", true.into()),
            ("relreplident", "d".into()),
        ]
    };
    let mut rows = Vec::new();
    for table in &about.tables {
        let space = space_number(&table.space);
        let mut row = class(table.number, &table.name, space, if table.is_view { "v" } else { "r" });
        row.push(("relnatts", i64::try_from(table.columns.len()).unwrap_or_default().into()));
        row.push(("relhasindex", (!table.key.is_empty()).into()));
        row.push(("reltuples", Cell::Int(-1)));
        // Nobody may do more than read, its owner neither.
        row.push(("relacl", format!("{{{user}=r/{user}}}").into()));
        rows.push(row);
        if let Some((name, number)) = table.key_name() {
            let mut row = class(number, &name, space, "i");
            row.push(("relnatts", i64::try_from(table.key.len()).unwrap_or_default().into()));
            rows.push(row);
        }
    }
    rows.extend(of_catalogue().map(|(name, number)| class(number, name, CATALOG, "r")));
    rows
}

fn attributes(table: &Table) -> Vec<Row> {
    let of = |number: i32, place: i16, column: &super::about::Column| -> Row {
        let kind = column.kind();
        vec![
            ("attrelid", number.into()),
            ("attname", column.field.name().clone().into()),
            ("atttypid", Cell::Int(kind.oid().into())),
            ("attstattarget", Cell::Int(-1)),
            ("attlen", Cell::Int(size(&kind).into())),
            ("attnum", Cell::Int(place.into())),
            ("attndims", Cell::Int(i64::from(kind.name().starts_with('_')))),
            ("attcacheoff", Cell::Int(-1)),
            ("atttypmod", Cell::Int(-1)),
            ("attbyval", (size(&kind) > 0).into()),
            ("attalign", "i".into()),
            ("attstorage", if size(&kind) > 0 { "p" } else { "x" }.into()),
            ("attnotnull", (!column.field.is_nullable()).into()),
            ("attislocal", true.into()),
        ]
    };
    let places = 1_i16..;
    let mut rows: Vec<Row> =
        places.clone().zip(&table.columns).map(|(place, column)| of(table.number, place, column)).collect();
    if let Some((_, number)) = table.key_name() {
        let columns =
            table.key.iter().filter_map(|place| table.columns.get(usize::try_from(place - 1).ok()?));
        rows.extend(places.zip(columns).map(|(place, column)| of(number, place, column)));
    }
    rows
}

/// Bytes of a value, if all have as many.
fn size(kind: &Type) -> i16 {
    match *kind {
        Type::BOOL => 1,
        Type::INT2 => 2,
        Type::INT4 | Type::FLOAT4 | Type::DATE => 4,
        Type::INT8 | Type::FLOAT8 | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::TIME => 8,
        Type::INTERVAL => 16,
        _ => -1,
    }
}

fn spaces(about: &About) -> Vec<Row> {
    let fixed = [("pg_catalog".to_owned(), CATALOG), ("information_schema".to_owned(), STANDARD)];
    let all = about.spaces.iter().chain(&fixed);
    all.map(|(name, number)| {
        vec![("oid", (*number).into()), ("nspname", name.clone().into()), ("nspowner", OWNER.into())]
    })
    .collect()
}

fn database(name: &str) -> Row {
    vec![
        ("oid", number("database", name).into()),
        ("datname", name.into()),
        ("datdba", OWNER.into()),
        ("encoding", Cell::Int(6)),
        ("datlocprovider", "c".into()),
        ("datcollate", "C".into()),
        ("datctype", "C".into()),
        ("datallowconn", true.into()),
        ("datconnlimit", Cell::Int(-1)),
        ("dattablespace", Cell::Int(1663)),
    ]
}

fn descriptions(table: &Table) -> Vec<Row> {
    let of = |place: i16, text: &str| -> Row {
        vec![
            ("objoid", table.number.into()),
            ("classoid", Cell::Int(1259)),
            ("objsubid", Cell::Int(place.into())),
            ("description", text.into()),
        ]
    };
    let columns = (1_i16..).zip(&table.columns);
    let columns = columns.filter_map(|(place, column)| Some(of(place, column.description.as_deref()?)));
    table.description.iter().map(|text| of(0, text)).chain(columns).collect()
}

fn constraint(table: &Table) -> Option<Row> {
    let (name, index) = table.key_name()?;
    Some(vec![
        ("oid", number("key", &format!("{}.{name}", table.space)).into()),
        ("conname", name.into()),
        ("connamespace", space_number(&table.space).into()),
        ("contype", "p".into()),
        ("convalidated", true.into()),
        ("conrelid", table.number.into()),
        ("conindid", index.into()),
        ("conislocal", true.into()),
        ("connoinherit", true.into()),
        ("conkey", Cell::Shorts(table.key.clone())),
    ])
}

fn index(table: &Table) -> Option<Row> {
    let (_, index) = table.key_name()?;
    let count = i64::try_from(table.key.len()).unwrap_or_default();
    Some(vec![
        ("indexrelid", index.into()),
        ("indrelid", table.number.into()),
        ("indnatts", count.into()),
        ("indnkeyatts", count.into()),
        ("indisunique", true.into()),
        ("indisprimary", true.into()),
        ("indimmediate", true.into()),
        ("indisvalid", true.into()),
        ("indisready", true.into()),
        ("indislive", true.into()),
        ("indkey", Cell::Shorts(table.key.clone())),
        ("indoption", Cell::Shorts(vec![0; table.key.len()])),
    ])
}

fn setting(name: &str, value: &str) -> Row {
    vec![
        ("name", name.into()),
        ("setting", value.into()),
        ("boot_val", value.into()),
        ("reset_val", value.into()),
        ("source", "default".into()),
        ("context", "internal".into()),
    ]
}

fn role(user: &str) -> Row {
    vec![
        ("oid", OWNER.into()),
        ("rolname", user.into()),
        ("rolsuper", false.into()),
        ("rolinherit", true.into()),
        ("rolcreaterole", false.into()),
        ("rolcreatedb", false.into()),
        ("rolcanlogin", true.into()),
        ("rolreplication", false.into()),
        ("rolbypassrls", false.into()),
        ("rolconnlimit", Cell::Int(-1)),
    ]
}

fn listed(table: &Table, session: &PgSession) -> Row {
    vec![
        ("schemaname", table.space.clone().into()),
        ("tablename", table.name.clone().into()),
        ("tableowner", session.user.clone().into()),
    ]
}
