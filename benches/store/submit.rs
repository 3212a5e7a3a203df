//! What a batch system is given and asked for a thousand shards.

use super::process::must;
use super::run::make;
use super::say;
use super::server::Bench;

const TIMES: usize = 3;

pub(crate) fn submit(bench: &Bench) {
    make(bench);
    let of = ["--config", "many.yaml", "--data", "many", "--shards", "1000", "--out", "planned"];
    let args = [&["submit", "--engine", "slurm", "--dry-run"][..], &of].concat();
    let found = bench.median(TIMES, |_| args.iter().map(|arg| (*arg).to_owned()).collect());
    say("submit of 1000 shards, --dry-run", &found.words(), "1 s");
    must(&bench.dir, &[&["run", "--shard", "0/1000"][..], &of[..4], &of[6..]].concat());
    let found = bench.median(TIMES, |_| ["status", "planned"].map(str::to_owned).to_vec());
    say("status of them", &found.words(), "1 s");
}
