#!/usr/bin/env bash
# Runs the fault cases of this folder with the program in RESULTS, or those that are named: tests/cases/run.sh in/IN01
# A case ends with 0 if what it is about is right, with 1 if it is not, and with 2 if it could not be tried.
set -u
: "${RESULTS:?set RESULTS to the program}"
RESULTS=$(cd "$(dirname "$RESULTS")" && pwd)/$(basename "$RESULTS")
export RESULTS
cd "$(dirname "$0")" || exit 2
[ $# -gt 0 ] || set -- in/IN* out/OUT*
wrong=0
for case in "$@"; do
    said=$(timeout 300 bash "$case/case.sh" 2>&1) && continue
    code=$?
    wrong=$((wrong + 1))
    printf '%s ends with %s\n%s\n' "$case" "$code" "$said" | tail -20
done
echo "$# cases, $wrong wrong"
[ "$wrong" -eq 0 ]
