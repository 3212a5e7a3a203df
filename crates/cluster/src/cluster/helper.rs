//! Who has partitions of queries computed: this process, which answers the query, by the executors of a cluster.

use std::time::Duration;

use async_trait::async_trait;
use ballista_core::serde::protobuf::PartitionLocation;
use futures::{StreamExt, TryStreamExt, stream};
use results::cli::Address;
use results::sql::{Asking, Helper, Received, Share, Unshared};
use tokio::time::timeout;

use super::door::{About, Probe};
use super::found::probe;
use super::job::{Desk, said_at};
use super::work::{Spec, Work};

/// How often partitions are handed in whose rows did not arrive.
const ROUNDS: u32 = 4;
/// Partitions whose rows are fetched at the same time.
const FETCHED: usize = 8;
/// How long the next rows of a partition may take: they are on the disk of who computed them.
const SILENT: Duration = Duration::from_secs(30);
/// Partitions of a plan, at most.
const MOST: usize = 1024;

/// The executors of a cluster.
#[derive(Debug)]
pub(super) struct QueryHelper {
    address: Address,
    cores: usize,
}

impl QueryHelper {
    pub(super) fn new(address: Address, about: &About) -> Self {
        let cores: usize = about.executors.iter().map(|executor| executor.cores as usize).sum();
        Self { address, cores: cores.clamp(1, MOST) }
    }
}

#[async_trait]
impl Helper for QueryHelper {
    fn partitions(&self) -> usize {
        self.cores
    }

    async fn prepare(&self, asking: &Asking) -> Result<(), Unshared> {
        Ok(probe(&self.address, &Probe::Query(asking.clone())).await?)
    }

    async fn compute(&self, share: &Share, rows: &Received) -> Result<(), Unshared> {
        let mut desk = Desk::new(&self.address)?;
        for _ in 0..ROUNDS {
            let spec = Spec::new(Work::Query(share.clone()), &rows.missing());
            let places = desk.carry_out(&spec).await?;
            let fetched = stream::iter(places).map(|place| fetch(place, rows)).buffer_unordered(FETCHED);
            fetched.try_collect::<Vec<()>>().await?;
            if rows.missing().is_empty() {
                return Ok(());
            }
        }
        Err(Unshared::Because(format!(
            "the rows of partitions {:?} did not arrive, {ROUNDS} times: the executors that computed them were lost, or are not \
             reached from here by the name that they have (`results-cluster executor --host`)",
            rows.missing()
        )))
    }
}

/// Takes the rows of partitions; those that do not arrive are missing afterwards.
async fn fetch(place: PartitionLocation, rows: &Received) -> Result<(), Unshared> {
    let lost = |why: &str| log::info!("rows of a partition are lost: {why}");
    let mut said = match said_at(place).await {
        Ok(said) => said,
        Err(why) => {
            lost(&why);
            return Ok(());
        }
    };
    let mut begun = None;
    loop {
        let said = match timeout(SILENT, said.next()).await {
            Ok(Some(Ok(said))) => said,
            Ok(None) => return Ok(()),
            Ok(Some(Err(why))) => {
                lost(&why);
                return Ok(());
            }
            Err(_) => {
                lost("no answer");
                return Ok(());
            }
        };
        if begun.replace(said.part) != Some(said.part) {
            rows.begin(said.part);
        }
        if said.is_of_rows() {
            rows.add(said.part, &said.rows)?;
        } else if said.is_done() {
            rows.end(said.part);
        } else {
            let why = serde_json::from_str(&said.message);
            return Err(why.unwrap_or(Unshared::Because(said.message)));
        }
    }
}
