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
# It is ended below; the seconds are for a script that was killed. A busy machine takes many times as long as an idle one.
eval "$("$here/start-slurm.sh" "$work/slurm" 3600)"
cd "$work"

say() { step=$1; printf '%4ss  %s\n' "$SECONDS" "$1"; }
# The program, with what it says in the file `said`, and the exit code that is expected.
run() {
    local want=$1 code=0; shift
    timeout 900 "$results" "$@" >said 2>&1 </dev/null || code=$?
    [ "$code" = "$want" ] || { echo "results $*: exit code $code, not $want"; exit 1; }
}
has() { grep -qF -- "$1" said || { echo "this is not said: $1"; exit 1; }; }
lacks() { ! grep -qF -- "$1" said || { echo "this is said: $1"; exit 1; }; }
# GONE once Slurm has forgotten it (MinJobAge), which says that it ended too.
state() {
    local told
    told=$(squeue -h -r -t all -j "$1" -o %T 2>&1) || [[ $told == *"Invalid job id"* ]] || { echo UNKNOWN; return; }
    case $told in "" | *"Invalid job id"*) echo GONE ;; *) echo "$told" ;; esac
}
until_state() { # job_task, states
    local end=$((SECONDS + 180))
    while [ "$SECONDS" -lt "$end" ]; do [[ " $2 " == *" $(state "$1") "* ]] && return; sleep 0.05; done
    echo "$1 is never $2, it is $(state "$1")"; exit 1
}
until_empty() { # what squeue is asked: until none of that is in the queue
    local end=$((SECONDS + 180)) told
    while [ "$SECONDS" -lt "$end" ]; do
        told=$(squeue -h "$@" 2>&1) && [ -z "$told" ] && return
        # Of a job that is forgotten.
        [[ $told == *"Invalid job id"* ]] && return
        sleep 0.1
    done
    echo "it stays in the queue: $told"; exit 1
}
# Workers wait before their first user until that file is there: what is done to a task at work finds it at work.
held() { printf 'unit||wait|%s' "$work/$1"; }
field() { sed -n "s/.*\"$1\":\(\[[^]]*\]\|[^,}]*\).*/\1/p" said | tr -d '[]"'; }

say "a run without a scheduler"
run 0 demo --users 30 --data-only --out demo
data=$(find "$work/demo" -name '*.csv*' -printf '%h\n' | head -1)
# Enough surrogates that two users take about two seconds, so that tasks go on for a while.
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
RESULTS_FAILPOINT=$(held go) run 0 submit --config many.yaml --data "$data" --out run --engine slurm --shards 25 --threads 1 \
    --memory 100MB --time 20min --merge merged --json
jobs=($(field jobs | tr , ' ')); merge=$(field merge)
[ "${#jobs[@]}" = 3 ] || { echo "${#jobs[@]} arrays"; exit 1; }
first=${jobs[0]}
run 2 submit --resume run --engine slurm
has "is in the queue already: "; has "Slurm job $first"

say "a task is put back, and one is cancelled"
for task in 1 2 4; do until_state "${first}_$task" RUNNING; done
# A run that is submitted has leases and no locks.
lease=run/_leases/1/4of25/1
for _ in $(seq 3000); do [ -s "$lease.beat" ] && break; sleep 0.02; done
[ -s "$lease.beat" ] || { echo "no beat of $lease"; exit 1; }
[ ! -e run/_status ] || { echo "somebody took a lock"; exit 1; }
scancel "${first}_2"
# One that is told to end finishes the user in work: no shell stands between the scheduler and the program.
scancel --batch --signal=TERM "${first}_4"
# The last, as Slurm lets it wait for two minutes: they count from now.
scontrol requeue "${first}_1"
until_state "${first}_1" PENDING
run 0 status run
has "running on n"; has "queued: "; has "merge: job $merge, queued: waits for other jobs"
has "put back, starts in 1"; has "shard 1: put back: it goes on behind its last commit"
# One that waits: it will never begin.
scancel "${jobs[2]}_7"
until_state "${jobs[2]}_7" "CANCELLED GONE"
touch go
scontrol update JobId="${first}_1" StartTime=now
until_state "${first}_2" "CANCELLED FAILED COMPLETED GONE"
until_state "${first}_4" "FAILED COMPLETED GONE"
grep -q '"state": "\(interrupted\|finished\)"' "$lease.end" || { ls run/_leases/1/4of25; exit 1; }
run 0 status run --json
grep -A40 '"batch"' said >batch
grep -q '"engine": "slurm"' batch

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
# Nothing begins until it has been cancelled and asked about, however quick the machine is.
scontrol update PartitionName=work State=DOWN
run 0 submit --resume run --engine slurm --merge parted --parts 6 --json
ranges=$(tr '{}' '\n\n' <said | grep '"stage":"ranges"' | grep -o '"job":"[0-9]*"' | grep -o '[0-9]*')
scancel "${ranges}_2"
run 2 submit --resume run --engine slurm --merge parted --parts 6
has "is in the queue already: "
run 0 status run
grep -q "^survey .*queued: " said || { echo "the first stage is not queued"; exit 1; }
grep -q "^ranges .*queued: waits for other jobs" said || { echo "nothing waits"; exit 1; }
scontrol update PartitionName=work State=UP
run 0 status run --watch 1
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
RESULTS_FAILPOINT=$(held go_on) run 0 submit --config many.yaml --data "$data" --out "$hostile" --engine slurm --shards 10 --pack 3 \
    --partition first --account "a b" --json
job=$(field jobs)
# As many as there are nodes run at a time; the others wait for them.
for task in 0 1; do until_state "${job}_$task" RUNNING; done
# From here on they have three users a shard to do, and are told to end among them.
touch go_on
run 0 cancel "$hostile"
has "cancelled Slurm job $job"
until_empty -j "$job" -t pending,running,completing
[ -s "$hostile/_submit/0001/1-0.out" ] || { ls "$hostile/_submit/0001"; exit 1; }
if grep "No such file" "$hostile"/_submit/0001/*.out; then exit 1; fi
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
for _ in $(seq 600); do [ -e slurm/slurmctld.pid ] && kill -0 "$(cat slurm/slurmctld.pid)" 2>/dev/null || break; sleep 0.1; done
before=$SECONDS
run 0 status run
has "Slurm did not answer at 2"; has "complete, 30 of 30"
[ $((SECONDS - before)) -le 20 ] || { echo "waited $((SECONDS - before)) s for it"; exit 1; }
run 1 submit --resume no --engine slurm
slurmctld -c -f "$work/slurm/slurm.conf"
for _ in $(seq 100); do timeout 5 sinfo >/dev/null 2>&1 && break; sleep 0.1; done
run 0 status run
has "complete, 30 of 30"; lacks "did not answer"
run 0 status "$hostile"
has "complete, 30 of 30"
say "done"
