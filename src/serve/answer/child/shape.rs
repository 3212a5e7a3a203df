//! What a query takes and gives, without its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::writer::StreamWriter;
use datafusion::dataframe::DataFrame;

use super::super::frame::Done;
use super::super::job::Text;
use super::answering::Answering;
use super::messages::plain;
use super::out::Out;
use super::query::{of_text, params_of};
use super::told::{of_engine, of_params, of_rows, of_session};
use crate::export::one_field_each;
use crate::serve::access::Ended;
use crate::sources::Loaded;
use crate::sql::{cast_parameters, parameters};

/// What says of a parameter that its type cannot be known.
const UNKNOWN: &str = "results.unknown";

/// Columns and parameters of a query.
pub(super) async fn shape(
    answering: Answering<'_>,
    loaded: &Loaded,
    text: &Text,
    out: &mut Out,
) -> Result<Done, Ended> {
    #[cfg(feature = "pg")]
    if let Some(frame) = super::pg::planned(answering, loaded, text).await? {
        // What is cast in the catalogue was put into other words.
        return told(&frame, &BTreeMap::new(), text, out);
    }
    let planned = of_text(answering, loaded, text).await?;
    let casts = cast_parameters(planned.frame()).map_err(|error| of_session(&error))?;
    told(planned.frame(), &casts, text, out)
}

fn told(
    frame: &DataFrame,
    casts: &BTreeMap<String, DataType>,
    text: &Text,
    out: &mut Out,
) -> Result<Done, Ended> {
    one_field_each(frame.schema().as_arrow()).map_err(of_rows)?;
    let parameters = parameters(frame).map_err(of_params)?.into_iter().map(|(name, kind)| {
        match kind.or_else(|| casts.get(&name).cloned()) {
            Some(kind) if kind != DataType::Null => Field::new(name, kind, true),
            _ => Field::new(name, DataType::Utf8, true)
                .with_metadata([(UNKNOWN.to_owned(), "true".to_owned())].into()),
        }
    });
    let parameters = Schema::new(parameters.collect::<Vec<_>>());
    // Where nobody can know the type of a parameter, the values tell it, if there are some.
    let rows = match text.values {
        Some(_) => plain(params_of(text)?.bind(frame.clone()).map_err(of_params)?.schema().as_arrow()),
        None => plain(frame.schema().as_arrow()),
    };
    let mut body = part(&rows)?;
    body.extend(part(&plain(&parameters))?);
    out.bytes(body)
}

/// A stream without rows, behind its length.
fn part(schema: &Arc<Schema>) -> Result<Vec<u8>, Ended> {
    let failed = |error: arrow::error::ArrowError| of_engine(error.into());
    let mut stream = StreamWriter::try_new(Vec::new(), schema).map_err(failed)?;
    stream.finish().map_err(failed)?;
    let stream = stream.into_inner().map_err(failed)?;
    let mut part = (stream.len() as u32).to_be_bytes().to_vec();
    part.extend(stream);
    Ok(part)
}
