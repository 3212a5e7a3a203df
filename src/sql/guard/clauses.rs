//! What the parser takes and the engine would leave undone, or do wrongly.

use std::ops::ControlFlow;

use datafusion::execution::session_state::SessionState;
use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArgumentClause, FunctionArgumentList, FunctionArguments,
    GroupByExpr, JoinConstraint, JoinOperator, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query, Select,
    SelectFlavor, SelectItem, SetExpr, SetOperator, SetQuantifier, TableFactor, TableWithJoins, VisitorMut,
};

use super::refusal::Refusal;
use super::walk::Found;

/// Aggregates that look at each value once if they are told `DISTINCT`, or for which that changes nothing.
const DISTINCT: &[&str] = &[
    "any_value",
    "approx_distinct",
    "approx_median",
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "count",
    "first_value",
    "hodges_lehmann",
    "hodges_lehmann_interval",
    "ks_uniform",
    "last_value",
    "max",
    "mean",
    "median",
    "min",
    "percentile_cont",
    "quantile_cont",
    "signed_ranks",
    "string_agg",
    "sum",
    "var",
    "var_pop",
    "var_population",
    "var_samp",
    "var_sample",
    "wilcoxon_greater_p",
    "wilcoxon_p",
];

/// Aggregates that do so in a window.
const DISTINCT_IN_WINDOW: &[&str] =
    &["any_value", "approx_distinct", "bool_and", "bool_or", "count", "max", "min"];

/// Window functions that can pass nulls over.
const NULLS: &[&str] = &["first_value", "lag", "last_value", "lead", "nth_value"];

/// Refuses the first of them.
pub(super) struct Clauses<'a> {
    pub(super) state: &'a SessionState,
}

/// Refuses if the clause is there.
fn refused(is_there: bool, what: &str, instead: &str) -> Found {
    if !is_there {
        return ControlFlow::Continue(());
    }
    ControlFlow::Break(Box::new(Refusal::new(what, instead)))
}

