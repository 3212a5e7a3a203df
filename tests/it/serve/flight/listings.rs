//! What there is: sources, schemas, tables, columns, keys, and what the service says of itself.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int32Type, Schema, UInt32Type};
use arrow::record_batch::RecordBatch;
use arrow_flight::IpcMessage;
use arrow_flight::sql::{
    CommandGetCatalogs, CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys,
    CommandGetImportedKeys, CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables,
    CommandGetXdbcTypeInfo, SqlInfo,
};
use bytes::Bytes;
use tonic::Code;

use super::super::super::world::World;
use super::super::tokens::token;
use super::super::{Service, service};
use super::{Flight, lines};

fn tables(catalog: Option<&str>, schema: Option<&str>, name: Option<&str>) -> CommandGetTables {
    CommandGetTables {
        catalog: catalog.map(str::to_owned),
        db_schema_filter_pattern: schema.map(str::to_owned),
        table_name_filter_pattern: name.map(str::to_owned),
        ..CommandGetTables::default()
    }
}

/// Name and columns of each table.
fn with_columns(rows: &[RecordBatch]) -> Vec<(String, String, String, Schema)> {
    let of = |batch: &RecordBatch| {
        let text = |column: usize| batch.column(column).as_string::<i32>().clone();
        let [source, space, name] = [text(0), text(1), text(2)];
        let columns = batch.column(4).as_binary::<i32>().clone();
        (0..batch.num_rows())
            .map(|row| {
                let columns = IpcMessage(Bytes::copy_from_slice(columns.value(row)));
                let columns = Schema::try_from(columns).unwrap();
                let text = |column: &arrow::array::StringArray| column.value(row).to_owned();
                (text(&source), text(&space), text(&name), columns)
            })
            .collect::<Vec<_>>()
    };
    rows.iter().flat_map(of).collect()
}

#[test]
fn sources_are_catalogues_with_schemas_and_tables() {
    let service = service();
    let mut flight = Flight::open(&service);
    assert_eq!(lines(&flight.rows(&CommandGetCatalogs {}).unwrap()), ["merged", "run"]);
    let all = CommandGetDbSchemas::default();
    assert_eq!(lines(&flight.rows(&all).unwrap()), ["merged\tpublic", "run\tpublic", "run\traw"]);
    let some =
        CommandGetDbSchemas { catalog: Some("run".into()), db_schema_filter_pattern: Some("r_w".into()) };
    assert_eq!(lines(&flight.rows(&some).unwrap()), ["run\traw"]);
    let nowhere = CommandGetDbSchemas { catalog: Some(String::new()), db_schema_filter_pattern: None };
    assert!(lines(&flight.rows(&nowhere).unwrap()).is_empty());
    assert_eq!(lines(&flight.rows(&CommandGetTableTypes {}).unwrap()), ["TABLE", "VIEW"]);
    let found = lines(&flight.rows(&tables(Some("merged"), None, Some("te"))).unwrap());
    assert_eq!(found, ["merged\tpublic\tte\tTABLE"]);
    let found = lines(&flight.rows(&tables(None, Some("raw"), Some("%\\_selection"))).unwrap());
    assert_eq!(found, ["run\traw\tk_selection\tTABLE"]);
    let views = CommandGetTables { table_types: vec!["VIEW".into()], ..CommandGetTables::default() };
    let views = lines(&flight.rows(&views).unwrap());
    assert!(views.contains(&"merged\tpublic\ttests\tVIEW".to_owned()), "{views:?}");
    let all = lines(&flight.rows(&tables(None, None, None)).unwrap());
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!(all, sorted);
    // Those of the page.
    let page = service.get("/api/v1/runs/merged/tables").json();
    let page: BTreeSet<_> =
        page.as_array().unwrap().iter().map(|table| table["name"].as_str().unwrap()).collect();
    let of_merged = all.iter().filter(|line| line.starts_with("merged\t")).count();
    assert_eq!(of_merged, page.len(), "{page:?}");
}

