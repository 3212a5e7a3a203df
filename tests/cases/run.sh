#!/usr/bin/env bash
# Runs the fault cases of this folder with the program in RESULTS, or those that are named: tests/cases/run.sh in/IN01
# A case ends with 0 if what it is about is right, with 1 if it is not, and with 2 if it could not be tried.
# Faults that are known and open stand in OPEN; one that is mended must leave the list.
set -u
: "${RESULTS:?set RESULTS to the program}"
RESULTS=$(cd "$(dirname "$RESULTS")" && pwd)/$(basename "$RESULTS")
export RESULTS
cd "$(dirname "$0")" || exit 2
OPEN=" "
[ $# -gt 0 ] || set -- in/IN* out/OUT*
wrong=0 untried=0
for case in "$@"; do
    said=$(timeout 300 bash "$case/case.sh" 2>&1)
    code=$?
    if [ "$code" = 2 ]; then
        untried=$((untried + 1))
        printf '%s could not be tried\n%s\n' "$case" "$said" | tail -3
    elif [[ $OPEN == *" $case "* ]]; then
        [ "$code" != 0 ] || { wrong=$((wrong + 1)); echo "$case is mended: take it out of OPEN in tests/cases/run.sh"; }
    elif [ "$code" != 0 ]; then
        wrong=$((wrong + 1))
        printf '%s ends with %s\n%s\n' "$case" "$code" "$said" | tail -20
    fi
done
echo "$# cases, $wrong wrong, $untried not tried, open:$OPEN"
[ "$wrong" -eq 0 ]
