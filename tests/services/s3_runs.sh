#!/usr/bin/env bash
# Everything that reads runs, on runs of a real object store: the demo, a merge into it and one to the disk against a copy on
# the disk, SQL, checks, exports, plots, a report, a compaction, a resume, data that moved, and what is refused.
#
#   s3_runs.sh BINARY URL      URL names an empty prefix (s3://bucket/prefix); endpoint and keys come from the environment.
#                              MIRROR is a command that copies a URL to a folder: MIRROR URL FOLDER
set -euo pipefail
results=$(cd "$(dirname "${1:?name the program}")" && pwd)/$(basename "$1")
url=${2:?name a URL}
mirror=${MIRROR:-$(cd "$(dirname "$0")" && pwd)/s3_copy.py}

work=$(mktemp -d)
step=start
end() {
    code=$?
    [ -z "${service:-}" ] || kill "$service" 2>/dev/null || true
    [ "$code" = 0 ] || { echo "s3_runs.sh failed: $step"; [ ! -s "$work/said" ] || sed 's/^/  /' "$work/said"; }
    [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
    exit "$code"
}
trap end EXIT
unset RESULTS_DEFINITIONS
cd "$work"
export TMPDIR="$work/tmp"; mkdir tmp

say() { step=$1; printf '%4ss  %s\n' "$SECONDS" "$1"; }
run() { # exit code, arguments
    local want=$1 code=0; shift
    timeout 900 "$results" "$@" >said 2>&1 </dev/null || code=$?
    cat said >>all_said
    [ "$code" = "$want" ] || { echo "results $*: exit code $code, not $want"; exit 1; }
}
has() { grep -qF -- "$1" said || { echo "this is not said: $1"; exit 1; }; }
lacks() { ! grep -qF -- "$1" said || { echo "this is said: $1"; exit 1; }; }
same() { # folder, folder: CSV files
    local file n=0
    for file in "$1"/*.csv; do cmp "$file" "$2/$(basename "$file")" || exit 1; n=$((n + 1)); done
    [ "$n" -ge "${3:-5}" ] || { echo "only $n CSV files in $1"; exit 1; }
}
nothing_left() { [ -z "$(ls -A "$TMPDIR")" ] || { echo "left in TMPDIR: $(ls "$TMPDIR")"; exit 1; }; }

say "the demo"
run 0 demo --out "$url/demo"
has 'users done   12 of 12'
has 'share of 22 pairs of strangers'
has "result       $url/demo/merged (CSV and Parquet)"
has "results report $url/demo/merged -o report.html"
run 0 demo --out here
run 2 demo --out "$url/demo"
has 'exists already'
nothing_left

say "the same numbers as of a folder"
$mirror "$url/demo" copy
same here/merged copy/merged

say "a merge from the object store, and from a copy on the disk"
run 0 merge --shards "$url/demo/run" --control "$url/demo/control" --output from_url
run 0 merge --shards copy/run --control copy/control --output from_copy
same from_url from_copy
run 0 merge --shards "$url/demo/run" --output "$url/again"
run 2 merge --shards "$url/demo/run" --output "$url/again"
has 'exists already'
nothing_left

say "a merge in parts, killed among them and while they are put together, and gone on with"
parted() { # exit code, arguments
    local want=$1; shift
    run "$want" merge --shards "$url/demo/run" --control "$url/demo/control" --output "$url/parted" --parts 7 "$@"
}
killed() { # place, arguments
    local spec=$1 code=0; shift
    RESULTS_FAILPOINT="$spec|kill" timeout 900 "$results" merge --shards "$url/demo/run" --control "$url/demo/control" \
        --output "$url/parted" --parts 7 "$@" >said 2>&1 </dev/null || code=$?
    [ "$code" = 137 ] || { echo "not killed at $spec: exit code $code"; exit 1; }
}
killed 'part|2-ranges/00003'
parted 2
has 'has parts of a merge that did not end; it was begun by process'
killed 'put|per_user_te' --resume-parts
run 2 merge --shards "$url/demo/run" --output "$url/parted"
has 'has parts of a merge that did not end; it was begun by process'
parted 0 --resume-parts
$mirror "$url/parted" parted
same parted from_url
run 0 validate "$url/parted"
[ ! -e parted/_parts ] && [ ! -e parted/_merging ] || { echo "parts are left"; ls -A parted; exit 1; }
for stage in survey runs ranges combine write together; do
    run 0 merge --shards "$url/demo/run" --control "$url/demo/control" --output "$url/staged" --parts 7 --stage "$stage"
done
$mirror "$url/staged" staged
same staged from_url
parted 2
has 'exists already'
rm -rf "$TMPDIR"/*

say "SQL"
query='select user_id, tau, TE_A2S, q_A2S from te order by user_id, tau'
for place in demo/run demo/merged; do
    run 0 sql --run "$url/$place" --format csv "$query"; mv said "$(basename "$place").url"
    run 0 sql --run "copy/${place#demo/}" --format csv "$query"; cmp said "$(basename "$place").url"
done
run 0 sql --run "$url/demo/run" --run "$url/demo/control" --format csv 'select run, count(*) from raw.te group by run order by run'
has 'control,'
run 0 sql --run "$url/demo/merged" --strict --format csv 'select count(*) from users'

say "checks, exports, pictures, reports"
run 0 validate "$url/demo/run"
run 0 validate "$url/demo/merged"
run 0 validate "$url/again"
run 0 export "$url/demo/merged" --format csv --output csv
run 0 export copy/merged --format csv --output csv_of_copy
same csv csv_of_copy
run 0 export "$url/demo/run" --format parquet --output parquet
run 0 export "$url/demo/merged" --paper paper
run 0 plot p_histogram --run "$url/demo/merged" -o p.svg
run 0 report "$url/demo/merged" -o report.html
run 0 report "$url/demo/run" -o so_far.html
run 0 status "$url/demo/run"
nothing_left

say "a resume"
run 0 run --resume "$url/demo/run" --dry-run --explain
has '0 units to do'
run 0 run --resume "$url/demo/run"
$mirror "$url/demo/data" moved
run 0 run --resume "$url/demo/run" --data moved --dry-run
has 'of users that are done, 12 have the input that they had'
run 0 run --resume "$url/demo/run" --data "$url/demo/data" --dry-run
has '0 units to do'

say "data of an object store, and a run on the disk"
printf 'feature_modes: [composite]\ntaus: [1]\nanalysis_modes: [global_te]\nsurrogates: 19\n' >quick.yaml
printf 'k_selection: {strategy: fixed, k_fixed: 2, per_variable: false}\nstatistical: {nulls: [permute]}\n' >>quick.yaml
run 0 run --config quick.yaml --data "$url/demo/data" --out data_there
run 0 run --config quick.yaml --data moved --out data_here
run 0 merge --shards data_there --output there --data "$url/demo/data"
run 0 merge --shards data_here --output here_too --data moved
same there here_too 3
nothing_left

say "shards as tasks of this machine, with settings of a configuration"
{ cat quick.yaml; printf 'store: {retries: 3, timeout: 12, grace: 5}\n'; } >tasks.yaml
run 0 submit --config tasks.yaml --data "$url/demo/data" --engine local --shards 3 --out "$url/tasks" --merge "$url/tasks_merged"
has "submitted 3 shards of $url/tasks to this machine as 3 tasks"
[ "$(cat tasks-????????.submit/_submit/0001/tasks | wc -l)" = 3 ] || { echo "no tasks beside here"; exit 1; }
for _ in $(seq 600); do
    "$results" sql --run "$url/tasks_merged" --format csv 'select count(*) from te' >said 2>&1 && break; sleep 1
done
run 0 status "$url/tasks"
has "$url/tasks: complete, 12 of 12 units done"
run 0 merge --shards "$url/tasks" --data "$url/demo/data" --output tasks_here
same tasks_here here_too 3
run 0 export "$url/tasks_merged" --format csv --output tasks_csv
run 0 export here_too --format csv --output here_csv
same tasks_csv here_csv 3
run 0 submit --resume "$url/tasks" --engine local
has 'nothing to submit'
$mirror "$url/tasks" tasks_copy
grep -q 'retries: 3' tasks_copy/run.yaml || { echo "the run does not keep its settings"; exit 1; }
rm -rf tasks-????????.submit

say "a compaction"
run 0 compact "$url/demo/run"
run 0 merge --shards "$url/demo/run" --control "$url/demo/control" --output compacted
same compacted from_copy
run 0 validate "$url/demo/run"

say "what workers say"
run 0 logs "$url/demo/run"
has "has no logs yet: a shard has one once its process has said something"
mkdir -p own/data definitions/schemas
for user in u1 u2 u3; do printf 'a,b\n1,%s\n' "$user" >"own/data/$user.csv"; done
cat >own/say.sh <<'SAY'
echo "said of $1" >&2; echo '{"table":"one","value":1.5}'; echo '{"unit":{"n_samples":1}}'
SAY
printf 'analysis: {engine: command, folder: own, command: [sh, say.sh, "{user_id}"], mode: per_unit, rows: ndjson}\n' >own.yaml
printf 'data: {files: "*.csv"}\nfeature_modes: [default]\n' >>own.yaml
cat >definitions/schemas/one.yaml <<'SCHEMA'
table: one
version: 1
description: A number.
key: [feature_mode]
columns: [{name: feature_mode, type: text, nullable: false}, {name: value, type: float}]
SCHEMA
run 0 run --config own.yaml --definitions definitions --data own/data --shards 2 --out "$url/demo/said"
run 0 logs "$url/demo/said"
has "==> shard 0 <=="; has "said of u1"; has "said of u2"
run 2 logs "$url/demo/said" --shard 7
has "has no log of shard 7"

say "a service of all that lies below a prefix"
"$results" serve "$url/demo" --listen 127.0.0.1:0 --state state --json >served 2>told </dev/null & service=$!
for _ in $(seq 600); do [ -s served ] && break; kill -0 "$service" || { cat told; exit 1; }; sleep 0.2; done
cat >ask.py <<'ASK'
import json, sys, urllib.request
web = json.load(open("served"))["web"].rstrip("/")
token = open("state/token").read().strip()
request = urllib.request.Request(web + sys.argv[1], headers={"Authorization": "Bearer " + token})
print(urllib.request.urlopen(request, timeout=120).read().decode())
ASK
ask() { python3 ask.py "$1" >said 2>&1 && cat said >>all_said || { echo "$1 is not answered"; cat told; exit 1; }; }
ask /api/v1/runs
for name in run control merged; do has "\"name\":\"$name\""; done
ask '/api/v1/query?run=merged&sql=select%20user_id,%20tau,%20TE_A2S,%20q_A2S%20from%20te%20order%20by%20user_id,%20tau&format=csv'
tr -d '\r' <said | sed '/^$/d' >of_service; tr -d '\r' <merged.url | cmp - of_service
ask '/api/v1/query?run=run&sql=select%20count(distinct%20user_id)%20as%20n%20from%20te&format=csv'
has 12
ask /api/v1/runs/run/tables/te/rows?limit=5
ask /api/v1/runs/run/status
has '"complete"'
ask /api/v1/runs/said/shards/0/log
has "said of u1"; lacks "said of u2"
ask /run/merged
ask /run/run
kill "$service"; wait "$service" || true; service=

say "what is refused"
run 1 sql --run "$url/nowhere" 'select 1'
has "there is nothing at $url/nowhere"
run 2 sql --run ftp://host/a 'select 1'
has 'only s3:// and file:// are known'
run 2 export "$url/demo/merged" --format csv --output "$url/csv"
has '--output takes a path and no URL'
run 2 demo --report --out "$url/other"
has 'a report is written into a folder'

say "nothing secret is written or said"
if [ -n "${AWS_SECRET_ACCESS_KEY:-}" ]; then
    AWS_SECRET_ACCESS_KEY=a-key-that-opens-nothing AWS_SESSION_TOKEN=a-token-that-opens-nothing \
        run 1 status "$url/demo/run"
fi
[ "$(grep -c . all_said)" -gt 50 ] || { echo "what was said was not kept"; exit 1; }
for secret in "${AWS_SECRET_ACCESS_KEY:-}" a-key-that-opens-nothing a-token-that-opens-nothing; do
    [ -z "$secret" ] || ! grep -rqF -- "$secret" . || { echo "the secret key is in a file"; exit 1; }
done
say "done"
