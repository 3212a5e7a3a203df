#!/usr/bin/env bash
# The service as curl sees it: every address of REST, how requests end, and what a stranger tries that needs no browser.
#
#   tests/serve_curl.sh RESULTS      QUERY_SECONDS gives queries more than 20 s, for a build that is not optimised
set -euo pipefail
RESULTS=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
server=
step=
end() {
    code=$?
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ "$code" = 0 ] || { echo "serve_curl.sh failed: $step"; [ ! -s "$work/body" ] || head -c 2000 "$work/body"; }
    rm -rf "$work"
    exit "$code"
}
trap end EXIT
cd "$work"

cat >quick.yaml <<'YAML'
feature_modes: [composite]
taus: [1]
analysis_modes: [global_te]
k_selection: {strategy: fixed, k_fixed: 1}
surrogates: 19
YAML
"$RESULTS" demo --users 3 --data-only --out made >/dev/null 2>&1
mkdir out
"$RESULTS" run -q --config quick.yaml --data made/data --out out/run --shards 2 >/dev/null 2>&1
"$RESULTS" merge --shards out/run --output out/merged >/dev/null 2>&1
user=$("$RESULTS" sql --run out/merged --format csv "select min(user_id) as id from users" | tail -1)

"$RESULTS" serve out --listen 0 --state state --query-memory 300MB --query-seconds "${QUERY_SECONDS:-20}" --json >told 2>said &
server=$!
for _ in $(seq 600); do [ -s told ] && break; kill -0 "$server"; sleep 0.1; done
base=$(sed -n 's/.*"web":"\([^"]*\)".*/\1/p' told)
address=${base#http://}
link=$(sed -n 's/.*"sign_in":"\([^"]*\)".*/\1/p' told)
token=$(cat state/token)

# status, a word of the answer ("" for none), the rest for curl; the last is the path
ask() {
    local status=$1 word=$2 path=${*: -1} got
    shift 2
    step="$path is to be $status with \"$word\""
    got=$(curl --silent --show-error --max-time 120 --noproxy '*' -o body -D heads -w '%{http_code}' "${@:1:$#-1}" "$base$path")
    [ "$got" = "$status" ] || { echo "it is $got"; return 1; }
    [ -z "$word" ] || grep -qi -- "$word" body heads || { echo "the word is not there"; return 1; }
}
# the same with the token
own() {
    local status=$1 word=$2
    shift 2
    ask "$status" "$word" -H "Authorization: Bearer $token" "$@"
}
# the same of the API, with what problems are
ends() {
    own "$@"
    step="$* is a problem of RFC 9457"
    grep -qi '^content-type: application/problem+json' heads
    for part in type title status detail; do grep -q "\"$part\":" body; done
}
encoded() { printf '%s' "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' %; }
query() { # status, word, SQL
    ends "$1" "$2" "/api/v1/query?run=merged&sql=$(encoded "$3")"
}
api=/api/v1

# Addresses.
own 200 '"merged"' $api/runs
own 200 '"run"' "$api/runs?state=complete"
own 200 '"snapshot"' $api/runs/merged
own 200 '"complete"' $api/runs/run/status
own 200 'event: finished' $api/runs/run/events
own 200 'x-next' $api/runs/run/shards/0/log
own 200 'TE_A2S' $api/runs/merged/tables
own 200 'TE_A2S' $api/runs/merged/tables/te
own 200 'rel="next"' "$api/runs/merged/tables/te/rows?limit=2&sort=-TE_A2S"
own 200 '"rows":1' "$api/runs/merged/tables/te/count?where=user_id.eq.$user"
own 200 'user_id' "$api/runs/merged/tables/te/rows?format=csv"
step="the CSV of a merged table is the file"
cmp body out/merged/per_user_te.csv
own 200 "$user" $api/runs/merged/users
own 200 '"Tests"' "$api/runs/merged/users/$user"
own 200 'p_histogram' $api/runs/merged/plots
for ending in svg csv json sql; do own 200 '' $api/runs/merged/plots/p_histogram.$ending; done
own 200 'significant' $api/runs/merged/queries
own 200 '"n":3' "$api/query?run=merged&sql=$(encoded 'select count(*) as n from users')"
own 200 '"n":4' -H 'Content-Type: application/json' --data '{"run":"merged","sql":"select $a + 1 as n","params":{"a":3}}' $api/query
own 200 'TableScan' "$api/query/plan?run=merged&sql=$(encoded 'select * from te')"
own 200 '^\[' $api/queries
own 200 '' -X PUT --data-binary 'select 1 as n' $api/saved/mine
own 200 'mine' $api/saved
own 200 'select 1' $api/saved/mine
own 200 '' -X DELETE $api/saved/mine
own 200 '' -I $api/runs
own 200 'results_queries' /metrics
ask 200 ok /healthz
ask 200 ok /readyz
own 200 'Findings by measure' /run/merged/report

# How requests end.
query 400 '"/problems/syntax"' 'select 1 from te )'
query 400 'is it users?' 'select 1 from usres'
query 400 'is it TE_A2S?' 'select TE_A2 from te'
query 400 '"line":2' "select 1
 from usres"
query 403 '"/problems/would-write"' 'create table t as select 1'
query 507 'query-memory' 'select array_length(array_agg(n)) from (select unnest(range(1, 200000000)) as n)'
query 504 '"/problems/deadline"' 'with recursive t(n) as (select 1 union all select n + 1 from t where n < 1000000000) select max(n) from t'
query 400 'levels deep' "select $(printf '(%.0s' $(seq 80))1$(printf ')%.0s' $(seq 80))"
ends 404 'is it merged?' $api/runs/merge
ends 404 'is it te?' $api/runs/merged/tables/tee
ends 404 'is it p_histogram?' $api/runs/merged/plots/p_histgram.svg
ends 404 'shards nor logs' $api/runs/merged/status
ends 404 '' $api/saved/nothing
ends 404 '' $api/nothing
ends 400 'is it limit?' "$api/runs/merged/tables/te/rows?limt=1"
ends 400 'is it complete?' "$api/runs?state=complte"
ends 400 'whole number' $api/runs/run/shards/x/log
ends 400 'a text' $api/runs/%ff
ends 416 '' "$api/runs/run/shards/0/log?from=999999999"
ends 410 '' "$api/runs/merged/tables/te/rows?limit=1&snapshot=gone"
ends 405 '' -X POST $api/runs
# Hardly more than a body may have: it is refused where that is read, and curl, which must not be cut off, has sent it all by then.
head -c 1049000 /dev/zero | tr '\0' ' ' >large
ends 413 '"/problems/too-large"' -H 'Content-Type: application/json' --data-binary @large $api/query
ends 404 '' -X POST $api/queries/999999/cancel

# What strangers try.
ask 401 '"/problems/login"' $api/runs
ask 401 'Sign in' /run/merged
ask 401 '' /metrics
own 421 'host-name' -H 'Host: evil.example' $api/runs
ask 200 '' -H "Host: localhost:${address##*:}" /healthz
own 403 'page elsewhere' -H 'Origin: https://evil.example' -X PUT --data 'select 1' $api/saved/x
own 403 'page elsewhere' -H 'Sec-Fetch-Site: cross-site' -X PUT --data 'select 1' $api/saved/x
for path in '/run/..%2f..%2fetc%2fpasswd' '/run/%2e%2e' "$api/runs/..%2frun" "$api/runs/merged/tables/..%2f..%2fmerge.yaml" '/assets/..%2fscript.js'; do
    own 404 '' --path-as-is "$path"
done
for sql in "select * from '/etc/passwd'" "copy te to '/tmp/x'" "create external table t stored as csv location '/etc/passwd'" \
    "set datafusion.execution.batch_size = 1" "show datafusion.execution.batch_size"; do
    step="$sql is refused"
    got=$(curl --silent --noproxy '*' -o body -w '%{http_code}' -H "Authorization: Bearer $token" -G --data-urlencode "sql=$sql" --data run=merged "$base$api/query")
    case $got in 400 | 403 | 501) ;; *) echo "it is $got"; exit 1 ;; esac
