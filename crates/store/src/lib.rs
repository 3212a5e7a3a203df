//! The format of a run on disk, for programs that read or write runs without a query engine.
//!
//! [`schema`] says what tables there are, [`config`] what a run does, [`store`] how a run is kept and how a unit is
//! committed, [`attempts`] which attempt of a unit counts. [`sorted`] reads the tables in the order of their keys and
//! [`compact`] makes few files of many.

pub mod attempts;
pub mod beside;
pub mod compact;
pub mod config;
pub mod error;
pub mod event;
pub mod failpoint;
pub mod hidden;
pub mod leases;
pub mod printable;
pub mod schema;
pub mod sorted;
pub mod store;
pub mod system;
pub mod text_file;
pub mod yaml;
