//! What the service says of itself: read only, no transactions, how names are written, what SQL it has.

use std::collections::BTreeMap;

use arrow_flight::sql::metadata::{SqlInfoData, SqlInfoDataBuilder};
use arrow_flight::sql::{
    SqlInfo as Of, SqlNullOrdering, SqlOuterJoinsSupportLevel, SqlSupportedCaseSensitivity,
    SqlSupportedGroupBy, SqlSupportedResultSetConcurrency, SqlSupportedResultSetType, SqlSupportedSubqueries,
    SqlSupportedTransaction, SqlSupportedUnions, SqlSupportsConvert as To, SqlTransactionIsolationLevel,
    SupportedSqlGrammar,
};

use super::kept::KEEP;
use super::statement::LONGEST;
use super::told::of_flight;
use crate::serve::access::Ended;

/// Prepared statements at most over a connection.
pub(super) const STATEMENTS: usize = 100;

/// Words that only stand for themselves in quotes, beyond those of SQL:2003.
const KEYWORDS: [&str; 12] = [
    "ANTI",
    "DISTRIBUTE",
    "EXCEPT",
    "EXPLAIN",
    "FETCH",
    "ILIKE",
    "LIMIT",
    "OFFSET",
    "QUALIFY",
    "SEMI",
    "TRY_CAST",
    "UNNEST",
];

const NUMERIC: [&str; 34] = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "cot",
    "degrees",
    "exp",
    "factorial",
    "floor",
    "gcd",
    "iszero",
    "lcm",
    "ln",
    "log",
    "log10",
    "log2",
    "nanvl",
    "pi",
    "power",
    "radians",
    "round",
    "signum",
    "sin",
    "sqrt",
    "tan",
    "trunc",
];

const STRING: [&str; 30] = [
    "ascii",
    "bit_length",
    "btrim",
    "character_length",
    "chr",
    "concat",
    "concat_ws",
    "ends_with",
    "find_in_set",
    "initcap",
    "left",
    "levenshtein",
    "lower",
    "lpad",
    "ltrim",
    "octet_length",
    "regexp_like",
    "regexp_match",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "rpad",
    "rtrim",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "upper",
];

const SYSTEM: [&str; 5] = ["arrow_cast", "arrow_typeof", "coalesce", "nullif", "nvl"];

const DATETIME: [&str; 10] = [
    "current_date",
    "current_time",
    "date_bin",
    "date_part",
    "date_trunc",
    "from_unixtime",
    "make_date",
    "now",
    "to_char",
    "to_timestamp",
];

/// All of it.
pub(super) fn all() -> Result<SqlInfoData, Ended> {
    let mut builder = SqlInfoDataBuilder::new();
    server(&mut builder);
    names(&mut builder);
    language(&mut builder);
    nothing_is_written(&mut builder);
    largest(&mut builder);
    builder.build().map_err(of_flight)
}

