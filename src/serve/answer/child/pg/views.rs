//! Views of the catalogue that are known nowhere else.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};

use super::super::super::job::PgSession;
use super::about::{About, OWNER};
use super::made::{Row, schema};

/// Tables that clients ask and that are known nowhere else.
pub(super) fn others(about: &About, session: &PgSession) -> Vec<(&'static str, SchemaRef, Vec<Row>)> {
    use DataType::{Boolean, Int32, Utf8};
    let users = schema(&[
        ("usename", Utf8),
        ("usesysid", Int32),
        ("usecreatedb", Boolean),
        ("usesuper", Boolean),
        ("userepl", Boolean),
        ("usebypassrls", Boolean),
        ("passwd", Utf8),
        ("valuntil", Utf8),
        ("useconfig", Utf8),
    ]);
    let user: Row = vec![
        ("usename", session.user.clone().into()),
        ("usesysid", OWNER.into()),
        ("usecreatedb", false.into()),
        ("usesuper", false.into()),
    ];
    let indexes = schema(&[
        ("schemaname", Utf8),
        ("tablename", Utf8),
        ("indexname", Utf8),
        ("tablespace", Utf8),
        ("indexdef", Utf8),
    ]);
    let keys = about.tables.iter().filter_map(|table| {
        let (name, _) = table.key_name()?;
        let row: Row = vec![
            ("schemaname", table.space.clone().into()),
            ("tablename", table.name.clone().into()),
            ("indexname", name.into()),
        ];
        Some(row)
    });
    let activity = schema(&[
        ("datid", Int32),
        ("datname", Utf8),
        ("pid", Int32),
        ("usename", Utf8),
        ("application_name", Utf8),
        ("client_addr", Utf8),
        ("state", Utf8),
        ("query", Utf8),
    ]);
    let views =
        schema(&[("schemaname", Utf8), ("viewname", Utf8), ("viewowner", Utf8), ("definition", Utf8)]);
    let viewed = about.tables.iter().filter(|table| table.is_view).map(|table| -> Row {
        vec![
            ("schemaname", table.space.clone().into()),
            ("viewname", table.name.clone().into()),
            ("viewowner", session.user.clone().into()),
        ]
    });
    let mut all = vec![
        ("pg_views", views, viewed.collect()),
        ("pg_user", Arc::clone(&users), vec![user.clone()]),
        ("pg_shadow", users, vec![user]),
        ("pg_indexes", indexes, keys.collect()),
        ("pg_stat_activity", activity, Vec::new()),
    ];
    all.extend(empty());
    all
}

/// Views without rows: cursors and prepared statements are kept by a session, of which a query knows nothing.
fn empty() -> [(&'static str, SchemaRef, Vec<Row>); 3] {
    use DataType::{Boolean, Int32, Utf8};
    let cursors = schema(&[
        ("name", Utf8),
        ("statement", Utf8),
        ("is_holdable", Boolean),
        ("is_binary", Boolean),
        ("is_scrollable", Boolean),
        ("creation_time", Utf8),
    ]);
    let prepared =
        schema(&[("name", Utf8), ("statement", Utf8), ("prepare_time", Utf8), ("from_sql", Boolean)]);
    let mappings = schema(&[
        ("umid", Int32),
        ("srvname", Utf8),
        ("umuser", Int32),
        ("usename", Utf8),
        ("umoptions", Utf8),
    ]);
    [
        ("pg_cursors", cursors, Vec::new()),
        ("pg_prepared_statements", prepared, Vec::new()),
        ("pg_user_mappings", mappings, Vec::new()),
    ]
}
