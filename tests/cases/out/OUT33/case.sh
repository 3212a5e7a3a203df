#!/usr/bin/env bash
. "$(dirname "$0")/../common.sh"
demo 4
ask() { timeout 60 "$RESULTS" sql --run demo/run --format csv "$1" 2>sql.err | tail -n +2; }
u=$(ask "select user_id from users order by user_id limit 1")
[ -n "$u" ] || cannot "the run has no users"
# One worker does all of them, and the first one's analysis has a defect.
printf 'analysis_modes: [global_te]\nk_selection: {k_grid: [1, 2]}\nsurrogates: 19\n' >quick.yaml
RESULTS_DEFECT=$u timeout 60 "$RESULTS" run --config quick.yaml --data demo/data --out defect -q >said 2>&1
code=$?
ask() { timeout 60 "$RESULTS" sql --run defect --format csv "$1" 2>sql.err | tail -n +2; }
[ $code -eq 3 ] || fault "the run ends with $code: $(tail -2 said | tr '\n' ' ')"
ok=$(ask "select count(*) from users where state = 'ok'")
why=$(ask "select reason from users where user_id = '$u' and state = 'failed'")
[ "$ok" = 3 ] || fault "$ok of 3 others are done"
case $why in *"internal error, please report it"*) ;; *) fault "the user's row does not say what happened: $why" ;; esac
timeout 60 "$RESULTS" run --resume defect -q >said 2>&1 || fault "the run cannot be gone on with"
good "a defect in one user's analysis is that user's failure, in this build too"
