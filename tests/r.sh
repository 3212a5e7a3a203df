#!/usr/bin/env bash
# The code of docs/r.md, as it stands there, with a program that is built already: makes a demo, serves it, and runs every block
# that is not marked `not-run`.
#
#     tests/r.sh target/release/results
#
# The program needs the feature `pg`; R needs RPostgreSQL and jsonlite.
set -euo pipefail
binary=$(realpath "$1")
docs=$(realpath "$(dirname "$0")/../docs")
work=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT
# The service keeps its token at home, and R looks there.
export HOME="$work/home" PATH="$work/bin:$PATH"
unset RESULTS_DEFINITIONS XDG_STATE_HOME
mkdir -p "$HOME" "$work/bin" "$work/schemas"
ln -s "$binary" "$work/bin/results"
cd "$work"

blocks() { # language and mark: all such blocks of the page
    awk -v fence="\`\`\`$1" '$0 == fence {on = 1; next} /^```$/ {on = 0} on' "$docs/r.md"
}

results demo --out demo 2>/dev/null
ln -s demo/merged merged
results serve demo/merged --listen 127.0.0.1:0 --postgres 127.0.0.1:0 --json >told 2>said &
server=$!
for _ in $(seq 600); do [ -s told ] && break; kill -0 "$server"; sleep 0.1; done
port=$(sed -n 's/.*"postgres":"[^"]*:\([0-9]*\)".*/\1/p' told)
[ -n "$port" ] || { cat told said; exit 1; }

echo "-- what the page does with a merged output"
blocks r | sed "s/port = 8788/port = $port/" >page.R
cat >>page.R <<'R'
# What the page said of itself.
stopifnot(nrow(te) > 0, is.numeric(te$q_A2S), all(te$q_A2S < 0.05), nrow(te) == nrow(found), nrow(people) == 12)
called <- results_sql("select count(*) as n from te where q_A2S < 0.05")
stopifnot(called$n == nrow(found), nrow(one) >= 11, file.size("forest.pdf") > 1000)
refused <- tryCatch(suppressWarnings(results_sql("select nothing from te")), error = conditionMessage)
stopifnot(refused == "results sql ended with 1")
R
Rscript --vanilla page.R

echo "-- an R function as the analysis"
blocks "r mean_step.R" >mean_step.R
blocks "yaml mean_step.yaml" >mean_step.yaml
cp "$docs/example/schemas/mean_step.yaml" schemas/
mkdir DATA
for user in 1 2 3; do printf 'sleeping,steps\n0,%s0\n0,\n1,%s\n1,%s.25\n' $user $user $user >DATA/u$user.csv; done
printf 'sleeping,steps\n0,\n' >DATA/u4.csv
printf 'steps\n3\n' >DATA/u5.csv
blocks bash | sed -e '/^results run/s/$/ || [ $? = 3 ]/' -e '/^results merge/s/$/ --allow-partial || [ $? = 3 ]/' \
    -e '/^results sql/s/--run/--format csv --run/' >commands.sh
bash -e commands.sh 2>said | tee rows
[ "$(grep -A9 '^state' rows)" = "state,people,mean
asleep,3,2.125
awake,3,20.0" ] || { cat said; exit 1; }
results sql --run mean_step --format csv "select user_id, state, reason from users where state <> 'ok' order by 1" | tee rows
grep -q '^u4,skipped,no row has a number of steps$' rows
grep -q '^u5,failed,' rows
echo "-- done"
