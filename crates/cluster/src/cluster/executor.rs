//! `results-cluster executor`: does parts of merges and of queries that a scheduler gives it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use async_trait::async_trait;
use ballista_core::BALLISTA_PROTOCOL_VERSION;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::serde::protobuf::executor_resource::Resource;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    ExecutorOperatingSystemSpecification, ExecutorRegistration, ExecutorResource, ExecutorSpecification,
    ExecutorStoppedParams,
};
use ballista_core::serde::{BallistaCodec, BallistaLogicalExtensionCodec};
use ballista_core::utils::default_config_producer;
use ballista_executor::execution_loop::poll_loop;
use ballista_executor::executor::Executor;
use ballista_executor::flight_service::BallistaFlightService;
use ballista_executor::health::ExecutorHealth;
use ballista_executor::metrics::LoggingMetricsCollector;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::SessionConfig;
use results::cli::Address;
use results::error::Failure;
use results_store::system::host;
use serde_json::json;
use tokio::net::TcpListener;
use tonic::service::RoutesBuilder;

use super::codec::{Codec, NoQuery, OfTask};
use super::door::{ABOUT, About, Answers, Door, LARGEST, PROBE, Probe, Probed, ask, channel, told};
use super::listen::{Listen, say_first};
use super::signals::end;
use super::slices::Slices;
use super::versions::Versions;

/// How long the scheduler has to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an executor is told.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) listen: Listen,
    pub(super) scheduler: Address,
    /// By what name others reach it.
    pub(super) host: Option<String>,
    pub(super) cores: usize,
    pub(super) work_dir: Option<PathBuf>,
}

/// Says whether it sees what a merge or a query needs.
struct Sight;

#[async_trait]
impl Answers for Sight {
    async fn answer(&self, question: &str, body: &[u8]) -> Option<Result<Vec<u8>, String>> {
        if question != PROBE {
            return None;
        }
        let probe: Probe = match serde_json::from_slice(body) {
            Ok(probe) => probe,
            Err(error) => return Some(Err(format!("not a question of this version: {error}"))),
        };
        let looked = tokio::task::spawn_blocking(move || probe.look()).await;
        let fault = match looked {
            Ok(seen) => seen.err(),
            Err(error) => Some(error.to_string()),
        };
        Some(told(&Probed { versions: Versions::own(), host: host(), fault }))
    }
}

/// Runs until it is ended.
pub(super) async fn run(wish: &Wish) -> Result<(), Failure> {
    let scheduler = (wish.scheduler.host.as_str(), wish.scheduler.port);
    let who = format!("the scheduler at {}", wish.scheduler);
    let about: About = ask(scheduler, ABOUT, Vec::new(), PATIENCE)
        .await
        .map_err(|why| Failure::error(format!("{who} {why}")))?;
    about.versions.check(&who).map_err(Failure::usage)?;

    let at = wish.listen.at;
    let cannot = |error: std::io::Error| Failure::error(format!("cannot listen at {at}: {error}"));
    let listener = TcpListener::bind(at).await.map_err(cannot)?;
    let at = listener.local_addr().map_err(cannot)?;
    let work_dir = match &wish.work_dir {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir(),
    };
    let work_dir = work_dir.map_err(|error| Failure::error(format!("cannot make a folder: {error}")))?;
    let work = work_dir.path().to_string_lossy().into_owned();
    let executor = executor(wish, at, &work);
    let id = executor.metadata.id.clone();

    let mut services = RoutesBuilder::default();
    let door = Door { answers: Sight, rows: Some(BallistaFlightService::new(work)) };
    services.add_service(
        FlightServiceServer::new(door).max_encoding_message_size(LARGEST).max_decoding_message_size(LARGEST),
    );
    let router = services.routes().into_axum_router();
    let served = axum::serve(listener, router.into_make_service()).into_future();

    let connection = channel(scheduler.0, scheduler.1, PATIENCE.as_secs()).map_err(Failure::error)?;
    let mut client = SchedulerGrpcClient::new(connection)
        .max_encoding_message_size(LARGEST)
        .max_decoding_message_size(LARGEST);
    let health = ExecutorHealth::new();
    let codec: BallistaCodec<NoQuery, OfTask> =
        BallistaCodec::new(Arc::new(BallistaLogicalExtensionCodec::default()), Arc::new(Codec::default()));
    let polls = tokio::spawn(poll_loop(client.clone(), executor, codec, None, None, health.clone()));
    let heard = async {
        while !health.is_ready() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let told = json!({"executor": id, "address": at.to_string(), "pid": std::process::id()});
        let _ = say_first(wish.listen.json, &told, &format!("an executor of {who} is at {at}"));
        std::future::pending::<Result<(), Failure>>().await
    };
    let ended = tokio::select! {
        served = served => served.map_err(Failure::error),
        polled = polls => polled.map_err(Failure::error)?.map_err(Failure::error),
        ended = end() => ended.map_err(Failure::error),
        heard = heard => heard,
    };
    // Others do what it has begun, and need not wait until it is missed.
    let reason = "ended".to_owned();
    let stopped = client.executor_stopped(ExecutorStoppedParams { executor_id: id, reason });
    let _ = tokio::time::timeout(Duration::from_secs(2), stopped).await;
    ended
}

fn executor(wish: &Wish, at: SocketAddr, work_dir: &str) -> Arc<Executor> {
    let usual = match at.ip() {
        ip if ip.is_unspecified() => host(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let cores = Resource::Vcores(u32::try_from(wish.cores).unwrap_or(1));
    let registration = ExecutorRegistration {
        id: format!("{}-{}-{}", host(), std::process::id(), at.port()),
        host: Some(wish.host.clone().unwrap_or(usual)),
        port: u32::from(at.port()),
        grpc_port: u32::from(at.port()),
        specification: Some(ExecutorSpecification {
            resources: vec![ExecutorResource { resource: Some(cores) }],
        }),
        os_info: Some(ExecutorOperatingSystemSpecification::default()),
        ballista_protocol_version: BALLISTA_PROTOCOL_VERSION,
    };
    let dir = work_dir.to_owned();
    Arc::new(Executor::new(
        registration,
        work_dir,
        Arc::new(move |_: &SessionConfig| {
            RuntimeEnvBuilder::new().with_temp_file_path(dir.clone()).build_arc()
        }),
        Arc::new(default_config_producer),
        Arc::new(BallistaFunctionRegistry::default()),
        Arc::new(LoggingMetricsCollector::default()),
        wish.cores,
        Arc::new(Slices::default()),
    ))
}