#[test]
fn columns_are_those_of_the_rows_with_what_they_mean() {
    let service = service();
    let mut flight = Flight::open(&service);
    let command = CommandGetTables { include_schema: true, ..tables(None, None, None) };
    let all = with_columns(&flight.rows(&command).unwrap());
    assert!(all.len() > 20);
    for (source, space, name, columns) in &all {
        let sql = format!("select * from \"{source}\".\"{space}\".\"{name}\"");
        let info = flight.info(&super::query(&sql)).unwrap_or_else(|status| panic!("{sql}: {status}"));
        let told = info.try_decode_schema().unwrap();
        let of = |schema: &Schema| -> Vec<_> {
            schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
        };
        assert_eq!(of(columns), of(&told), "{sql}");
        for column in columns.fields() {
            let about = |key: &str| column.metadata().get(&format!("ARROW:FLIGHT:SQL:{key}"));
            assert_eq!(about("TABLE_NAME"), Some(name));
            assert!(about("TYPE_NAME").is_some() && about("IS_READ_ONLY").unwrap() == "1");
        }
    }
    let te =
        &all.iter().find(|(source, space, name, _)| source == "merged" && space == "public" && name == "te");
    let te = &te.unwrap().3;
    assert!(te.metadata()["description"].len() > 10);
    // The user, who is in every table, is described too.
    let unknown = te.fields().iter().filter(|column| !column.metadata().contains_key("description"));
    assert_eq!(unknown.map(|column| column.name().as_str()).collect::<Vec<_>>(), [""; 0]);
    let unit = te.fields().iter().find_map(|column| {
        let about = column.metadata();
        Some((about.get("unit")?.clone(), about["ARROW:FLIGHT:SQL:REMARKS"].clone()))
    });
    let (unit, remarks) = unit.unwrap();
    assert!(remarks.ends_with(&format!("[{unit}]")), "{remarks}");
}

#[test]
fn keys_are_those_of_the_schema() {
    let service = service();
    let mut flight = Flight::open(&service);
    let key = |catalog: Option<&str>, table: &str| CommandGetPrimaryKeys {
        catalog: catalog.map(str::to_owned),
        db_schema: None,
        table: table.into(),
    };
    let rows = flight.rows(&key(Some("merged"), "te")).unwrap();
    let columns: Vec<_> = rows[0].column(3).as_string::<i32>().iter().flatten().collect();
    let places = rows[0].column(5).as_primitive::<Int32Type>().values().to_vec();
    assert_eq!(columns[0], "user_id");
    assert_eq!(places, (1..=columns.len() as i32).collect::<Vec<_>>());
    // A row is known by them.
    let by = columns.join(", ");
    let twice = flight.lines(&format!(
        "select count(*) as n from (select {by} from merged.public.te group by {by} having count(*) > 1)"
    ));
    assert_eq!(twice, ["0"]);
    assert_eq!(flight.rows(&key(None, "te")).unwrap()[0].num_rows(), 2 * columns.len());
    assert!(lines(&flight.rows(&key(None, "nothing")).unwrap()).is_empty());
    let exported = CommandGetExportedKeys { table: "te".into(), ..CommandGetExportedKeys::default() };
    let imported = CommandGetImportedKeys { table: "te".into(), ..CommandGetImportedKeys::default() };
    let cross = CommandGetCrossReference { pk_table: "te".into(), ..CommandGetCrossReference::default() };
    let all = [flight.info(&exported), flight.info(&imported), flight.info(&cross)];
    for info in all {
        let info = info.unwrap();
        assert_eq!(info.clone().try_decode_schema().unwrap().fields().len(), 13);
        assert!(lines(&flight.read(super::ticket(&info)).unwrap()).is_empty());
    }
}

