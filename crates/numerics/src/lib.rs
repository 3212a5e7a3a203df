//! Numbers of `results` without files, tables or configuration: information measures of symbol series
//! ([`numerics`]) and the surrogates they are tested against ([`nulls`]).

pub mod nulls;
pub mod numerics;
