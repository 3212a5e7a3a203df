//! Plots of `results`: a header that says what is drawn, rows, and a picture ([`plot`]). It knows neither files nor
//! a query engine: whoever has rows hands them over as [`plot::Rows`].

pub mod plot;