#[test]
fn what_the_service_says_of_itself_holds() {
    let service = service();
    let mut flight = Flight::open(&service);
    let all = flight.rows(&CommandGetSqlInfo { info: Vec::new() }).unwrap();
    let codes = all[0].column(0).as_primitive::<UInt32Type>();
    let value = |of: SqlInfo| {
        let place = codes.values().iter().position(|code| *code == of as u32).unwrap();
        let values = all[0].column(1).as_any().downcast_ref::<arrow::array::UnionArray>().unwrap();
        values.value(place)
    };
    assert_eq!(value(SqlInfo::FlightSqlServerName).as_string::<i32>().value(0), "results");
    assert!(value(SqlInfo::FlightSqlServerReadOnly).as_boolean().value(0));
    assert!(!value(SqlInfo::SqlTransactionsSupported).as_boolean().value(0));
    let known = flight.lines("select distinct routine_name from information_schema.routines");
    for of in [
        SqlInfo::SqlNumericFunctions,
        SqlInfo::SqlStringFunctions,
        SqlInfo::SqlDatetimeFunctions,
        SqlInfo::SqlSystemFunctions,
    ] {
        let listed = value(of);
        let listed = listed.as_list::<i32>().value(0);
        for name in listed.as_string::<i32>().iter().flatten() {
            assert!(known.iter().any(|known| known == name), "{of:?}: {name}");
        }
    }
    // Nulls are where it says.
    assert_eq!(
        flight.lines("select n is null as is_null from (values (1), (null)) v(n) order by n")[1],
        "true"
    );
    let one = flight.rows(&CommandGetSqlInfo { info: vec![3, 0] }).unwrap();
    assert_eq!(one[0].num_rows(), 2);
    let types = flight.rows(&CommandGetXdbcTypeInfo::default()).unwrap();
    assert_eq!((types[0].num_columns(), types[0].num_rows()), (19, 16));
    // Each can be named in a query.
    for name in types[0].column(0).as_string::<i32>().iter().flatten() {
        let sql = format!("select cast(null as {name}) as x");
        flight.query(&sql).unwrap_or_else(|status| panic!("{sql}: {status}"));
    }
    let texts = flight.rows(&CommandGetXdbcTypeInfo { data_type: Some(12) }).unwrap();
    assert_eq!(texts[0].column(0).as_string::<i32>().value(0), "VARCHAR");
}

#[test]
fn nothing_tells_a_token_of_sources_that_it_does_not_see() {
    let world = World::new(2);
    world.analyse("out/k6_full", &["--shard", "0/2"]);
    world.analyse("out/k7_hidden", &["--shard", "0/2"]);
    let service = Service::start(&[world.path("out")], |_| {});
    let anna = token(&world, &service, "anna", &["--sources", "k6*"]);
    let mut flight = Flight::of_token(&service, &anna);
    let mut all = lines(&flight.rows(&CommandGetCatalogs {}).unwrap());
    assert_eq!(all, ["k6_full"]);
    all.extend(lines(&flight.rows(&CommandGetDbSchemas::default()).unwrap()));
    all.extend(lines(&flight.rows(&tables(None, None, None)).unwrap()));
    all.extend(lines(
        &flight.rows(&CommandGetPrimaryKeys { table: "te".into(), ..Default::default() }).unwrap(),
    ));
    all.extend(flight.lines("select table_catalog, table_schema, table_name from information_schema.tables"));
    all.extend(flight.lines("select distinct catalog_name from information_schema.schemata"));
    assert!(all.iter().all(|line| !line.contains("k7")), "{all:?}");
    assert!(lines(&flight.rows(&tables(Some("k7_hidden"), None, None)).unwrap()).is_empty());
    // What there is and what there is not are one to them.
    for (head, sql) in [
        ("NAME", "select 1 as n"),
        ("k6_full", "select * from NAME.public.te"),
        ("k6_full", "select * from \"NAME\".public.te"),
    ] {
        let mut of = |name: &str| {
            flight.heads.truncate(1);
            flight.heads.push(("database", head.replace("NAME", name)));
            let said = flight.query(&sql.replace("NAME", name)).unwrap_err();
            (said.code(), said.message().replace(name, "NAME"))
        };
        let (hidden, absent) = (of("k7_hidden"), of("k7_absent"));
        assert_eq!(hidden, absent, "{sql}");
        assert!([Code::NotFound, Code::InvalidArgument].contains(&hidden.0), "{hidden:?}");
    }
}

#[test]
fn a_damaged_source_keeps_nobody_from_the_others() {
    let world = World::new(2);
    world.analyse("out/whole", &["--shard", "0/2"]);
    std::fs::create_dir_all(world.path("out/broken")).unwrap();
    world.write("out/broken/run.yaml", "nonsense");
    let service = Service::start(&[world.path("out")], |_| {});
    let mut flight = Flight::open(&service);
    assert_eq!(lines(&flight.rows(&CommandGetCatalogs {}).unwrap()), ["broken", "whole"]);
    assert!(!lines(&flight.rows(&tables(None, None, None)).unwrap()).is_empty());
    let said = flight.rows(&tables(Some("broken"), None, None)).unwrap_err();
    assert!(said.code() == Code::DataLoss && said.message().contains("broken"), "{said}");
    assert_eq!(flight.lines("select 1 as n"), ["1"], "the first that can be asked");
}
