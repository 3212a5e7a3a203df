#!/usr/bin/env bash
. "$(dirname "$0")/../common.sh"
demo
# Each is right or refused in words; another number is neither.
bad=0
either() { expect "$1" "$2" || refused || { echo "$1 -> $got$(cat sql.err); must be $2, or refused"; bad=1; }; }
either "select 2 ^ 3" 8.0
either "select 5 xor 3" 6.0
either "select round(2.5, 308)" 2.5
either "select round(2.5, 400)" 2.5
either "select trunc(-2.5, 309)" -2.5
v="(values (1, cast('inf' as double)), (2, 1.0), (3, 2.0)) v(i, x)"
over="over (order by i rows between 1 preceding and current row)"
either "select regr_avgx(i, x) $over from $v order by i" "inf|inf|1.5"
either "select var_pop(x) $over from $v order by i" "nan|nan|0.25"
either "select regr_sxx(i, x) $over from $v order by i" "nan|nan|0.5"
[ $bad -eq 0 ] && good "no other number is given silently"
fault "a number that is not the answer"
