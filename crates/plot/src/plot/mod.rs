//! Plots: the header of a query file says what is drawn ([`Plot::parse`]), rows come beside it ([`Rows`]), and [`svg`]
//! makes the picture. The same rows give the same bytes; whatever they hold is drawn, or said to be left out.

mod bind;
mod canvas;
mod cells;
mod compose;
mod draw;
mod error;
mod frame;
mod header;
mod legend;
mod look;
mod marks;
mod number;
#[cfg(feature = "png")]
mod png;
mod rows;
mod scale;
mod spec;
mod text;
mod ticks;

pub use bind::MOST_MARKS;
pub use draw::svg;
pub use error::{DrawError, HeaderError};
pub use header::SECTIONS;
pub use look::{Look, Theme, page_style};
pub use number::short;
#[cfg(feature = "png")]
pub use png::{PngError, png};
pub use rows::{Rows, Values};
pub use spec::{At, Axis, Field, Layer, Mark, Plot, ScaleKind};
pub use text::allowed_html;
pub use ticks::moment;
