//! Functions of the catalogue that are of this source, or that clients ask and nobody else knows.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use pgwire::api::Type;

use super::super::super::job::PgSession;
use super::about::{About, OWNER};
use crate::tables::PUBLIC;

/// Types by the names that clients look for.
pub(super) const TYPES: [(&str, Type); 22] = [
    ("bigint", Type::INT8),
    ("bool", Type::BOOL),
    ("boolean", Type::BOOL),
    ("bytea", Type::BYTEA),
    ("date", Type::DATE),
    ("double precision", Type::FLOAT8),
    ("float4", Type::FLOAT4),
    ("float8", Type::FLOAT8),
    ("int2", Type::INT2),
    ("int4", Type::INT4),
    ("int8", Type::INT8),
    ("integer", Type::INT4),
    ("interval", Type::INTERVAL),
    ("json", Type::JSON),
    ("jsonb", Type::JSONB),
    ("numeric", Type::NUMERIC),
    ("oid", Type::OID),
    ("text", Type::TEXT),
    ("timestamp", Type::TIMESTAMP),
    ("timestamptz", Type::TIMESTAMPTZ),
    ("uuid", Type::UUID),
    ("varchar", Type::VARCHAR),
];

/// The number of the one encoding that there is.
const UTF8: i64 = 6;

/// Functions of what there is none of, or what nobody has written down.
const UNSAID: [&str; 14] = [
    "inet_client_addr",
    "inet_server_addr",
    "pg_describe_object",
    "pg_get_expr",
    "pg_get_function_sqlbody",
    "pg_get_functiondef",
    "pg_get_partkeydef",
    "pg_get_ruledef",
    "pg_get_serial_sequence",
    "pg_get_statisticsobjdef_columns",
    "pg_get_triggerdef",
    "pg_get_viewdef",
    "pg_tablespace_location",
    "shobj_description",
];

const EMPTY: [&str; 3] =
    ["pg_get_function_arguments", "pg_get_function_identity_arguments", "pg_get_function_result"];

const TRUE: [&str; 12] = [
    "pg_collation_is_visible",
    "pg_conversion_is_visible",
    "pg_function_is_visible",
    "pg_opclass_is_visible",
    "pg_operator_is_visible",
    "pg_opfamily_is_visible",
    "pg_statistics_obj_is_visible",
    "pg_ts_config_is_visible",
    "pg_ts_dict_is_visible",
    "pg_ts_parser_is_visible",
    "pg_ts_template_is_visible",
    "pg_type_is_visible",
];

const FALSE: [&str; 4] =
    ["pg_is_in_recovery", "pg_is_other_temp_schema", "pg_relation_is_publishable", "row_security_active"];

const ZERO: [&str; 8] = [
    "pg_database_size",
    "pg_indexes_size",
    "pg_my_temp_schema",
    "pg_relation_size",
    "pg_table_size",
    "pg_tablespace_size",
    "pg_total_relation_size",
    "txid_current",
];

/// What is said of a setting that is changed in the midst of a query.
const SET_ALONE: &str = "set_config changes a setting in a query of its own only\n\
                         (hint: SET name = value, or SELECT set_config('name', 'value', false) and nothing else)";

/// What a function gives for so many rows.
type Gives = dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync;

