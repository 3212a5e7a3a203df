#!/usr/bin/env bash
. "$(dirname "$0")/../common.sh"
demo
steps=""
for i in $(seq 1 30); do steps="$steps, t$i as (select x + x as x from t$((i - 1)))"; done
cube=$(seq -s ', ' 1 24 | sed 's/\([0-9][0-9]*\)/tau + \1/g')
bad=0
ends() {
  timeout 60 "$RESULTS" sql --run demo/merged --memory 1GB "$1" >/dev/null 2>e.txt
  code=$?
  [ $code -eq 1 ] && grep -q "(hint:" e.txt && grep -Eq "$2" e.txt || { echo "$(cut -c1-60 <<<"$1") ends with $code: $(head -c 200 e.txt | tr '\n' ' ')"; bad=1; }
}
ends "with t0 as (select tau as x from te)$steps select count(*) from t30 where x > 0" "it may have [0-9]+"
ends "select count(*) from te group by cube($cube)" "it may make 4096"
ends "with recursive r as (select 'x' as x union all select x || x from r) select count(*) from r" "1.0 GB|1 GB|2 GB"
ends "select array_length(array_repeat(array_repeat(tau, 1000000), 1000000)) from te" "GB"
[ $bad -eq 0 ] && good "what doubles ends with its limit, in words"
fault "what doubles does not end, or does not say why"
