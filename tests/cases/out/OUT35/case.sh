#!/usr/bin/env bash
. "$(dirname "$0")/../common.sh"
demo
rm demo/merged/te.parquet
timeout 60 "$RESULTS" sql --run demo/merged "select count(*) from te" >o.txt 2>o.err && fault "a file is gone, and the answer is $(tail -2 o.txt)"
grep -q "te.parquet is gone" o.err && grep -q "(hint: \`results merge --shards .*demo/run.* --output demo/merged\` makes it again" o.err &&
  good "the file is named with the merge that makes it again"
fault "$(cat o.err)"
