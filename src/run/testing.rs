//! What tests of this room need.

use std::sync::Arc;

use crate::schema::Schemas;
use crate::store::{NewRun, Run, Storage};

/// A run of nobody.
pub(super) fn run_in(storage: Arc<dyn Storage>) -> Run {
    let config = include_str!("../../tests/reference/dataset_config.json");
    let schemas = Schemas::load(None).unwrap();
    let new = NewRun {
        config: &serde_json::from_str(config).unwrap(),
        units: Vec::new(),
        shards: 4,
        only_shards: Vec::new(),
        schemas: &schemas,
        data_folder: "/data".into(),
        control: None,
    };
    Run::create_or_join(storage, &new).unwrap()
}
