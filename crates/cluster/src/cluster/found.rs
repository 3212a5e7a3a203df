//! A cluster that is looked for, and whether its executors see what work needs.

use std::time::Duration;

use futures::future::join_all;
use results::cli::Address;
use results::error::Failure;
use tokio::runtime::{Builder, Runtime};

use super::door::{ABOUT, About, Member, PROBE, Probe, Probed, ask, told};

/// How long a program of the cluster has to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Finds the cluster at an address: of this version, and with executors.
pub(super) fn found(address: &Address) -> Result<(Runtime, About), Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(Failure::error)?;
    let about = runtime.block_on(about(address)).map_err(Failure::error)?;
    let who = format!("the scheduler at {address}");
    about.versions.check(&who).map_err(Failure::usage)?;
    if about.executors.is_empty() {
        return Err(Failure::error(format!(
            "{who} has no executors\n(hint: `results-cluster executor --scheduler {}:{}` on each machine adds one)",
            address.host, address.port
        )));
    }
    Ok((runtime, about))
}

async fn about(address: &Address) -> Result<About, String> {
    let asked = ask((address.host.as_str(), address.port), ABOUT, Vec::new(), PATIENCE).await;
    asked.map_err(|why| {
        let start = "`results-cluster scheduler` says where it is";
        format!("the scheduler at {address} {why}\n(hint: {start})")
    })
}

/// Whether all executors see what work needs.
pub(super) async fn probe(address: &Address, probe: &Probe) -> Result<(), String> {
    let about = about(address).await?;
    let body = told(probe)?;
    let asked = about.executors.iter().map(|member| probe_of(member, body.clone()));
    let answers = join_all(asked).await;
    let none_answers = !answers.iter().any(|answer| matches!(answer, Ok(true)));
    for answer in answers {
        answer?;
    }
    // One that does not answer is lost, or about to be; the scheduler gives its parts to others.
    if none_answers { Err(format!("none of the executors of {address} answers")) } else { Ok(()) }
}

/// Whether an executor answers.
async fn probe_of(member: &Member, body: Vec<u8>) -> Result<bool, String> {
    let Member { host, port, .. } = member;
    let probed: Probed = match ask((host.as_str(), *port), PROBE, body, PATIENCE).await {
        Ok(probed) => probed,
        Err(why) if why.starts_with("does not answer") => {
            log::warn!("the executor at {host}:{port} {why}");
            return Ok(false);
        }
        Err(why) => return Err(format!("the executor at {host}:{port} {why}")),
    };
    probed.versions.check(&format!("the executor at {host}:{port}"))?;
    match probed.fault {
        None => Ok(true),
        Some(fault) => {
            Err(format!("the executor at {host}:{port} on {} cannot do parts: {fault}", probed.host))
        }
    }
}
