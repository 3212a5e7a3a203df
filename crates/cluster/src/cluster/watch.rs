//! Executors whose process has ended. Ballista takes an executor for lost when it has been silent for half a minute, which a
//! frozen one or a broken network needs; of one that was killed, its machine tells at once that nobody listens.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ballista_core::serde::protobuf::ExecutorStoppedParams;
use ballista_core::serde::protobuf::scheduler_grpc_server::SchedulerGrpc;
use ballista_scheduler::cluster::ClusterState;
use ballista_scheduler::scheduler_server::SchedulerServer;
use tokio::net::TcpStream;
use tonic::Request;

use super::codec::{HandedIn, NoQuery};
use super::door::Member;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// How often nobody has to be there, one after the other.
const TWICE: u32 = 2;

/// The scheduler of this cluster.
pub(super) type Scheduler = SchedulerServer<NoQuery, HandedIn>;

/// The executors that were heard of within so many seconds.
pub(super) async fn members(cluster: &Arc<dyn ClusterState>, seconds: u64) -> Vec<Member> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let heard = cluster.executor_heartbeats();
    let is_heard = |id: &str| heard.get(id).is_some_and(|last| last.timestamp + seconds >= now);
    let all = cluster.registered_executor_metadata().await;
    let here = all.into_iter().filter(|executor| is_heard(&executor.id));
    let mut members: Vec<Member> = here
        .map(|executor| Member {
            id: executor.id,
            host: executor.host,
            port: executor.port,
            cores: executor.specification.vcores,
        })
        .collect();
    members.sort_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
    members
}

/// Tells the scheduler of executors that have ended, as long as it runs.
pub(super) async fn watch(scheduler: Scheduler, cluster: Arc<dyn ClusterState>) {
    let mut absent: BTreeMap<String, u32> = BTreeMap::new();
    loop {
        tokio::time::sleep(EVERY).await;
        let members = members(&cluster, u64::MAX / 2).await;
        absent.retain(|id, _| members.iter().any(|member| member.id == *id));
        for member in members {
            let tried = tokio::time::timeout(
                EVERY,
                TcpStream::connect((member.host.trim_matches(['[', ']']), member.port)),
            )
            .await;
            let refused = matches!(tried, Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused);
            let times = absent.entry(member.id.clone()).or_default();
            *times = if refused { *times + 1 } else { 0 };
            if *times == TWICE {
                let reason = format!("nobody listens at {}:{}", member.host, member.port);
                let stopped = ExecutorStoppedParams { executor_id: member.id, reason };
                let _ = scheduler.executor_stopped(Request::new(stopped)).await;
            }
        }
    }
}
