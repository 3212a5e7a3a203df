//! Rows of the table `group_tests`.

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::error::ArrowError;

use crate::measures;
use crate::schema::Schemas;

/// The name of the query file that gives the differences.
pub(crate) const DIFFERENCES: &str = "report/differences";

/// The name of the query file that gives the couplings; where there is no choice of nulls, nobody has asked for them.
pub(crate) const COUPLINGS: &str = "report/couplings";

/// A test over all users: of the difference of the two directions, or of one of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct GroupTest {
    /// The measure.
    pub measure: String,
    /// How the source was computed.
    pub feature_mode: String,
    /// Lag in steps, if the measure has one.
    pub tau: Option<i64>,
    /// The direction of a coupling.
    pub direction: Option<String>,
    /// Users with a value.
    pub users: i64,
    /// Median of the values.
    pub median: Option<f64>,
    /// Share of users above 0.
    pub share_positive: Option<f64>,
    /// p of the Wilcoxon signed-rank test.
    pub p: Option<f64>,
    /// The same, corrected over all group tests.
    pub q: Option<f64>,
    /// Hodges–Lehmann estimate.
    pub location: Option<f64>,
    /// Ends of its interval.
    pub interval: Option<(f64, f64)>,
    /// Unit of the values.
    pub unit: Option<String>,
}

/// The tests in the order of the catalogue of measures, then by mode and lag.
pub(crate) fn group_tests(batches: &[RecordBatch], schemas: &Schemas) -> Result<Vec<GroupTest>, ArrowError> {
    let mut tests = Vec::new();
    for batch in batches {
        let column = |name: &str| {
            batch
                .column_by_name(name)
                .ok_or_else(|| ArrowError::SchemaError(format!("column {name} not found")))
        };
        let (measure, difference, mode) =
            (texts(column("measure")?)?, texts(column("difference")?)?, texts(column("feature_mode")?)?);
        let (tau, users) = (whole(column("tau")?)?, whole(column("n")?)?);
        let number = |name: &str| column(name).and_then(numbers);
        let (median, share) = (number("median")?, number("share_positive")?);
        let (p, q, location) = (number("p")?, number("q")?, number("location")?);
        let (low, high) = (number("location_low")?, number("location_high")?);
        let direction = batch.column_by_name("direction").map(texts).transpose()?;
        for row in 0..batch.num_rows() {
            let measure = measure[row].clone().unwrap_or_default();
            let difference = difference[row].as_deref().unwrap_or_default();
            tests.push(GroupTest {
                unit: unit(schemas, &measure, difference),
                measure,
                feature_mode: mode[row].clone().unwrap_or_default(),
                tau: tau[row],
                direction: direction.as_ref().and_then(|direction| direction[row].clone()),
                users: users[row].unwrap_or_default(),
                median: median[row],
                share_positive: share[row],
                p: p[row],
                q: q[row],
                location: location[row],
                interval: low[row].zip(high[row]),
            });
        }
    }
    let place = |test: &GroupTest| {
        let all = measures::all();
        all.iter().position(|measure| measure.family() == test.measure).unwrap_or(all.len())
    };
    tests.sort_by(|a, b| {
        let key = |test: &GroupTest| {
            let GroupTest { measure, feature_mode, tau, direction, .. } = test.clone();
            (place(test), measure, feature_mode, tau, direction)
        };
        key(a).cmp(&key(b))
    });
    Ok(tests)
}

/// The unit of a measure's difference, as its schema says.
fn unit(schemas: &Schemas, measure: &str, difference: &str) -> Option<String> {
    let of_measure = schemas.iter().filter(|schema| schema.measure.as_deref() == Some(measure));
    let mut columns = of_measure.flat_map(|schema| &schema.columns);
    columns.find(|column| column.name == difference).and_then(|column| column.unit.clone())
}

fn texts(values: &ArrayRef) -> Result<Vec<Option<String>>, ArrowError> {
    let values = cast(values, &DataType::Utf8)?;
    Ok(values.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
}

fn whole(values: &ArrayRef) -> Result<Vec<Option<i64>>, ArrowError> {
    let values = cast(values, &DataType::Int64)?;
    Ok(values.as_primitive::<Int64Type>().iter().collect())
}

/// Numbers, none where there is no value.
fn numbers(values: &ArrayRef) -> Result<Vec<Option<f64>>, ArrowError> {
    let values = cast(values, &DataType::Float64)?;
    Ok(values
        .as_primitive::<Float64Type>()
        .iter()
        .map(|value| value.filter(|value| value.is_finite()))
        .collect())
}
