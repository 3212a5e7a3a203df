//! `results-cluster scheduler`: takes stages of merges and pieces of queries, and gives their parts to executors.

use std::net::SocketAddr;
use std::sync::Arc;

use arrow_flight::flight_service_server::FlightServiceServer;
use async_trait::async_trait;
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::serde::protobuf::scheduler_grpc_server::SchedulerGrpcServer;
use ballista_scheduler::cluster::{BallistaCluster, ClusterState};
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::create_scheduler;
use results::error::Failure;
use serde_json::json;
use tokio::net::TcpListener;
use tonic::service::RoutesBuilder;

use super::codec::{Codec, HandedIn, NoQuery};
use super::door::{ABOUT, About, Answers, Door, LARGEST, told};
use super::listen::{Listen, say_first};
use super::signals::end;
use super::versions::Versions;
use super::watch::{members, watch};

/// An executor that is silent for so many seconds is lost: its parts are given to others.
const SILENT: u64 = 30;
/// Seconds after which that is looked for again.
const LOOK: u64 = 5;
/// Seconds that work waits for an executor when there is none any more.
const NONE_THERE: u64 = 20;
/// How often a part, or a stage, is tried.
const TRIES: usize = 4;
/// Seconds that the rows of stages that are done are kept.
const KEPT: u64 = 300;

/// Says who there is.
struct Who(Arc<dyn ClusterState>);

#[async_trait]
impl Answers for Who {
    async fn answer(&self, question: &str, _: &[u8]) -> Option<Result<Vec<u8>, String>> {
        if question != ABOUT {
            return None;
        }
        let executors = members(&self.0, SILENT).await;
        Some(told(&About { versions: Versions::own(), executors }))
    }
}

fn config(at: SocketAddr) -> SchedulerConfig {
    SchedulerConfig {
        bind_host: at.ip().to_string(),
        bind_port: at.port(),
        external_host: at.ip().to_string(),
        scheduling_policy: TaskSchedulingPolicy::PullStaged,
        executor_timeout_seconds: SILENT,
        expire_dead_executor_interval_seconds: LOOK,
        no_executors_grace_period_seconds: NONE_THERE,
        task_max_failures: TRIES,
        stage_max_failures: TRIES,
        finished_job_data_clean_up_interval_seconds: KEPT,
        finished_job_state_clean_up_interval_seconds: KEPT,
        grpc_server_max_decoding_message_size: LARGEST as u32,
        grpc_server_max_encoding_message_size: LARGEST as u32,
        override_physical_codec: Some(Arc::new(Codec::default())),
        ..SchedulerConfig::default()
    }
}

/// Runs until it is ended.
pub(super) async fn run(listen: &Listen) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::error(format!("cannot listen at {}: {error}", listen.at));
    let listener = TcpListener::bind(listen.at).await.map_err(cannot)?;
    let at = listener.local_addr().map_err(cannot)?;
    let config = Arc::new(config(at));
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(Failure::error)?;
    let state = cluster.cluster_state();
    let scheduler = create_scheduler::<NoQuery, HandedIn>(cluster, config).await.map_err(Failure::error)?;
    tokio::spawn(watch(scheduler.clone(), Arc::clone(&state)));

    let mut services = RoutesBuilder::default();
    services
        .add_service(
            SchedulerGrpcServer::new(scheduler)
                .max_encoding_message_size(LARGEST)
                .max_decoding_message_size(LARGEST),
        )
        .add_service(FlightServiceServer::new(Door { answers: Who(state), rows: None }));
    let router = services.routes().into_axum_router();
    let served =
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).into_future();
    let versions = Versions::own();
    say_first(
        listen.json,
        &json!({
            "scheduler": format!("df://{at}"), "pid": std::process::id(), "results": versions.results,
            "ballista": versions.ballista,
        }),
        &format!("the scheduler is at df://{at}"),
    )?;
    tokio::select! {
        served = served => served.map_err(Failure::error),
        ended = end() => ended.map_err(Failure::error),
    }
}
