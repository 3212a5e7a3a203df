//! The engine with the tables and functions of a catalogue, and none of results: whoever asks both in one query is told of a
//! table that there is not.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::catalog::{CatalogProvider, SchemaProvider};
use datafusion::dataframe::DataFrame;
use datafusion::execution::context::{SessionConfig, SessionContext};
use datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_pg_catalog::setup_pg_catalog;
use datafusion_pg_catalog::sql::PostgresCompatibilityParser;

use super::super::super::job::PgSession;
use super::super::answering::Answering;
use super::super::told::{of_engine, of_session};
use super::about::About;
use super::called::as_called;
use super::casts;
use super::functions::register_all;
use super::own::Own;
use super::rewrite::as_taken;
use super::standard::Standard;
use super::words;
use crate::serve::access::{Ended, Ending};
use crate::sources::Loaded;
use crate::sql::plan_in;
use crate::tables::PUBLIC;

/// A catalog of a few schemas.
#[derive(Debug)]
struct Few(HashMap<&'static str, Arc<dyn SchemaProvider>>);

impl CatalogProvider for Few {
    fn schema_names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        self.0.get(name).map(Arc::clone)
    }
}

/// Plans a query of the catalogue.
pub(super) async fn planned(
    answering: Answering<'_>,
    loaded: &Loaded,
    of: &PgSession,
    sql: &str,
) -> Result<DataFrame, Ended> {
    let session = answering.session(loaded)?;
    let about = About::of(&session, loaded).await?;
    let mut config = SessionConfig::new()
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(true)
        .with_default_catalog_and_schema(&of.database, PUBLIC);
    config.options_mut().sql_parser.dialect = datafusion::common::config::Dialect::PostgreSQL;
    let ctx = SessionContext::new_with_config_rt(config, session.context().runtime_env());
    setup_pg_catalog(&ctx, &of.database, EmptyContextProvider).map_err(|error| of_engine(*error))?;
    register_all(&ctx, &about, of);
    words::register_all(&ctx);
    casts::register_all(&ctx, &about);
    let list = Arc::clone(ctx.state().catalog_list());
    let own: Arc<dyn SchemaProvider> = Arc::new(Own::of(list, &about, of).map_err(of_engine)?);
    let standard: Arc<dyn SchemaProvider> = Arc::new(Standard::of(&about, of).map_err(of_engine)?);
    // Names of the catalogue stand for themselves, as clients expect.
    let few =
        HashMap::from([("pg_catalog", Arc::clone(&own)), (PUBLIC, own), ("information_schema", standard)]);
    ctx.register_catalog(&of.database, Arc::new(Few(few)));
    let statements = PostgresCompatibilityParser::new().parse(sql);
    let mut statements = statements.map_err(|error| Ended::new(Ending::Syntax, error.to_string()))?;
    let [statement] = statements.as_mut_slice() else {
        return Err(Ended::new(
            Ending::Syntax,
            "these are several queries\n(hint: one at a time; a `;` ends it)",
        ));
    };
    as_taken(statement);
    as_called(statement, sql);
    plan_in(&ctx, &statement.to_string()).await.map_err(|error| of_session(&error))
}
