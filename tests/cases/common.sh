# Sourced by the common.sh of each half: RESULTS is the program; work is done in a folder that is removed afterwards.
# Exit code 0: as it must be. 1: the fault is there. 2: the case could not be tried.
set -u
: "${RESULTS:?set RESULTS to the program}"
case $RESULTS in */*) RESULTS=$(cd "$(dirname "$RESULTS")" && pwd)/$(basename "$RESULTS") ;; esac
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(mktemp -d) || exit 2
trap 'chmod -R u+w "$WORK" 2>/dev/null; rm -rf "$WORK"' EXIT
cd "$WORK" || exit 2
fault() { echo "FAULT: $*"; exit 1; }
good() { echo "right: $*"; exit 0; }
cannot() { echo "not tried: $*"; exit 2; }
