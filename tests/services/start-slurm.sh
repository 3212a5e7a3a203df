#!/usr/bin/env bash
# Starts a Slurm of two nodes on this machine, all of it in the folder DIR and on the loopback.
#
#   start-slurm.sh DIR [SECONDS]     prints the line `export SLURM_CONF=…`; ends by itself after SECONDS (600)
#   start-slurm.sh --stop DIR        ends it
#
# Needs the packages slurmctld slurmd slurm-client munge, and root (slurmd takes on the user of a job).
# PORT (first of six; without it, some that are free between 21700 and 26700), CPUS (a node's, 4), MEM (a node's, MB, 1024) from the
# environment. ACCOUNTING=1 adds slurmdbd and MariaDB, so that sacct answers; only where no network reaches the machine: slurmdbd
# listens on all addresses and cannot be told otherwise.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# Ends what was started in DIR, by the process ids it wrote down, and only if they still are those programs.
stop() {
    local dir=$1 pid name file
    dir=$(cd "$dir" && pwd) || return 0
    # Jobs first, while there is somebody who can end them: their processes would outlive the daemons.
    if [ -s "$dir/slurmctld.pid" ] && kill -0 "$(cat "$dir/slurmctld.pid")" 2>/dev/null; then
        export SLURM_CONF="$dir/slurm.conf"
        timeout 3 scancel --quiet --user="$(id -un)" 2>/dev/null || true
        for _ in $(seq 40); do
            [ -z "$(timeout 2 squeue -h -t running,completing -o %i 2>/dev/null)" ] && break
            sleep 0.1
        done
    fi
    # The watchdog first, so that it does not wake up to nothing.
    for file in watchdog slurmctld slurmd-n1 slurmd-n2 slurmdbd mariadb munged; do
        [ -s "$dir/$file.pid" ] || continue
        pid=$(cat "$dir/$file.pid"); name=${file%-n[12]}; [ "$file" = watchdog ] && name=bash
        case "$(cat "/proc/$pid/comm" 2>/dev/null)" in
            "$name"*|mysqld*|sleep) [ "$pid" = $$ ] || [ "$pid" = "${BASHPID:-0}" ] || kill "$pid" 2>/dev/null || true ;;
        esac
    done
    for _ in $(seq 50); do
        local left=0
        for file in slurmctld slurmd-n1 slurmd-n2 slurmdbd mariadb munged; do
            [ -s "$dir/$file.pid" ] && kill -0 "$(cat "$dir/$file.pid")" 2>/dev/null && left=1
        done
        [ "$left" = 0 ] && break
        sleep 0.1
    done
    # A daemon waits for steps that cannot report their end any more; both know this folder by their log or their own.
    for file in slurmctld slurmd-n1 slurmd-n2; do
        [ -s "$dir/$file.pid" ] && pid=$(cat "$dir/$file.pid") || continue
        case "$(cat "/proc/$pid/comm" 2>/dev/null)" in "${file%-n[12]}"*) kill -9 "$pid" 2>/dev/null || true ;; esac
    done
    for pid in /proc/[0-9]*; do
        [ "$(cat "$pid/comm" 2>/dev/null)" = slurmstepd ] && [ "$(readlink "$pid/cwd")" = "$dir" ] || continue
        kill -9 "${pid#/proc/}" 2>/dev/null || true
    done
    rm -f "$dir"/*.pid
}

if [ "${1:-}" = --stop ]; then stop "$2"; exit 0; fi
dir=$1; seconds=${2:-600}
for program in slurmctld slurmd sinfo munged; do
    command -v "$program" >/dev/null || { echo "error: there is no $program (install slurmctld slurmd slurm-client munge)" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "error: slurmd must be started by root" >&2; exit 2; }
mkdir -p "$dir"/{state,spool-n1,spool-n2}; dir=$(cd "$dir" && pwd); chmod 755 "$dir"
[ -e "$dir/slurmctld.pid" ] && { echo "error: $dir is in use" >&2; exit 2; }
host=$(hostname -s); port=${PORT:-}
taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
any_taken() { local n; for n in $(seq 0 5); do taken $(($1 + n)) && return 0; done; return 1; }
if [ -z "$port" ]; then
    # Two that start at a time see the same ports free: they seldom begin to look at the same one.
    port=$((21700 + RANDOM % 500 * 10))
    while any_taken "$port"; do port=$((21700 + RANDOM % 500 * 10)); done
fi
fill() {
    sed -e "s|@DIR@|$dir|g; s|@HOST@|$host|g; s|@CPUS@|${CPUS:-4}|g; s|@MEM@|${MEM:-1024}|g" \
        -e "s|@PORT@|$port|g; s|@PORT1@|$((port + 1))|g; s|@PORT2@|$((port + 2))|g; s|@DBDPORT@|$((port + 3))|g; s|@SQLPORT@|$((port + 4))|g" \
        -e "s|@ACCOUNTING@|$1|g" "$2"
}
trap 'rc=$?; [ $rc = 0 ] || { tail -n 5 "$dir"/*.log >&2 || true; stop "$dir"; }; exit $rc' EXIT

head -c 1024 /dev/urandom > "$dir/munge.key"; chmod 400 "$dir/munge.key"
munged --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
    --log-file="$dir/munged.log" --seed-file="$dir/munge.seed" --num-threads=2

accounting=accounting_storage/none
if [ -n "${ACCOUNTING:-}" ]; then
    accounting="accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$((port + 3))
AccountingStoragePass=$dir/munge.socket
AccountingStorageUser=root"
    accounting=${accounting//$'\n'/\\n}
    mariadb-install-db --no-defaults --datadir="$dir/sql" --auth-root-authentication-method=normal --skip-test-db --user=root > "$dir/sql-install.log" 2>&1
    mariadbd --no-defaults --user=root --datadir="$dir/sql" --bind-address=127.0.0.1 --port=$((port + 4)) --socket="$dir/sql.socket" \
        --pid-file="$dir/mariadb.pid" --innodb-buffer-pool-size=64M --innodb-lock-wait-timeout=900 > "$dir/mariadb.log" 2>&1 &
    for _ in $(seq 600); do mariadb -uroot -S "$dir/sql.socket" -e 'select 1' >/dev/null 2>&1 && break; sleep 0.1; done
    mariadb -uroot -S "$dir/sql.socket" -e "create database slurm; create user slurm@127.0.0.1 identified by 'slurm'; grant all on slurm.* to slurm@127.0.0.1"
    fill "$accounting" "$here/slurmdbd.conf" > "$dir/slurmdbd.conf"; chmod 600 "$dir/slurmdbd.conf"
    SLURM_CONF="$dir/slurm.conf" slurmdbd -D > "$dir/slurmdbd.out" 2>&1 &
    for _ in $(seq 900); do grep -q "slurmdbd version" "$dir/slurmdbd.log" 2>/dev/null && break; sleep 0.1; done
fi
fill "$accounting" "$here/slurm.conf" > "$dir/slurm.conf"
export SLURM_CONF="$dir/slurm.conf"
if [ -n "${ACCOUNTING:-}" ]; then sacctmgr -i -Q add cluster results_test >/dev/null 2>&1 || true; fi
slurmctld -c -f "$dir/slurm.conf"
for node in n1 n2; do slurmd -N "$node" -f "$dir/slurm.conf"; done
both=
for _ in $(seq 900); do
    [ "$(sinfo -h -N -o '%N %t' 2>/dev/null | sort -u | grep -c ' idle$')" != 2 ] || { both=1; break; }
    sleep 0.1
done
[ -n "$both" ] || { echo "error: the nodes did not come up" >&2; sinfo -N >&2; exit 1; }
# Never for longer than it was asked for.
(
    sleep "$seconds" & waits=$!
    trap 'kill "$waits"; exit' TERM
    trap - EXIT
    wait "$waits"
    rm -f "$dir/watchdog.pid"
    stop "$dir"
) >/dev/null 2>&1 </dev/null &
echo $! > "$dir/watchdog.pid"
echo "export SLURM_CONF=$dir/slurm.conf"
