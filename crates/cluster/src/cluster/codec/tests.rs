//! Plans that are read back, and those that are refused.

use super::*;
use datafusion::prelude::SessionContext;
use datafusion_proto::physical_plan::DefaultPhysicalProtoConverter;
use results::merge::Stage;

use crate::cluster::work::Work;

fn spec() -> Spec {
    let merge = serde_json::json!({
        "runs": ["/runs/a", "s3://bucket/b"], "output": "/out", "parts": 7, "allow_partial": false,
        "accept_skipped": {"Users": ["u1"]}, "on_conflict": "Stop", "formats": ["Csv"], "only": [],
        "expected": null, "control": null, "memory": 500_000_000, "definitions": null,
    });
    let merge = serde_json::from_value(merge).unwrap();
    Spec::new(Work::Merge { stage: Stage::Write, merge }, &[0, 3, 6])
}

fn of_query() -> Spec {
    let share = serde_json::json!({
        "asking": {
            "places": [
                {"name": "/runs/a", "state": {"run": {
                    "id": "r1", "ledger": [{"path": "users/shard=0/a.parquet", "bytes": 12}],
                    "damaged": {"te/shard=0/a.parquet": "it is missing"},
                }}},
                {"name": "s3://bucket/out", "state": {"merged": "abc"}},
            ],
            "definitions": null, "sql": "select count(*) from te where tau = $tau", "params": [["tau", "1"]],
            "partitions": 7, "time": {"secs": 3, "nanos": 0},
        },
        "piece": 1, "mark": "def", "parts": 7,
    });
    Spec::new(Work::Query(serde_json::from_value(share).unwrap()), &[0, 3, 6])
}

fn bytes(spec: &Spec) -> Vec<u8> {
    let mut bytes = Vec::new();
    HandedIn::of(spec).unwrap().try_encode(&mut bytes).unwrap();
    bytes
}

/// What comes of bytes: that of the scheduler, and that of an executor.
fn read(bytes: &[u8], context: &TaskContext) -> [Result<Spec, String>; 2] {
    let codec = Codec::default();
    let spec = |plan: Arc<dyn ExecutionPlan>| plan.downcast_ref::<PartExec>().map(|leaf| leaf.spec().clone());
    let handed_in = HandedIn::try_decode(bytes).and_then(|plan| plan.try_into_physical_plan(context, &codec));
    let of_task = OfTask::try_decode(bytes).and_then(|plan| plan.try_into_physical_plan(context, &codec));
    let below = |plan: Arc<dyn ExecutionPlan>| spec(Arc::clone(plan.children()[0]));
    [
        handed_in.map(|plan| spec(plan).unwrap()).map_err(|error| error.to_string()),
        of_task.map(|plan| below(plan).unwrap()).map_err(|error| error.to_string()),
    ]
}

#[test]
fn a_plan_is_read_back_and_others_are_refused() {
    let context = SessionContext::new();
    let own = bytes(&spec());
    let [handed_in, of_task] = read(&own, &context.task_ctx());
    assert_eq!(handed_in, Ok(spec()));
    assert!(of_task.unwrap_err().contains("not a plan of results"));
    for change in [
        |spec: &mut Spec| spec.parts.clear(),
        |spec: &mut Spec| spec.parts.push(7),
        |spec: &mut Spec| spec.parts.push(3),
        |spec: &mut Spec| {
            if let Work::Merge { stage, .. } = &mut spec.work {
                *stage = Stage::Combine;
            }
        },
    ] {
        let mut other = spec();
        change(&mut other);
        let [handed_in, _] = read(&bytes(&other), &context.task_ctx());
        assert!(handed_in.unwrap_err().contains("named wrongly"));
    }
    for query in [of_query(), Spec { parts: vec![7], ..of_query() }, Spec { parts: vec![1, 1], ..of_query() }]
    {
        let [handed_in, _] = read(&bytes(&query), &context.task_ctx());
        if query == of_query() {
            assert_eq!(handed_in, Ok(query));
        } else {
            assert!(handed_in.unwrap_err().contains("named wrongly"));
        }
    }
    let mut other = spec();
    other.ballista = "56.0.0".into();
    let told = read(&bytes(&other), &context.task_ctx())[0].clone().unwrap_err();
    assert!(told.contains("with Ballista 56.0.0, this is "), "{told}");
    assert!(NoQuery::try_decode(&own).unwrap_err().to_string().contains("nothing else"));
}

#[test]
fn a_plan_that_is_not_ours_is_refused() {
    let context = SessionContext::new();
    let scan = datafusion::physical_plan::empty::EmptyExec::new(Arc::new(arrow::datatypes::Schema::empty()));
    let codec = Codec::default();
    let node = PhysicalPlanNode::try_from_physical_plan(Arc::new(scan), &codec).unwrap();
    for bytes in [node.encode_to_vec(), Vec::new(), b"{\"results\":".to_vec()] {
        for read in read(&bytes, &context.task_ctx()) {
            assert!(read.unwrap_err().contains("not a plan of results"));
        }
    }
    let converter = DefaultPhysicalProtoConverter {};
    assert!(codec.try_decode(b"{\"results\":1}", &[], &context.task_ctx(), &converter).is_err());
}

/// Numbers by a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

fn mutated(plan: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = plan.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len().max(1));
        match chance.below(6) {
            _ if bytes.is_empty() => bytes.push(chance.below(256) as u8),
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes[at] = chance.below(256) as u8,
            2 => bytes.truncate(at),
            3 => bytes.insert(at, chance.below(256) as u8),
            4 => drop(bytes.remove(at)),
            _ => {
                let end = at + chance.below(bytes.len() - at);
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

#[test]
fn a_hundred_thousand_mutated_plans_are_read_or_refused() {
    let context = SessionContext::new().task_ctx();
    let codec = Codec::default();
    let of_task = |spec: Spec| {
        let leaf: Arc<dyn ExecutionPlan> = Arc::new(PartExec::new(spec));
        let writer = ShuffleWriterExec::try_new("job".to_owned().into(), 1, leaf, String::new());
        let task = OfTask::try_from_physical_plan(Arc::new(writer.unwrap()), &codec).unwrap();
        let mut bytes = Vec::new();
        task.try_encode(&mut bytes).unwrap();
        bytes
    };
    let plans = [bytes(&spec()), of_task(spec()), bytes(&of_query()), of_task(of_query())];
    assert_eq!(read(&plans[1], &context)[1], Ok(spec()));
    assert_eq!(read(&plans[3], &context)[1], Ok(of_query()));
    let mut chance = Chance(20);
    let (mut accepted, mut refused) = (0, 0);
    for n in 0..100_000 {
        for read in read(&mutated(&plans[n % plans.len()], &mut chance), &context) {
            match read {
                Ok(_) => accepted += 1,
                Err(_) => refused += 1,
            }
        }
    }
    // Names of runs are anybody's.
    assert!(accepted > 0 && refused > 100_000, "{accepted} accepted, {refused} refused");
}
