//! The engine's own aggregates with what they get wrong mended, under their names.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature,
};

use super::fold::{Groups, Largest, One, Smallest, Sum};
use super::frames::{Counted, Window};
use super::moving::{Moment, Moving};

/// Puts mended aggregates in the place of the engine's.
pub(super) fn register(ctx: &SessionContext) {
    let all: Vec<Arc<AggregateUDF>> = ctx.state().aggregate_functions().values().cloned().collect();
    for inner in all {
        let moment = Moment::of(inner.name());
        if moment.is_some() || ["max", "min"].contains(&inner.name()) {
            ctx.register_udaf(AggregateUDF::from(Mended { inner, moment }));
        }
    }
}

/// An aggregate of the engine, with accumulators of our own where the engine's are wrong.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Mended {
    inner: Arc<AggregateUDF>,
    /// What it is of a moving frame.
    moment: Option<Moment>,
}

/// What is done differently.
enum Way {
    /// A sum of whole numbers or decimals; its state is as wide as can be.
    Sum(DataType),
    Largest,
    Smallest,
    /// As the engine does it.
    Same,
}

impl Mended {
    fn way(&self, kind: &DataType) -> Way {
        match (self.inner.name(), kind) {
            ("sum", DataType::Int64 | DataType::UInt64) => Way::Sum(DataType::Decimal128(38, 0)),
            ("sum", DataType::Decimal128(..)) => Way::Sum(kind.clone()),
            ("max", DataType::Float32 | DataType::Float64) => Way::Largest,
            ("min", DataType::Float32 | DataType::Float64) => Way::Smallest,
            _ => Way::Same,
        }
    }
}

impl AggregateUDFImpl for Mended {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(kinds)
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        self.inner.inner().return_field(fields)
    }

    fn is_nullable(&self) -> bool {
        self.inner.inner().is_nullable()
    }

    fn coerce_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(kinds)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let kind = args.return_field.data_type();
        Ok(match self.way(kind) {
            Way::Sum(_) if args.is_distinct => Box::new(Counted::new(kind, true)),
            Way::Sum(state) => Box::new(One::<Sum>::new(kind, &state)),
            Way::Largest => Box::new(One::<Largest>::new(kind, kind)),
            Way::Smallest => Box::new(One::<Smallest>::new(kind, kind)),
            Way::Same => return self.inner.inner().accumulator(args),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        match self.way(args.return_field.data_type()) {
            Way::Sum(state) if !args.is_distinct => {
                Ok(vec![Arc::new(Field::new(format_state_name(args.name, "sum"), state, true))])
            }
            _ => self.inner.inner().state_fields(args),
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.inner.inner().groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let kind = args.return_field.data_type();
        Ok(match self.way(kind) {
            Way::Sum(state) => Box::new(Groups::<Sum>::new(kind, &state)),
            Way::Largest => Box::new(Groups::<Largest>::new(kind, kind)),
            Way::Smallest => Box::new(Groups::<Smallest>::new(kind, kind)),
            Way::Same => return self.inner.inner().create_groups_accumulator(args),
        })
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let kind = args.return_field.data_type();
        let are_doubles = args.expr_fields.iter().all(|field| *field.data_type() == DataType::Float64);
        Ok(match (self.way(kind), self.moment) {
            (Way::Sum(_), _) => Box::new(Counted::new(kind, args.is_distinct)),
            (Way::Largest, _) => Box::new(Window::<Largest>::new(kind)),
            (Way::Smallest, _) => Box::new(Window::<Smallest>::new(kind)),
            (Way::Same, Some(moment)) if are_doubles && !args.is_distinct => Box::new(Moving::new(moment)),
            (Way::Same, _) => return self.inner.inner().create_sliding_accumulator(args),
        })
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.inner().order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.inner.inner().reverse_expr()
    }

    fn default_value(&self, kind: &DataType) -> Result<ScalarValue> {
        self.inner.inner().default_value(kind)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.inner.inner().supports_null_handling_clause()
    }

    fn set_monotonicity(&self, kind: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(kind)
    }
}
