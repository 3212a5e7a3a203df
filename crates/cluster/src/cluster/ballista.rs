//! The clusters that commands of `results` can have do their work.

use std::sync::Arc;

use results::cli::{Address, Cluster};
use results::error::Failure;
use results::merge::{Division, PartRunner};
use results::sql::Helper;

use super::driver::Executors;
use super::found::found;
use super::helper::QueryHelper;

/// Clusters of this program's own schedulers and executors.
#[derive(Debug)]
pub(super) struct Ballista;

impl Cluster for Ballista {
    fn runner(&self, address: &Address, division: Division) -> Result<Box<dyn PartRunner>, Failure> {
        let (runtime, _) = found(address)?;
        Ok(Box::new(Executors::new(runtime, address.clone(), division)))
    }

    fn helper(&self, address: &Address) -> Result<Arc<dyn Helper>, Failure> {
        let (_, about) = found(address)?;
        Ok(Arc::new(QueryHelper::new(address.clone(), &about)))
    }
}