/// A function that takes whatever it is given.
struct Known {
    name: &'static str,
    kind: DataType,
    signature: Signature,
    gives: Arc<Gives>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Known").field(&self.name).finish()
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Known {}

impl Hash for Known {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Known {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.kind.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays =
            args.args.iter().map(|arg| arg.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        Ok(ColumnarValue::Array((self.gives)(&arrays, args.number_rows)?))
    }
}

pub(super) fn register(
    ctx: &SessionContext,
    name: &'static str,
    kind: DataType,
    gives: impl Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync + 'static,
) {
    let any = TypeSignature::OneOf(vec![TypeSignature::Nullary, TypeSignature::VariadicAny]);
    let signature = Signature::new(any, Volatility::Stable);
    ctx.register_udf(ScalarUDF::from(Known { name, kind, signature, gives: Arc::new(gives) }));
}

/// A text that is always the same.
fn text(ctx: &SessionContext, name: &'static str, value: Option<&str>) {
    let value = value.map(str::to_owned);
    register(ctx, name, DataType::Utf8, move |_, rows| {
        Ok(Arc::new(StringArray::from(vec![value.as_deref(); rows])))
    });
}

fn yes(ctx: &SessionContext, name: &'static str, value: bool) {
    register(ctx, name, DataType::Boolean, move |_, rows| {
        Ok(Arc::new(BooleanArray::from(vec![value; rows])))
    });
}

fn number(ctx: &SessionContext, name: &'static str, value: i64) {
    register(ctx, name, DataType::Int64, move |_, rows| Ok(Arc::new(Int64Array::from(vec![value; rows]))));
}

/// Numbers, however they are written.
pub(super) fn numbers(array: &ArrayRef) -> Result<Vec<Option<i64>>> {
    let array = cast(array, &DataType::Int64)?;
    Ok(array.as_primitive::<Int64Type>().iter().collect())
}

pub(super) fn strings(array: &ArrayRef) -> Result<Vec<Option<String>>> {
    let array = cast(array, &DataType::Utf8)?;
    Ok(array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
}

/// A text for the number of something, and a second number maybe.
pub(super) fn looked_up(ctx: &SessionContext, name: &'static str, known: HashMap<(i64, i64), String>) {
    register(ctx, name, DataType::Utf8, move |args, rows| {
        let Some(first) = args.first().map(numbers).transpose()? else {
            return Ok(Arc::new(StringArray::from(vec![None::<&str>; rows])));
        };
        let second = match args.get(1) {
            Some(array) if array.data_type().is_integer() => numbers(array)?,
            _ => vec![Some(0); rows],
        };
        let pairs = first.into_iter().zip(second);
        let found = pairs.map(|(a, b)| known.get(&(a?, b.unwrap_or_default())).map(String::as_str));
        Ok(Arc::new(found.collect::<StringArray>()))
    });
}

/// The number of something by its name.
fn named(ctx: &SessionContext, name: &'static str, known: HashMap<String, i32>) {
    register(ctx, name, DataType::Int32, move |args, rows| {
        let asked = args.first().map(strings).transpose()?.unwrap_or_else(|| vec![None; rows]);
        let found = asked.into_iter().map(|name| known.get(name?.trim_matches('"')).copied());
        Ok(Arc::new(found.collect::<Int32Array>()))
    });
}

/// Makes them known.
pub(super) fn register_all(ctx: &SessionContext, about: &About, session: &PgSession) {
    let version = format!("results {} on DataFusion, speaking as PostgreSQL 15.0", env!("CARGO_PKG_VERSION"));
    text(ctx, "version", Some(&version));
    for name in ["current_database", "current_catalog"] {
        text(ctx, name, Some(&session.database));
    }
    for name in ["session_user", "current_user", "current_role", "user"] {
        text(ctx, name, Some(&session.user));
    }
    for name in UNSAID {
        text(ctx, name, None);
    }
    for name in EMPTY {
        text(ctx, name, Some(""));
    }
    for name in TRUE {
        yes(ctx, name, true);
    }
    for name in FALSE {
        yes(ctx, name, false);
    }
    for name in ZERO {
        number(ctx, name, 0);
    }
    text(ctx, "getdatabaseencoding", Some("UTF8"));
    number(ctx, "pg_char_to_encoding", UTF8);
    let pid = session.number;
    register(ctx, "pg_backend_pid", DataType::Int32, move |_, rows| {
        Ok(Arc::new(Int32Array::from(vec![pid; rows])))
    });
    privileges(ctx);
    of_tables(ctx, about, session);
    of_settings(ctx, &session.settings);
}

/// Whoever sees a source may read it, and nothing else.
fn privileges(ctx: &SessionContext) {
    for name in [
        "has_table_privilege",
        "has_schema_privilege",
        "has_database_privilege",
        "has_any_column_privilege",
        "has_column_privilege",
        "has_function_privilege",
        "has_sequence_privilege",
        "has_tablespace_privilege",
    ] {
        register(ctx, name, DataType::Boolean, |args, rows| {
            let asked = args.last().map(strings).transpose()?.unwrap_or_else(|| vec![None; rows]);
            let may = |asked: Option<String>| {
                let asked = asked?.to_ascii_lowercase();
                Some(["select", "usage", "connect", "execute"].iter().any(|right| asked.contains(right)))
            };
            Ok(Arc::new(asked.into_iter().map(may).collect::<BooleanArray>()))
        });
    }
}

fn of_tables(ctx: &SessionContext, about: &About, session: &PgSession) {
    let quoted = |name: &str| {
        let is_plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
    };
    let (mut descriptions, mut columns, mut keys, mut indexes) =
        <(HashMap<_, _>, HashMap<_, _>, HashMap<_, _>, HashMap<_, _>)>::default();
    let (mut visible, mut classes): (HashMap<i64, bool>, HashMap<String, i32>) = <_>::default();
    for table in &about.tables {
        let of = i64::from(table.number);
        visible.insert(of, table.space == PUBLIC);
        if table.space == PUBLIC {
            classes.insert(table.name.clone(), table.number);
        }
        classes.insert(format!("{}.{}", table.space, table.name), table.number);
        descriptions.extend(table.description.clone().map(|text| ((of, 0), text)));
        for (place, column) in (1_i64..).zip(&table.columns) {
            columns.extend(column.description.clone().map(|text| ((of, place), text)));
        }
        if let Some((name, number)) = table.key_name() {
            let named =
                table.key.iter().filter_map(|place| table.columns.get(usize::try_from(place - 1).ok()?));
            let list = named.map(|column| quoted(column.field.name())).collect::<Vec<_>>().join(", ");
            let key = super::about::number("key", &format!("{}.{name}", table.space));
            keys.insert((i64::from(key), 0), format!("PRIMARY KEY ({list})"));
            for (place, column) in (1_i64..)
                .zip(table.key.iter().filter_map(|place| table.columns.get(usize::try_from(place - 1).ok()?)))
            {
                indexes.insert((i64::from(number), place), quoted(column.field.name()));
            }
            let text = format!(
                "CREATE UNIQUE INDEX {} ON {}.{} USING btree ({list})",
                quoted(&name),
                quoted(&table.space),
                quoted(&table.name)
            );
            indexes.insert((i64::from(number), 0), text);
        }
    }
    looked_up(ctx, "obj_description", descriptions);
    looked_up(ctx, "col_description", columns);
    looked_up(ctx, "pg_get_constraintdef", keys);
    looked_up(ctx, "pg_get_indexdef", indexes);
    looked_up(ctx, "pg_get_userbyid", HashMap::from([((i64::from(OWNER), 0), session.user.clone())]));
    named(ctx, "to_regclass", classes);
    named(
        ctx,
        "to_regtype",
        TYPES.iter().map(|(name, kind)| ((*name).to_owned(), kind.oid().cast_signed())).collect(),
    );
    register(ctx, "pg_table_is_visible", DataType::Boolean, move |args, rows| {
        let asked = args.first().map(numbers).transpose()?.unwrap_or_else(|| vec![None; rows]);
        // What is known from the start is seen without its schema too.
        let sees = |number: Option<i64>| Some(visible.get(&number?).copied().unwrap_or(true));
        Ok(Arc::new(asked.into_iter().map(sees).collect::<BooleanArray>()))
    });
    register(ctx, "pg_encoding_to_char", DataType::Utf8, |args, rows| {
        let asked = args.first().map(numbers).transpose()?.unwrap_or_else(|| vec![None; rows]);
        Ok(Arc::new(asked.into_iter().map(|n| (n == Some(UTF8)).then_some("UTF8")).collect::<StringArray>()))
    });
}

/// Settings that clients ask in a query, as they are. Whoever changes one has a query for that alone, which does not come here.
fn of_settings(ctx: &SessionContext, settings: &BTreeMap<String, String>) {
    let known = settings.clone();
    register(ctx, "current_setting", DataType::Utf8, move |args, rows| {
        let asked = args.first().map(strings).transpose()?.unwrap_or_else(|| vec![None; rows]);
        let value = |name: Option<String>| known.get(&name?.to_lowercase()).cloned();
        Ok(Arc::new(asked.into_iter().map(value).collect::<StringArray>()))
    });
    let known = settings.clone();
    register(ctx, "set_config", DataType::Utf8, move |args, rows| {
        let [names, values, ..] = args else {
            return Ok(Arc::new(StringArray::from(vec![None::<&str>; rows])));
        };
        let (names, values) = (strings(names)?, strings(values)?);
        for (name, value) in names.iter().zip(&values) {
            let (Some(name), Some(value)) = (name, value) else { continue };
            let now = known.get(&name.to_lowercase());
            if now.is_none_or(|now| !now.eq_ignore_ascii_case(value)) {
                return Err(DataFusionError::NotImplemented(SET_ALONE.into()));
            }
        }
        Ok(Arc::new(values.into_iter().collect::<StringArray>()))
    });
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;

    use super::*;

    #[tokio::test]
    async fn settings_are_told_as_they_are_and_not_changed_in_the_midst_of_a_query() {
        let ctx = SessionContext::new();
        of_settings(&ctx, &BTreeMap::from([("timezone".to_owned(), "Asia/Tokyo".to_owned())]));
        let said = async |sql: &str| {
            let rows = ctx.sql(sql).await?.collect().await?;
            Ok::<_, DataFusionError>(array_value_to_string(rows[0].column(0), 0)?)
        };
        assert_eq!(said("select current_setting('TimeZone')").await.unwrap(), "Asia/Tokyo");
        assert_eq!(said("select set_config('TimeZone', 'Asia/Tokyo', false)").await.unwrap(), "Asia/Tokyo");
        for sql in ["select set_config('timezone', 'UTC', false)", "select set_config('role', 'anna', false)"]
        {
            let error = said(sql).await.unwrap_err().to_string();
            assert!(error.contains("set_config changes a setting in a query of its own only"), "{error}");
        }
    }
}
