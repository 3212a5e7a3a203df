//! What a group test says, of values that are in memory as long as they are few, and on the disk otherwise.

use std::io;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use results_numerics::numerics::stats::{Sorted, Stored, hodges_lehmann_of_sorted, wilcoxon_of_sorted};

use super::aggregate::{finite, list, list_type};
use super::arguments::{as_doubles, one_number};
use crate::sorted::{InOrder, Numbers, StoredNumbers};

const NAME: &str = "signed_ranks";

/// The aggregate function: see [`signed_ranks`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct SignedRanks {
    signature: Signature,
}

impl SignedRanks {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for SignedRanks {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(as_doubles(types))
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        one_number(NAME, &types.iter().collect::<Vec<_>>())?;
        Ok(list_type())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "values"), list_type(), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Ranked { distinct: args.is_distinct, values: Numbers::default() }))
    }
}

/// Values that are being collected.
#[derive(Debug)]
struct Ranked {
    distinct: bool,
    values: Numbers,
}

impl Accumulator for Ranked {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<Float64Type>().iter().flatten() {
            self.values.push(finite(NAME, value)?).map_err(|error| kept(&error))?;
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            self.update_batch(&[values])?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![list(Some(self.values.take().map_err(|error| kept(&error))?))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        match self.values.sorted(self.distinct).map_err(|error| kept(&error))? {
            InOrder::Held(values) => signed_ranks(Sorted::Held(values)),
            InOrder::Stored(values) => signed_ranks(Sorted::Stored(&OnDisk(values))),
        }
        .map_err(|error| kept(&error))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.bytes()
    }
}

/// Values on the disk, for formulas.
#[derive(Debug)]
struct OnDisk<'a>(StoredNumbers<'a>);

impl Stored for OnDisk<'_> {
    fn count(&self) -> usize {
        self.0.count()
    }

    fn read(&self, place: usize, values: &mut [f64]) -> io::Result<()> {
        self.0.read(place, values)
    }
}

/// Of values: median, p of the signed-rank test two-sided and greater, Hodges–Lehmann estimate, and its interval. What there
/// is none of is null.
fn signed_ranks(values: Sorted<'_>) -> io::Result<ScalarValue> {
    let n = values.count();
    // As the engine has it.
    let median = match n % 2 {
        _ if n == 0 => None,
        1 => Some(values.at(n / 2)?),
        _ => Some(f64::midpoint(values.at(n / 2 - 1)?, values.at(n / 2)?)),
    };
    let test = wilcoxon_of_sorted(values)?;
    let located = hodges_lehmann_of_sorted(values, 0, "hodges_lehmann_interval")?;
    let interval = located.and_then(|(_, interval)| interval);
    let found = [
        median,
        test.map(|test| test.p),
        test.map(|test| test.p_greater),
        located.map(|(location, _)| location),
        interval.map(|(low, _)| low),
        interval.map(|(_, high)| high),
    ];
    let field = Arc::new(Field::new_list_field(DataType::Float64, true));
    let found = Arc::new(found.into_iter().collect::<Float64Array>());
    let list = ListArray::new(field, OffsetBuffer::from_lengths([found.len()]), found, None);
    Ok(ScalarValue::List(Arc::new(list)))
}

/// The disk does not keep the values.
fn kept(error: &io::Error) -> DataFusionError {
    let folder = std::env::temp_dir();
    DataFusionError::Execution(format!(
        "the values of {NAME} cannot be kept in {}: {error}\n(hint: TMPDIR names another folder, with 16 bytes for each value)",
        folder.display()
    ))
}
