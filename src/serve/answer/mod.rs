//! Questions about sources, each answered by a process of its own.
//!
//! ```text
//! Pool: queue, limits, deadlines ── Job (JSON) ──▶ child ─ engine ─▶ source, read only
//!        ◀── Frame: columns, bytes, done or error ──┘
//! ```
//!
//! It knows no protocol: whoever asks has a [`Job`], and gets frames whose bytes are in the format that it asked for.

mod asking;
mod child;
mod drawn;
mod frame;
mod job;
mod pool;
mod process;
mod starter;
mod work;

pub use asking::Limits;
pub(crate) use asking::{Asker, Finished, Running};
pub use child::main;
pub(crate) use drawn::{DAMAGED, Drawing, Drawn, Form, ParamOf, Picture, PlotOf, ReportOf, Size};
pub(crate) use frame::{ColumnOf, Done, Frame, Message};
pub(crate) use job::{Ask, Beside, Filter, Format, Job, Op, PgSession, Rows, Sort, Spoken, Text};
pub(crate) use pool::{Answer, Pool};