impl VisitorMut for Clauses<'_> {
    type Break = Box<Refusal>;

    fn pre_visit_query(&mut self, query: &mut Query) -> Found {
        refused(
            !query.locks.is_empty(),
            "FOR UPDATE and FOR SHARE lock nothing here",
            "leave it out: queries only read",
        )?;
        refused(query.for_clause.is_some(), "FOR XML and FOR JSON are not carried out", "--format json")?;
        refused(query.settings.is_some(), "SETTINGS are not carried out", "leave them out")?;
        refused(
            query.format_clause.is_some(),
            "FORMAT is not part of a query",
            "--format csv, json, parquet …",
        )?;
        refused(query.fetch.is_some(), "FETCH FIRST is not carried out", "LIMIT n")?;
        let is_by = |limit: &LimitClause| matches!(limit, LimitClause::LimitOffset { limit_by, .. } if !limit_by.is_empty());
        refused(
            query.limit_clause.as_ref().is_some_and(is_by),
            "LIMIT … BY is not carried out",
            "QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY …) <= n",
        )?;
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            refused(
                cte.materialized.is_some() || cte.from.is_some(),
                "MATERIALIZED is not carried out: a name of WITH is computed where it is used",
                "leave it out",
            )?;
        }
        if let Some(order_by) = &query.order_by {
            order(order_by, matches!(*query.body, SetExpr::Select(_)))?;
        }
        set_operations(&query.body)
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> Found {
        let group_by_modified = match &select.group_by {
            GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers) => !modifiers.is_empty(),
        };
        refused(
            group_by_modified,
            "WITH ROLLUP, CUBE and TOTALS behind GROUP BY are not carried out",
            "GROUP BY ROLLUP(a, b), CUBE(a, b) or GROUPING SETS ((a), (b))",
        )?;
        refused(select.prewhere.is_some(), "PREWHERE is not carried out", "WHERE")?;
        refused(
            !select.connect_by.is_empty(),
            "START WITH and CONNECT BY are not carried out",
            "WITH RECURSIVE name AS (first rows UNION ALL next rows)",
        )?;
        refused(
            !(select.cluster_by.is_empty() && select.distribute_by.is_empty() && select.sort_by.is_empty()),
            "CLUSTER BY, DISTRIBUTE BY and SORT BY are not carried out",
            "ORDER BY",
        )?;
        refused(
            !select.lateral_views.is_empty(),
            "LATERAL VIEW is not carried out",
            "unnest(list) in the select list",
        )?;
        refused(select.top.is_some(), "TOP is not carried out", "LIMIT n at the end of the query")?;
        refused(select.exclude.is_some(), "EXCLUDE is carried out behind * only", "SELECT * EXCLUDE (a, b)")?;
        refused(
            select.select_modifiers.is_some(),
            "these words behind SELECT are not carried out",
            "leave them out",
        )?;
        refused(
            select.value_table_mode.is_some(),
            "SELECT AS STRUCT and AS VALUE are not carried out",
            "struct(a, b)",
        )?;
        refused(
            select.flavor == SelectFlavor::FromFirstNoSelect,
            "FROM without SELECT gives no columns",
            "SELECT * FROM …",
        )?;
        select.projection.iter().try_for_each(wildcard)?;
        select.from.iter().try_for_each(joins)
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> Found {
        let sample = "TABLESAMPLE is not carried out";
        let instead = "WHERE random() < 0.01 takes about a hundredth of the rows, another one each time";
        match table {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample: sampled,
                index_hints,
            } => {
                refused(sampled.is_some(), sample, instead)?;
                refused(*with_ordinality, "WITH ORDINALITY is not carried out", "row_number() OVER ()")?;
                let is_of_another = version.is_some()
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || alias.as_ref().is_some_and(|a| a.at.is_some());
                refused(
                    is_of_another,
                    &format!("{name} has no versions, partitions or paths to choose from"),
                    "a condition in WHERE",
                )?;
                let has_hints = !with_hints.is_empty()
                    || !index_hints.is_empty()
                    || args.as_ref().is_some_and(|args| args.settings.is_some());
                refused(has_hints, "hints behind the name of a table are not carried out", "leave them out")
            }
            TableFactor::Derived { sample: sampled, .. } => refused(sampled.is_some(), sample, instead),
            TableFactor::Function { with_ordinality, .. } | TableFactor::UNNEST { with_ordinality, .. } => {
                refused(*with_ordinality, "WITH ORDINALITY is not carried out", "row_number() OVER ()")
            }
            TableFactor::NestedJoin { table_with_joins, .. } => joins(table_with_joins),
            TableFactor::Pivot { .. } => refused(
                true,
                "PIVOT is not carried out",
                "a column each: max(CASE WHEN tau = 1 THEN TE_A2S END) AS tau_1 … GROUP BY user_id",
            ),
            TableFactor::Unpivot { .. } => refused(
                true,
                "UNPIVOT is not carried out",
                "SELECT user_id, 'A2S' AS direction, TE_A2S FROM te UNION ALL SELECT user_id, 'S2A', TE_S2A FROM te",
            ),
            TableFactor::MatchRecognize { .. } => refused(
                true,
                "MATCH_RECOGNIZE is not carried out",
                "lag(x) OVER (PARTITION BY user_id ORDER BY …) and conditions on it",
            ),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Found {
        match expr {
            Expr::Function(function) => self.function(function),
            Expr::Cast { format, array, .. } => refused(
                format.is_some() || *array,
                "CAST has no FORMAT and no ARRAY here",
                "to_char(x, '%Y-%m-%d') and to_timestamp(text, '%Y-%m-%d') take a format",
            ),
            Expr::InUnnest { .. } => refused(true, "IN UNNEST is not carried out", "x = ANY(list)"),
            _ => ControlFlow::Continue(()),
        }
    }
}

impl Clauses<'_> {
    fn function(&self, function: &Function) -> Found {
        refused(
            !matches!(function.parameters, FunctionArguments::None),
            &format!("{} takes one pair of parentheses", function.name),
            "f(x, y)",
        )?;
        let name = function.name.to_string().to_lowercase();
        let FunctionArguments::List(arguments) = &function.args else { return ControlFlow::Continue(()) };
        no_fill(&function.within_group)?;
        let is_distinct = arguments.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        // The engine looks for them in this order.
        if self.state.scalar_functions().contains_key(&name) {
            return of_values(&name, function, arguments, is_distinct);
        }
        let is_window = function.over.is_some();
        let is_aggregate = self.state.aggregate_functions().contains_key(&name);
        if !is_aggregate && !self.state.window_functions().contains_key(&name) {
            // That it is unknown says more, and what to write in its place.
            return ControlFlow::Continue(());
        }
        let distinct = match (is_aggregate, is_window) {
            (true, false) => DISTINCT,
            (true, true) => DISTINCT_IN_WINDOW,
            (false, _) => &[],
        };
        refused(
            is_distinct && !distinct.contains(&name.as_str()),
            &format!("{name} does not take DISTINCT{}", if is_window { " with OVER" } else { "" }),
            &format!("{name}(…) over the rows of (SELECT DISTINCT … FROM …)"),
        )?;
        refused(
            passes_nulls(function, arguments) && is_window && !NULLS.contains(&name.as_str()),
            &format!("{name} does not take IGNORE NULLS or RESPECT NULLS"),
            "leave it out, or a condition IS NOT NULL",
        )?;
        refused(
            function.filter.is_some() && is_window && !is_aggregate,
            &format!("{name} does not take FILTER"),
            "a WHERE in the query below it",
        )
    }
}

