#!/usr/bin/env bash
# A real Slurm of two nodes does a run of 25 shards, more than an array of it may have: tasks are put back and cancelled in the
# middle, the rest is submitted again, and the merged table is that of a run without a scheduler, byte for byte. Then what it
# refuses, what it would never start, a scheduler that is down, and one that has forgotten. And a merge in parts by arrays, one of
# whose tasks is cancelled.
#
#   slurm.sh BINARY      needs the packages slurmctld slurmd slurm-client munge, and root; ends with 77 without them
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=$(cd "$(dirname "${1:?name the program}")" && pwd)/$(basename "$1")
for program in slurmctld slurmd sbatch munged; do
    command -v "$program" >/dev/null || { echo "skipped: no $program (slurmctld slurmd slurm-client munge)"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: slurmd must be started by root"; exit 77; }

work=$(mktemp -d); chmod 755 "$work"
step=start
end() {
    code=$?
    [ "$code" = 0 ] || { echo "slurm.sh failed: $step"; [ ! -s "$work/said" ] || sed 's/^/  /' "$work/said"; }
    "$here/start-slurm.sh" --stop "$work/slurm" || true
    [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
    exit "$code"
}
trap end EXIT
unset RESULTS_DEFINITIONS
eval "$("$here/start-slurm.sh" "$work/slurm" 280)"
cd "$work"

say() { step=$1; printf '%4ss  %s\n' "$SECONDS" "$1"; }
# The program, with what it says in the file `said`, and the exit code that is expected.
run() {
    local want=$1 code=0; shift
    timeout 120 "$results" "$@" >said 2>&1 </dev/null || code=$?
    [ "$code" = "$want" ] || { echo "results $*: exit code $code, not $want"; exit 1; }
}
has() { grep -qF -- "$1" said || { echo "this is not said: $1"; exit 1; }; }
lacks() { ! grep -qF -- "$1" said || { echo "this is said: $1"; exit 1; }; }
state() { squeue -h -r -t all -j "$1" -o %T 2>/dev/null; }
until_state() { # job_task, states
    for _ in $(seq 600); do [[ " $2 " == *" $(state "$1") "* ]] && return; sleep 0.05; done
    echo "$1 is never $2, it is $(state "$1")"; exit 1
}
field() { sed -n "s/.*\"$1\":\(\[[^]]*\]\|[^,}]*\).*/\1/p" said | tr -d '[]"'; }

say "a run without a scheduler"
run 0 demo --users 30 --data-only --out demo
data=$(find "$work/demo" -name '*.csv*' -printf '%h\n' | head -1)
# Enough surrogates that a user takes about two seconds, so that tasks can be caught at work.
settings() {
    printf 'feature_modes: [composite]\ntaus: [1]\nanalysis_modes: [global_te]\nsurrogates: %s\n' "$1"
    printf 'k_selection: {strategy: fixed, k_fixed: 2, per_variable: false}\nstatistical: {nulls: [permute]}\n'
}
surrogates=2000; took=0
while [ "$took" -lt 1000 ]; do
    [ "$took" = 0 ] || surrogates=$((surrogates * 5))
    settings "$surrogates" >probe.yaml
    before=$(date +%s%N)
    run 0 run --config probe.yaml --data "$data" --users 2 --out "probe$surrogates" --threads 1
    took=$((($(date +%s%N) - before) / 1000000))
done
settings $((surrogates * 2000 / took)) >many.yaml
run 0 run --config many.yaml --data "$data" --out local --shards 2
run 0 merge --shards local --output local_merged

say "25 shards, in arrays of 10 at most, and a merge behind them"
run 0 submit --config many.yaml --data "$data" --out run --engine slurm --shards 25 --threads 1 --memory 100MB --time 20min \
    --merge merged --json
jobs=($(field jobs | tr , ' ')); merge=$(field merge)
[ "${#jobs[@]}" = 3 ] || { echo "${#jobs[@]} arrays"; exit 1; }
first=${jobs[0]}
run 2 submit --resume run --engine slurm
has "is in the queue already: "; has "Slurm job $first"

say "a task is put back, and one is cancelled"
until_state "${first}_1" RUNNING
scontrol requeue "${first}_1"
until_state "${first}_2" "RUNNING COMPLETED"
scancel "${first}_2" || [ "$(state "${first}_2")" = COMPLETED ]
# One that is told to end finishes the user in work: no shell stands between the scheduler and the program.
until_state "${first}_4" "RUNNING COMPLETED"
# A run that is submitted has leases and no locks.
lease=run/_leases/1/4of25/1
for _ in $(seq 400); do [ -s "$lease.beat" ] && break; sleep 0.02; done
[ ! -e run/_status ] || { echo "somebody took a lock"; exit 1; }
# It may be quicker.
scancel --batch --signal=TERM "${first}_4" || [ "$(state "${first}_4")" = COMPLETED ]
until_state "${first}_1" PENDING
run 0 status run
has "running on n"; has "queued: "; has "merge: job $merge, queued: waits for other jobs"
has "put back, starts in 1"; has "shard 1: put back: it goes on behind its last commit"
scontrol update JobId="${first}_1" StartTime=now
until_state "${first}_2" "CANCELLED FAILED COMPLETED"
until_state "${first}_4" "FAILED COMPLETED"
grep -q '"state": "\(interrupted\|finished\)"' "$lease.end" || { ls run/_leases/1/4of25; exit 1; }
# One that waits: it will never begin.
scancel "${jobs[2]}_7"
for _ in $(seq 100); do [ "$(state "${jobs[2]}_7")" = PENDING ] || break; sleep 0.05; done
run 0 status run --json
grep -A40 '"batch"' said | grep -q '"engine": "slurm"'

say "watched to its end"
run 0 status run --watch 1
grep -qE "24: (cancelled|not known any more): " said || { echo "nothing of shard 24"; exit 1; }
run 0 status run
lacks "running on"
[ ! -e merged ] || { echo "a merge without shard 24"; exit 1; }
grep -q "not done\|never started\|missing\|interrupted" run/_submit/0001/merge.out || { cat run/_submit/0001/merge.out; exit 1; }
has "continue it with: results submit --resume run --engine slurm"

say "the rest is submitted again"
run 0 submit --resume run --engine slurm --merge merged --json
tasks=$(field tasks)
[ "$tasks" -lt 5 ] || { echo "$tasks tasks"; exit 1; }
run 0 status run --watch 1
run 0 status run
has "run: complete, 30 of 30 units done"
cmp merged/per_user_te.csv local_merged/per_user_te.csv
run 0 validate run
run 0 submit --resume run --engine slurm
has "nothing to submit"

say "a merge in parts, of which one is cancelled, and gone on with"
run 0 submit --resume run --engine slurm --merge parted --parts 6 --json
ranges=$(tr '{}' '\n\n' <said | grep '"stage":"ranges"' | grep -o '"job":"[0-9]*"' | grep -o '[0-9]*')
# It waits for the stages before it, and will never begin.
scancel "${ranges}_2"
run 2 submit --resume run --engine slurm --merge parted --parts 6
has "is in the queue already: "
run 0 status run --watch 1
grep -q "^ranges .*queued: waits for other jobs" said || { echo "nothing waits"; exit 1; }
run 0 status run
grep -qE "^ranges +${ranges}_2 +2 +(cancelled|not known any more)" said || { echo "nothing of part 2"; exit 1; }
has "needs part 2 of 6 of the stage ranges"; has "go on with it: results submit --resume run --engine slurm --merge "
[ ! -e parted/merge.yaml ] || { echo "a merge without part 2"; exit 1; }
run 2 submit --resume run --engine slurm --merge parted --parts 5
has "of another merge: number of parts there 6, here 5"
run 0 submit --resume run --engine slurm --merge parted --parts 6
run 0 status run --watch 1
run 0 status run
has "merge in 6 parts: done, "
for file in local_merged/*.csv; do cmp "$file" "parted/$(basename "$file")"; done
[ ! -e parted/_parts ] || { echo "parts are left"; exit 1; }

say "a name and a path that a shell would take apart, cancelled and finished"
hostile="it's \"\$(touch owned)\" %a"
run 0 submit --config many.yaml --data "$data" --out "$hostile" --engine slurm --shards 10 --pack 3 --partition first --account "a b" --json
job=$(field jobs)
until_state "${job}_0" RUNNING
until_state "${job}_3" "RUNNING COMPLETED"
run 0 cancel "$hostile"
has "cancelled Slurm job $job"
for _ in $(seq 100); do [ -z "$(squeue -h -j "$job" -t pending,running,completing 2>/dev/null)" ] && break; sleep 0.1; done
[ -s "$hostile/_submit/0001/1-0.out" ] || { ls "$hostile/_submit/0001"; exit 1; }
! grep -q "No such file" "$hostile"/_submit/0001/*.out
run 0 status "$hostile"
has "continue it with: results submit --resume 'it'\\''s"
run 0 submit --resume "$hostile" --engine slurm --pack 4 --merge merged2
run 0 status "$hostile" --watch 1
cmp merged2/per_user_te.csv local_merged/per_user_te.csv
[ ! -e owned ] && [ ! -e "$hostile/_submit/0001/owned" ]

say "what it refuses, and what it would never start"
run 2 submit --config many.yaml --data "$data" --out no --engine slurm --partition nowhere
has "refuses the job"; has "(hint: another --partition; these there are: "; has "work"
run 2 submit --resume no --engine slurm --memory 5TB
has "less --memory"; has "work, 4, 1024"
before=$SECONDS
run 2 submit --resume no --engine slurm --time 90h --shards 3
has "would never start it: the partition gives less time"; has "(hint: a shorter --time"
[ $((SECONDS - before)) -le 5 ] || { echo "told after $((SECONDS - before)) s"; exit 1; }
[ -z "$(squeue -h -t pending,running -o %i)" ] || { squeue; exit 1; }
run 2 submit --resume no --engine slurm --threads 50
has "would never start it"
mkdir mine mine/config mine/config/engines
sed 's/(?<id>/number (?<id>/' "$here/../../config/engines/slurm.yaml" >mine/config/engines/mine.yaml
run 1 --definitions mine submit --resume no --engine mine
has "printed no id that the pattern"; has "(hint: the job may be in the queue now"
squeue -h -o %A | sort -u | xargs -r scancel

say "a scheduler that is down, and one that has forgotten"
kill "$(cat slurm/slurmctld.pid)"
for _ in $(seq 100); do [ -e slurm/slurmctld.pid ] && kill -0 "$(cat slurm/slurmctld.pid)" 2>/dev/null || break; sleep 0.1; done
before=$SECONDS
run 0 status run
has "Slurm did not answer at 2"; has "complete, 30 of 30"
[ $((SECONDS - before)) -le 20 ] || { echo "waited $((SECONDS - before)) s for it"; exit 1; }
run 1 submit --resume no --engine slurm
slurmctld -c -f "$work/slurm/slurm.conf"
for _ in $(seq 50); do timeout 1 sinfo >/dev/null 2>&1 && break; sleep 0.1; done
run 0 status run
has "complete, 30 of 30"; lacks "did not answer"
run 0 status "$hostile"
has "complete, 30 of 30"
say "done"
