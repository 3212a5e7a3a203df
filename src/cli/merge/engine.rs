//! `--engine`: who does the parts of a merge.

use std::path::Path;

use crate::cli::cluster::{Address, Cluster, hand_over};
use crate::error::Failure;
use crate::merge::{Division, Merge, PartRunner, Parts};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// Who does the parts: this process (local), or a cluster of `results-cluster` (ballista)
    #[arg(long, value_enum, requires_if("ballista", "cluster"), requires_if("ballista", "parts"))]
    engine: Option<Engine>,
    /// The scheduler of the cluster
    #[arg(long, value_name = "df://HOST:PORT", requires = "engine")]
    cluster: Option<Address>,
}

/// Who does the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    /// This process
    Local,
    /// Executors of a Ballista cluster
    Ballista,
}

impl Args {
    /// The cluster that was asked for.
    fn address(&self) -> Option<&Address> {
        self.cluster.as_ref().filter(|_| self.engine == Some(Engine::Ballista))
    }

    /// Refuses what does not go together. A program that knows no cluster goes on as the one that does.
    pub(super) fn check(&self, parts: Parts, cluster: Option<&dyn Cluster>) -> Result<(), Failure> {
        if self.cluster.is_some() && self.address().is_none() {
            return Err(Failure::usage(
                "--cluster is of --engine ballista, and this process does the parts otherwise",
            ));
        }
        if self.address().is_some() && parts.only.is_some() {
            return Err(Failure::usage(
                "a cluster does all stages\n(hint: leave out --stage and --part, or --engine and --cluster)",
            ));
        }
        if self.address().is_some() && cluster.is_none() { Err(hand_over()) } else { Ok(()) }
    }

    /// Who does the parts, if this process does not.
    pub(super) fn runner(
        &self,
        cluster: Option<&dyn Cluster>,
        merge: &Merge<'_>,
        definitions: Option<&Path>,
    ) -> Result<Option<Box<dyn PartRunner>>, Failure> {
        let (Some(address), Some(cluster)) = (self.address(), cluster) else { return Ok(None) };
        cluster.runner(address, Division::of(merge, definitions)).map(Some)
    }
}