fn wildcard(item: &SelectItem) -> Found {
    let (SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options)) = item else {
        return ControlFlow::Continue(());
    };
    let is_more = options.opt_ilike.is_some() || options.opt_rename.is_some() || options.opt_alias.is_some();
    refused(
        is_more,
        "ILIKE, RENAME and AS behind * are not carried out",
        "the columns by name, or * EXCLUDE (a, b)",
    )
}

fn order(order_by: &OrderBy, of_select: bool) -> Found {
    refused(order_by.interpolate.is_some(), "INTERPOLATE is not carried out", "leave it out")?;
    match &order_by.kind {
        OrderByKind::All(_) => refused(
            !of_select,
            "ORDER BY ALL is not carried out behind UNION, EXCEPT and INTERSECT",
            "ORDER BY 1, 2, …",
        ),
        OrderByKind::Expressions(by) => no_fill(by),
    }
}

/// Functions of the values of a row take nothing of what those of many rows do.
fn of_values(name: &str, function: &Function, arguments: &FunctionArgumentList, is_distinct: bool) -> Found {
    let word = if is_distinct {
        "DISTINCT"
    } else if function.over.is_some() {
        "OVER"
    } else if function.filter.is_some() {
        "FILTER"
    } else if !function.within_group.is_empty() {
        "WITHIN GROUP"
    } else if passes_nulls(function, arguments) {
        "IGNORE NULLS or RESPECT NULLS"
    } else if arguments.clauses.iter().any(|clause| matches!(clause, FunctionArgumentClause::OrderBy(_))) {
        "ORDER BY"
    } else {
        return ControlFlow::Continue(());
    };
    refused(
        true,
        &format!("{name} does not take {word}: it is a function of the values of one row"),
        "leave it out",
    )
}

fn passes_nulls(function: &Function, arguments: &FunctionArgumentList) -> bool {
    let is_nulls =
        |clause: &FunctionArgumentClause| matches!(clause, FunctionArgumentClause::IgnoreOrRespectNulls(_));
    function.null_treatment.is_some() || arguments.clauses.iter().any(is_nulls)
}

fn no_fill(by: &[OrderByExpr]) -> Found {
    refused(
        by.iter().any(|by| by.with_fill.is_some()),
        "WITH FILL is not carried out",
        "a join with generate_series(first, last)",
    )
}

/// Copies of rows are not counted by the engine where they are taken away.
fn set_operations(body: &SetExpr) -> Found {
    // Chains of them lean to the left, as long as a query may be.
    let mut body = body;
    while let SetExpr::SetOperation { op, set_quantifier, left, right } = body {
        let is_all = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
        refused(
            is_all && *op != SetOperator::Union,
            &format!("{op} ALL is not carried out"),
            &format!(
                "{op} without ALL looks at each row once; to count copies, give both sides a column \
                 row_number() OVER (PARTITION BY all their columns) first"
            ),
        )?;
        set_operations(right)?;
        body = left;
    }
    ControlFlow::Continue(())
}

fn joins(from: &TableWithJoins) -> Found {
    from.joins.iter().try_for_each(|join| {
        refused(join.global, "GLOBAL is not carried out", "leave it out")?;
        let (kind, constraint) = match &join.join_operator {
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("RIGHT", on),
            JoinOperator::RightSemi(on) => ("RIGHT SEMI", on),
            JoinOperator::RightAnti(on) => ("RIGHT ANTI", on),
            JoinOperator::FullOuter(on) => ("FULL", on),
            _ => return ControlFlow::Continue(()),
        };
        let of_both = match constraint {
            JoinConstraint::Using(_) => "USING",
            JoinConstraint::Natural => "NATURAL",
            JoinConstraint::On(_) | JoinConstraint::None => return ControlFlow::Continue(()),
        };
        let instead = if kind == "FULL" {
            "a FULL JOIN b ON a.user_id = b.user_id, and coalesce(a.user_id, b.user_id) AS user_id"
        } else {
            "a RIGHT JOIN b ON a.user_id = b.user_id and b.user_id; or b LEFT JOIN a USING (user_id)"
        };
        refused(
            true,
            &format!("{kind} JOIN with {of_both} is not carried out: its key would be that of the left side"),
            instead,
        )
    })
}
