//! Functions of the engine with something of ours around them, under their names.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// What is done in the place of a function.
pub(super) trait Work: Debug + PartialEq + Eq + Hash + Send + Sync + 'static {
    fn call(&self, engine: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue>;
}

/// Puts it in the place of the engine's function of a name.
pub(super) fn register(ctx: &SessionContext, name: &str, work: impl Work) {
    if let Some(engine) = ctx.state().scalar_functions().get(name) {
        ctx.register_udf(ScalarUDF::from(Around { engine: Arc::clone(engine), work }));
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Around<W> {
    engine: Arc<ScalarUDF>,
    work: W,
}

impl<W: Work> ScalarUDFImpl for Around<W> {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn aliases(&self) -> &[String] {
        self.engine.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.engine.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.engine.signature()
    }

    fn return_type(&self, kinds: &[DataType]) -> Result<DataType> {
        self.engine.return_type(kinds)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.engine.return_field_from_args(args)
    }

    fn coerce_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        self.engine.coerce_types(kinds)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.work.call(&self.engine, args)
    }
}