done
own 200 "default-src 'none'" /
own 200 'nosniff' /
step="the answer names no origin that may read it"
if grep -i '^access-control' heads; then exit 1; fi
# A link signs in once, and its session reads.
ask 303 'HttpOnly; SameSite=Lax' "${link#"$base"}"
cookie=$(sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\);.*/\1/p' heads)
step="the token is not in the cookie"
case $cookie in *"$token"*) exit 1 ;; esac
ask 401 '' "${link#"$base"}"
ask 200 'merged' -H "Cookie: $cookie" /
ask 403 'page elsewhere' -H "Cookie: $cookie" -X PUT --data 'select 1' $api/saved/x
ask 403 'page elsewhere' -H "Cookie: $cookie" -H 'Sec-Fetch-Site: cross-site' $api/runs
ask 200 'has not been asked' -H "Cookie: $cookie" -H 'Sec-Fetch-Site: cross-site' "/sql?run=merged&sql=$(encoded 'select 1')"
# A token that sees one source, and what happens when it ends.
anna=$("$RESULTS" token new anna --sources run --state state 2>/dev/null)
step="the token of anna holds within 2 s"
for _ in $(seq 50); do
    [ "$(curl --silent --noproxy '*' -o body -w '%{http_code}' -H "Authorization: Bearer $anna" "$base$api/runs")" = 200 ] && break
    sleep 0.1
done
ask 200 '"run"' -H "Authorization: Bearer $anna" $api/runs
step="anna sees no other source"
if grep merged body; then exit 1; fi
ask 404 '' -H "Authorization: Bearer $anna" $api/runs/merged
step="nothing is told of other sources"
if grep 'is it merged' body; then exit 1; fi
ask 403 'write-queries' -H "Authorization: Bearer $anna" -X PUT --data 'select 1' $api/saved/x
ask 403 '' -H "Authorization: Bearer $anna" /metrics
"$RESULTS" token revoke anna --state state 2>/dev/null
sleep 2.5
ask 401 '' -H "Authorization: Bearer $anna" $api/runs
# After five wrong ones an address waits: a second, and after each further one twice as long. Where that is over before curl has
# asked again, the next one tells.
now() { date +%s%N; }
for _ in 1 2 3 4; do before=$(now); ask 401 '' -H 'Authorization: Bearer rs_wrong' $api/runs; done
step="the sixth wrong login is to wait"
for seconds in 1 2 4 8 16; do
    last=$before before=$(now)
    got=$(curl --silent --show-error --max-time 120 --noproxy '*' -o body -w '%{http_code}' -H 'Authorization: Bearer rs_wrong' \
        "$base$api/runs")
    [ "$got" = 401 ] && [ $(($(now) - last)) -ge $((seconds * 1000000000)) ] || break
done
[ "$got" = 429 ] || { echo "it is $got"; exit 1; }
grep -q '"/problems/too-many-logins"' body
step="the audit log has queries and refused logins"
grep -q 'usres' state/audit.ndjson
grep -q '"login"' state/audit.ndjson || grep -q 'refused' state/audit.ndjson
step="it ends well when it is asked to"
kill -TERM "$server"
wait "$server"
server=
echo "every address, ending and threat is as it is to be"
