//! Parts of a merge or a query as work of a cluster: handed in, followed, and what was said of them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ballista_core::client::BallistaClient;
use ballista_core::config::{BALLISTA_JOB_NAME, BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK};
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::execute_query_result::Result as Handed;
use ballista_core::serde::protobuf::job_status::Status as State;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    ExecuteQueryParams, GetJobStatusParams, KeyValuePair, PartitionLocation,
};
use ballista_core::version::insert_version_header;
use datafusion_proto::physical_plan::AsExecutionPlan;
use futures::{Stream, StreamExt, TryFutureExt, TryStreamExt, stream};
use results::cli::Address;
use tokio::time::timeout;
use tonic::Request;
use tonic::transport::Channel;

use super::codec::HandedIn;
use super::door::{LARGEST, channel, words_of};
use super::said::Said;
use super::work::Spec;

/// How long a question to the scheduler may take, and how long none may be answered.
const ANSWER: u64 = 5;
const AWAY: Duration = Duration::from_secs(15);
/// How often it is asked at most, and first.
const PAUSE: Duration = Duration::from_millis(50);
const FIRST: Duration = Duration::from_millis(5);

/// The scheduler as who hands work in sees it.
pub(super) struct Desk<'a> {
    address: &'a Address,
    client: SchedulerGrpcClient<Channel>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(address: &'a Address) -> Result<Self, String> {
        let client = SchedulerGrpcClient::new(channel(&address.host, address.port, ANSWER)?)
            .max_encoding_message_size(LARGEST)
            .max_decoding_message_size(LARGEST);
        Ok(Self { address, client })
    }

    /// Has parts done; gives where what is said of them is.
    pub(super) async fn carry_out(&mut self, spec: &Spec) -> Result<Vec<PartitionLocation>, String> {
        let job = self.hand_in(spec).await?;
        self.follow(&job).await
    }

    /// The same; gives what is known to be said of them, which may be less than was said: who said it may be gone.
    pub(super) async fn said(&mut self, spec: &Spec) -> Result<Vec<Said>, String> {
        let mut all = Vec::new();
        for place in self.carry_out(spec).await? {
            let read = said_at(place).and_then(TryStreamExt::try_collect::<Vec<Said>>);
            match timeout(Duration::from_secs(ANSWER), read).await {
                Ok(Ok(said)) => all.extend(said),
                Ok(Err(why)) => log::info!("what was said of a part is lost: {why}"),
                Err(_) => log::info!("what was said of a part is lost: no answer"),
            }
        }
        let asked: BTreeSet<u32> = spec.parts.iter().copied().collect();
        all.retain(|said| asked.contains(&said.part));
        Ok(all)
    }

    async fn hand_in(&mut self, spec: &Spec) -> Result<String, String> {
        let mut plan = Vec::new();
        HandedIn::of(spec).and_then(|of| of.try_encode(&mut plan)).map_err(|error| error.to_string())?;
        if plan.len() > LARGEST - (1 << 20) {
            return Err(format!(
                "what is asked for takes {} MB, and a cluster takes {}\n(hint: {})",
                plan.len() >> 20,
                LARGEST >> 20,
                spec.work.shorter()
            ));
        }
        let setting = |key: &str, value: String| KeyValuePair { key: key.to_owned(), value: Some(value) };
        let asked = ExecuteQueryParams {
            session_id: format!("{}-{}", results_store::system::host(), std::process::id()),
            settings: vec![
                setting(BALLISTA_JOB_NAME, spec.work.words()),
                // What one loses is one part.
                setting(BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK, "1".to_owned()),
            ],
            operation_id: String::new(),
            query: Some(Query::PhysicalPlan(plan)),
        };
        let mut request = Request::new(asked);
        insert_version_header(request.metadata_mut());
        let handed = self.client.execute_query(request).await.map_err(|status| self.words(&status))?;
        match handed.into_inner().result {
            Some(Handed::Success(job)) => Ok(job.job_id),
            Some(Handed::Failure(why)) => Err(format!("{} refuses: {:?}", self.name(), why.failure)),
            None => Err(format!("{} gives no answer", self.name())),
        }
    }

    /// Where the rows of a job are, once it has ended.
    async fn follow(&mut self, job: &str) -> Result<Vec<PartitionLocation>, String> {
        let (mut heard, mut pause) = (Instant::now(), FIRST);
        loop {
            let asked = self.client.get_job_status(GetJobStatusParams { job_id: job.to_owned() }).await;
            let state = match asked {
                Ok(answer) => answer.into_inner().status.and_then(|status| status.status),
                Err(status) if heard.elapsed() < AWAY => {
                    log::info!("{}", self.words(&status));
                    tokio::time::sleep(PAUSE * 10).await;
                    continue;
                }
                Err(status) => return Err(self.words(&status)),
            };
            match state {
                Some(State::Successful(done)) => return Ok(done.partition_location),
                Some(State::Failed(failed)) => return Err(format!("the cluster gave up: {}", failed.error)),
                Some(_) => heard = Instant::now(),
                // It is not told of a job that it has just taken.
                None if heard.elapsed() < AWAY => {}
                None => {
                    return Err(format!(
                        "{} does not know the work any more: it was started anew",
                        self.name()
                    ));
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
    }

    fn name(&self) -> String {
        format!("the scheduler at {}", self.address)
    }

    fn words(&self, status: &tonic::Status) -> String {
        format!("{} does not answer: {}", self.name(), words_of(status))
    }
}

/// What is said at a place, in order, as it is read.
///
/// # Errors
/// Who has it does not answer, or ceases to.
pub(super) async fn said_at(
    place: PartitionLocation,
) -> Result<impl Stream<Item = Result<Said, String>> + Unpin, String> {
    let layout = place.layout();
    let executor = place.executor_meta.ok_or("nobody has it")?;
    let partition = place.partition_id.ok_or("nothing says which")?;
    let port = u16::try_from(executor.port).map_err(|error| error.to_string())?;
    let begin = async {
        let mut client =
            BallistaClient::try_new(&executor.host, port, LARGEST, false, None, 1, 0, 0, 0).await?;
        let id = partition.into();
        client.fetch_partition(&executor.id, &id, place.file_id, layout, true).await
    };
    let rows = timeout(Duration::from_secs(ANSWER), begin).await;
    let rows = rows.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())?;
    let said = rows.map(|rows| {
        let rows = rows.map_err(|error| error.to_string())?;
        let said = Said::read(&rows).ok_or("it is something else")?;
        Ok::<_, String>(stream::iter(said.into_iter().map(Ok::<_, String>)))
    });
    Ok(said.try_flatten())
}