fn server(to: &mut SqlInfoDataBuilder) {
    to.append(Of::FlightSqlServerName, "results");
    to.append(Of::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    to.append(Of::FlightSqlServerArrowVersion, arrow::ARROW_VERSION);
    to.append(Of::FlightSqlServerReadOnly, true);
    to.append(Of::FlightSqlServerSql, true);
    to.append(Of::FlightSqlServerSubstrait, false);
    to.append(Of::FlightSqlServerTransaction, SqlSupportedTransaction::None as i32);
    to.append(Of::FlightSqlServerCancel, true);
    to.append(Of::FlightSqlServerBulkIngestion, false);
    to.append(Of::FlightSqlServerIngestTransactionsSupported, false);
    to.append(Of::FlightSqlServerStatementTimeout, KEEP.as_millis() as i32);
    to.append(Of::FlightSqlServerTransactionTimeout, 0);
}

fn names(to: &mut SqlInfoDataBuilder) {
    // Names are as they are written, with quotes and without; there is no word for that.
    let kept = SqlSupportedCaseSensitivity::SqlCaseSensitivityUnknown as i32;
    to.append(Of::SqlIdentifierCase, kept);
    to.append(Of::SqlQuotedIdentifierCase, kept);
    to.append(Of::SqlIdentifierQuoteChar, "\"");
    to.append(Of::SqlSearchStringEscape, "\\");
    to.append(Of::SqlExtraNameCharacters, "");
    to.append(Of::SqlCatalogTerm, "source");
    to.append(Of::SqlSchemaTerm, "schema");
    to.append(Of::SqlProcedureTerm, "");
    to.append(Of::SqlCatalogAtStart, true);
    to.append(Of::SqlAllTablesAreSelectable, true);
    // In calls, definitions and permissions, of which there are none.
    to.append(Of::SqlSchemasSupportedActions, 0);
    to.append(Of::SqlCatalogsSupportedActions, 0);
}

fn language(to: &mut SqlInfoDataBuilder) {
    to.append(Of::SqlKeywords, &KEYWORDS[..]);
    to.append(Of::SqlNumericFunctions, &NUMERIC[..]);
    to.append(Of::SqlStringFunctions, &STRING[..]);
    to.append(Of::SqlSystemFunctions, &SYSTEM[..]);
    to.append(Of::SqlDatetimeFunctions, &DATETIME[..]);
    to.append(Of::SqlNullOrdering, SqlNullOrdering::SqlNullsSortedHigh as i32);
    for (of, has) in [
        (Of::SqlSupportsColumnAliasing, true),
        (Of::SqlNullPlusNullIsNull, true),
        (Of::SqlSupportsTableCorrelationNames, true),
        (Of::SqlSupportsDifferentTableCorrelationNames, false),
        (Of::SqlSupportsExpressionsInOrderBy, true),
        (Of::SqlSupportsOrderByUnrelated, true),
        (Of::SqlSupportsLikeEscapeClause, true),
        (Of::SqlSupportsNonNullableColumns, true),
        (Of::SqlSupportsIntegrityEnhancementFacility, false),
        (Of::SqlCorrelatedSubqueriesSupported, true),
        (Of::SqlSelectForUpdateSupported, false),
        (Of::SqlStoredProceduresSupported, false),
        (Of::SqlNamedParametersSupported, false),
        (Of::SqlStoredFunctionsUsingCallSyntaxSupported, false),
    ] {
        to.append(of, has);
    }
    let group = [SqlSupportedGroupBy::SqlGroupByUnrelated, SqlSupportedGroupBy::SqlGroupByBeyondSelect];
    to.append(Of::SqlSupportedGroupBy, bits(group.map(|of| of as i32)));
    let grammar = [SupportedSqlGrammar::SqlMinimumGrammar, SupportedSqlGrammar::SqlCoreGrammar];
    to.append(Of::SqlSupportedGrammar, bits(grammar.map(|of| of as i32)));
    // Its entry level, as far as it reads.
    to.append(Of::SqlAnsi92SupportedLevel, 1);
    to.append(Of::SqlOuterJoinsSupportLevel, SqlOuterJoinsSupportLevel::SqlFullOuterJoins as i32);
    let subqueries = [
        SqlSupportedSubqueries::SqlSubqueriesInComparisons,
        SqlSupportedSubqueries::SqlSubqueriesInExists,
        SqlSupportedSubqueries::SqlSubqueriesInIns,
    ];
    to.append(Of::SqlSupportedSubqueries, bits(subqueries.map(|of| of as i32)));
    let unions = [SqlSupportedUnions::SqlUnion, SqlSupportedUnions::SqlUnionAll];
    to.append(Of::SqlSupportedUnions, bits(unions.map(|of| of as i32)));
    to.append(Of::SqlSupportsConvert, conversions());
}

/// Between which types a cast leads.
fn conversions() -> BTreeMap<i32, Vec<i32>> {
    let numbers = [
        To::SqlConvertBigint,
        To::SqlConvertInteger,
        To::SqlConvertSmallint,
        To::SqlConvertTinyint,
        To::SqlConvertDecimal,
        To::SqlConvertFloat,
        To::SqlConvertReal,
    ];
    let times = [To::SqlConvertDate, To::SqlConvertTimestamp];
    let codes = |all: &[To]| all.iter().map(|to| *to as i32).collect::<Vec<_>>();
    let mut all = BTreeMap::new();
    let (text, truth) = (To::SqlConvertVarchar, To::SqlConvertBit);
    for number in numbers {
        all.insert(number as i32, [codes(&numbers), codes(&[text])].concat());
    }
    for time in times {
        all.insert(time as i32, [codes(&times), codes(&[text])].concat());
    }
    all.insert(truth as i32, codes(&[truth, text, To::SqlConvertInteger, To::SqlConvertBigint]));
    all.insert(text as i32, [codes(&numbers), codes(&times), codes(&[text, truth])].concat());
    all
}

fn nothing_is_written(to: &mut SqlInfoDataBuilder) {
    for of in [
        Of::SqlDdlCatalog,
        Of::SqlDdlSchema,
        Of::SqlDdlTable,
        Of::SqlTransactionsSupported,
        Of::SqlDataDefinitionCausesTransactionCommit,
        Of::SqlDataDefinitionsInTransactionsIgnored,
        Of::SqlBatchUpdatesSupported,
        Of::SqlSavepointsSupported,
        Of::SqlLocatorsUpdateCopy,
    ] {
        to.append(of, false);
    }
    to.append(Of::SqlSupportedPositionedCommands, 0);
    let none = SqlTransactionIsolationLevel::SqlTransactionNone as i32;
    to.append(Of::SqlDefaultTransactionIsolation, none);
    to.append(Of::SqlSupportedTransactionsIsolationLevels, bits([none]));
    let forward = SqlSupportedResultSetType::SqlResultSetTypeForwardOnly as i32;
    to.append(Of::SqlSupportedResultSetTypes, bits([forward]));
    let read = bits([SqlSupportedResultSetConcurrency::SqlResultSetConcurrencyReadOnly as i32]);
    to.append(Of::SqlSupportedConcurrenciesForResultSetForwardOnly, read);
    for of in [
        Of::SqlSupportedConcurrenciesForResultSetUnspecified,
        Of::SqlSupportedConcurrenciesForResultSetScrollSensitive,
        Of::SqlSupportedConcurrenciesForResultSetScrollInsensitive,
    ] {
        to.append(of, 0);
    }
}

/// 0 is no limit, or none that is known.
fn largest(to: &mut SqlInfoDataBuilder) {
    to.append(Of::SqlMaxStatementLength, LONGEST as i64);
    to.append(Of::SqlMaxStatements, STATEMENTS as i64);
    to.append(Of::SqlMaxRowSizeIncludesBlobs, true);
    for of in [
        Of::SqlMaxBinaryLiteralLength,
        Of::SqlMaxCharLiteralLength,
        Of::SqlMaxColumnNameLength,
        Of::SqlMaxColumnsInGroupBy,
        Of::SqlMaxColumnsInIndex,
        Of::SqlMaxColumnsInOrderBy,
        Of::SqlMaxColumnsInSelect,
        Of::SqlMaxColumnsInTable,
        Of::SqlMaxConnections,
        Of::SqlMaxCursorNameLength,
        Of::SqlMaxIndexLength,
        Of::SqlDbSchemaNameLength,
        Of::SqlMaxProcedureNameLength,
        Of::SqlMaxCatalogNameLength,
        Of::SqlMaxRowSize,
        Of::SqlMaxTableNameLength,
        Of::SqlMaxTablesInSelect,
        Of::SqlMaxUsernameLength,
    ] {
        to.append(of, 0_i64);
    }
}

fn bits<const N: usize>(places: [i32; N]) -> i32 {
    places.into_iter().fold(0, |all, place| all | 1 << place)
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::UInt32Type;

    use super::*;

    #[test]
    fn everything_is_told_but_versions_of_what_is_not_there() {
        let told = all().unwrap().record_batch([]).unwrap();
        let told = told.column(0).as_primitive::<UInt32Type>();
        let known = (0..10_000).filter(|code| Of::try_from(*code).is_ok());
        let missing: Vec<_> = known.filter(|code| !told.values().contains(&(*code as u32))).collect();
        let substrait = [Of::FlightSqlServerSubstraitMinVersion, Of::FlightSqlServerSubstraitMaxVersion];
        assert_eq!(missing, substrait.map(|of| of as i32));
    }
}
