//! The one way of a query to the engine: whoever asks, at the prompt, in a file, or through a door.
//!
//! | file | what it sees to |
//! |---|---|
//! | `kinds` | statements that are no queries are refused |
//! | `limits` | no text is so long or so deep that planning it ends the process |
//! | `size` | what a query comes to once its `WITH` is written out |
//! | `written` | no condition grows beyond what can be planned where columns of `WITH` are written out in it |
//! | `conditions` | no more of them come together than the optimizer can put together |
//! | `clauses` | what the parser takes and the engine leaves undone is refused |
//! | `replaced` | columns that `REPLACE` names are there |
//! | `operators` | what is another operator elsewhere is refused |
//! | `keys` | a key of `USING` is one column in conditions too |
//! | `lists` | `ANY` of a list follows three-valued logic |
//! | `balance` | thousands of terms of `AND` and `OR` make a flat tree |
//! | `frames` | a distance of `RANGE` is of the kind that the column of `ORDER BY` asks for |
//! | `subqueries` | `NOT IN` follows three-valued logic; what cannot be carried out is refused in plain words |
//! | `arithmetic` | whole numbers do not wrap, NaN is one value |
//! | `moments` | no number is taken for nanoseconds where seconds are meant |
//! | `patterns` | patterns of times are those of here |
//! | `casts` | a cast that fails names value, column and user |
//! | `headings` | columns without a name are called as they are written |
//! | `text` | where a query ends in a text of several |
//! | `types` | names of types as SQL has them |
//! | `walk` | one way through the tree of a statement for all of these |
//! | `words` | the engine's errors as people read them |
//! | `names` | names of columns and tables that are not there, or twice |
//! | `arguments` | functions that do not take what they are given |
//! | `signs` | operators that are none here |
//! | `elsewhere` | functions that other databases have, and what to write here |
//! | `far` | what a store says of a file that is read |

mod arguments;
mod arithmetic;
mod balance;
mod casts;
mod clauses;
mod conditions;
mod elsewhere;
mod far;
mod frames;
mod headings;
mod keys;
mod kinds;
mod limits;
mod lists;
mod moments;
mod names;
mod nearest;
mod operators;
mod patterns;
mod phrases;
mod plan;
mod refusal;
mod replaced;
mod shift;
mod signs;
mod size;
mod subqueries;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod unnested;
mod walk;
mod words;
mod written;

pub(super) use arithmetic::too_large;
pub(super) use nearest::{absent_table, nearest, placed};
pub use plan::{check_length, plan_in};
pub(super) use plan::{plan, prepare};
pub use refusal::Refusal;
pub use text::FirstStatement;
pub(super) use words::plain;
