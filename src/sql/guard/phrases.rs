//! More of what the engine says, in other words: columns that are neither grouped nor summarised, whole numbers that
//! overflow within functions, lengths of time.

/// A message that needs other words.
pub(super) fn known(text: &str) -> Option<String> {
    if text.contains("must appear in the GROUP BY clause") {
        let column = text.split('"').nth(1)?;
        let name = column.rsplit('.').next().unwrap_or(column);
        return Some(format!(
            "{column} has several values where there is one row a group\n\
             (hint: GROUP BY {name} too, or an aggregate of it, as in min({name}))"
        ));
    }
    if text.starts_with("COUNT DISTINCT with multiple arguments") {
        return Some(
            "count(DISTINCT …) takes one column\n(hint: SELECT count(*) FROM (SELECT DISTINCT a, b FROM …))"
                .to_owned(),
        );
    }
    let overflow = text.strip_prefix("Overflow happened on ");
    let overflow = overflow.or_else(|| text.split_once("integer overflow in ").map(|(_, what)| what));
    if let Some(what) = overflow {
        return Some(format!(
            "{what} is too large for a whole number\n(hint: smaller numbers, or power(…) and exp(…) with decimals)"
        ));
    }
    if text.contains("to Interval(") || text.contains("Interval(MonthDayNano)") {
        return Some(
            "a length of time cannot be had or used so\n\
             (hint: INTERVAL '3 days' is added to a time or taken from it; extract(epoch FROM x) makes a number of one)"
                .to_owned(),
        );
    }
    None
}
