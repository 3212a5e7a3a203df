//! The one way of a query to the engine: whoever asks, at the prompt, in a file, or through a door.
//!
//! | file | what it sees to |
//! |---|---|
//! | `limits` | no text is so long or so deep that planning it ends the process |
//! | `size` | what a query comes to once its `WITH` is written out |
//! | `conditions` | no more of them come together than the optimizer can put together |
//! | `clauses` | what the parser takes and the engine leaves undone is refused |
//! | `lists` | `ANY` of a list follows three-valued logic |
//! | `balance` | thousands of terms of `AND` and `OR` make a flat tree |
//! | `subqueries` | `NOT IN` follows three-valued logic; what cannot be carried out is refused in plain words |
//! | `arithmetic` | whole numbers do not wrap, NaN is one value |
//! | `text` | where a query ends in a text of several |
//! | `types` | names of types as SQL has them |
//! | `walk` | one way through the tree of a statement for all of these |
//! | `words` | the engine's errors as people read them |

mod arithmetic;
mod balance;
mod clauses;
mod conditions;
mod limits;
mod lists;
mod phrases;
mod plan;
mod refusal;
mod shift;
mod size;
mod subqueries;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod walk;
mod words;

pub(super) use arithmetic::too_large;
pub(super) use plan::{plan, prepare};
pub use refusal::Refusal;
pub use text::FirstStatement;
pub(super) use words::plain;
