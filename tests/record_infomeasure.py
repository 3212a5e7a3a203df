"""Records what the Python package infomeasure says of many series, for `crates/numerics/tests/it/infomeasure.rs`.

Usage: python tests/record_infomeasure.py [FOLDER], by default `reference/infomeasure` beside this file.
Recorded with Python 3.11, numpy 2.4.6, infomeasure 0.6.3; every file names the versions it was made with.
Recording twice gives equal files. Values are bits, the discrete (plug-in) estimators of infomeasure.

Which tuples each takes. Ours: y = target[t], z = target[t-k..t-1], x = source[t-lag-l+1..t-lag], for every t
from max(k, l-1+lag). infomeasure shifts the source by prop_time first and then always ends both histories at
t-1, so lag = prop_time + 1; its first t is max(k, l) + prop_time. Where that is later than ours (k > l and
lag > 1), our measure is given the series without their first `skip` samples, and both take the same tuples:
this script compares all of them one by one, and every value with the definition.

A condition, in infomeasure, is a history like the others, of cond_hist_len = 1: the sample at t-1. For the
condition at t it is given the condition moved by one; prop_time does not go with a condition, so the source is
moved by hand.

Files (lines with # are remarks):

- series.csv    case, source, target, condition: one digit a sample
- expected.csv  case, measure, k, l, lag, condition_at, skip, n, value; n counts tuples. Measures:
                te    transfer entropy from source to target
                cte   the same given the condition at t (target) or t-1 (previous)
                mi    I(source[t-lag]; target[t])
                cmi   I(source[t]; target[t] | condition[t])
                ais   I(target[t-k..t-1]; target[t]), by the mutual information of coded histories and samples
"""

import platform
import random
import sys
from collections import Counter
from importlib.metadata import version
from math import log2
from pathlib import Path

import infomeasure
import numpy as np
from infomeasure.estimators.utils.te_slicing import cte_observations, te_observations

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "reference" / "infomeasure"
versions = (
    f"# recorded by tests/record_infomeasure.py with Python {platform.python_version().rsplit('.', 1)[0]}, "
    f"numpy {np.__version__}, infomeasure {version('infomeasure')}"
)
LENGTHS = [20, 21, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 350, 400, 500, 600, 800, 1000]
discrete = {"approach": "discrete", "base": 2}
worst = 0.0


def draw(rng, below):
    return int(rng.random() * below)


def series(rng, n):
    """A source with memory, a target driven by it, by itself and by the condition; alphabets of 2 to 6."""
    a, b, c = (2 + draw(rng, 5) for _ in range(3))
    lag = 1 + draw(rng, 3)
    noise = 0.1 + 0.8 * rng.random()
    rule = [[[draw(rng, b) for _ in range(c)] for _ in range(b)] for _ in range(a)]
    source, target, condition = [], [], []
    for t in range(n):
        source.append(source[-1] if t and rng.random() < 0.4 else draw(rng, a))
        condition.append(condition[-1] if t and rng.random() < 0.7 else draw(rng, c))
        driven = t >= lag and rng.random() >= noise
        target.append(rule[source[t - lag]][target[t - 1]][condition[t]] if driven else draw(rng, b))
    return np.array(source), np.array(target), np.array(condition)


def tuples(source, target, condition, k, l, lag, at):
    """The tuples of our definition; `at` is 0 for the condition at t, 1 for the one before, or nothing."""
    for t in range(max(k, l - 1 + lag), len(target)):
        x = tuple(source[t - lag - l + 1 : t - lag + 1])
        z = tuple(target[t - k : t])
        yield x, target[t], z if at is None else (*z, condition[t - at])


def information(rows):
    """I(x; y | z) of (x, y, z), as it is defined."""
    rows = [(tuple(np.atleast_1d(x)), y, tuple(np.atleast_1d(z))) for x, y, z in rows]
    xyz, z = Counter(rows), Counter(r[2] for r in rows)
    xz, yz = Counter((r[0], r[2]) for r in rows), Counter((r[1], r[2]) for r in rows)
    terms = (c * log2(c * z[r[2]] / (xz[r[0], r[2]] * yz[r[1], r[2]])) for r, c in xyz.items())
    return sum(terms) / len(rows)


def agreed(value, rows):
    """`value`, which the definition has to give too."""
    global worst
    off = abs(float(value) - information(rows))
    assert off < 1e-12, off
    worst = max(worst, off)
    return repr(float(value))


def same(slices, rows):
    """That infomeasure's slices are these tuples."""
    x, z, y = slices[:3]
    given = np.hstack([z, *slices[3:]])
    assert len(x) == len(rows)
    for x, y, z, row in zip(x, y, given, rows):
        assert (tuple(x), y[0], tuple(z)) == row, row


def transfer(source, target, k, l, lag):
    late = max(k, l) + lag - 1
    skip = late - max(k, l - 1 + lag)
    rows = list(tuples(source[skip:], target[skip:], None, k, l, lag, None))
    shift = lag - 1
    moved = source[: len(source) - shift], target[shift:]
    same(te_observations(*moved, src_hist_len=l, dest_hist_len=k, construct_joint_spaces=False), rows)
    value = infomeasure.transfer_entropy(
        source, target, src_hist_len=l, dest_hist_len=k, prop_time=shift, step_size=1, **discrete
    )
    return str(skip), str(len(rows)), agreed(value, rows)


def conditional(source, target, condition, k, l, lag, at):
    late = max(k, l) + lag - 1
    skip = late - max(k, l - 1 + lag)
    rows = list(tuples(source[skip:], target[skip:], condition[skip:], k, l, lag, at))
    shift = lag - 1
    moved = source[: len(source) - shift], target[shift:]
    # The sample that fills the end is never looked at.
    given = condition[shift:] if at == 1 else np.append(condition[shift + 1 :], 0)
    lengths = {"src_hist_len": l, "dest_hist_len": k, "cond_hist_len": 1, "step_size": 1}
    same(cte_observations(*moved, given, **lengths, construct_joint_spaces=False), rows)
    value = infomeasure.transfer_entropy(*moved, cond=given, **lengths, **discrete)
    return str(skip), str(len(rows)), agreed(value, rows)


def storage(target, k):
    rows = [(tuple(target[t - k : t]), target[t], 0) for t in range(k, len(target))]
    base = int(target.max()) + 1
    coded = [sum(int(s) * base**i for i, s in enumerate(row[0])) for row in rows]
    value = infomeasure.mutual_information(np.array(coded), target[k:], **discrete)
    return "0", str(len(rows)), agreed(value, rows)


def mutual(source, target, lag):
    n = len(source) - lag
    rows = [((source[t],), target[t + lag], 0) for t in range(n)]
    value = infomeasure.mutual_information(source, target, offset=lag, **discrete)
    return "0", str(n), agreed(value, rows)


def mutual_given(source, target, condition):
    rows = [((x,), y, z) for x, y, z in zip(source, target, condition)]
    value = infomeasure.conditional_mutual_information(source, target, cond=condition, **discrete)
    return "0", str(len(rows)), agreed(value, rows)


rng = random.Random(1)
all_series, expected = [], []
for n in LENGTHS + LENGTHS + [1500, 2000, 3000]:
    source, target, condition = series(rng, n)
    case = f"{len(all_series):02}_{n}"
    all_series.append((case, *("".join(map(str, s)) for s in (source, target, condition))))
    settings = [(1, 1, 1)] + [(1 + draw(rng, 4), 1 + draw(rng, 4), 1 + draw(rng, 3)) for _ in range(4)]
    for k, l, lag in dict.fromkeys(settings):
        setting = [str(k), str(l), str(lag)]
        expected.append((case, "te", *setting, "", *transfer(source, target, k, l, lag)))
        for at, name in [(0, "target"), (1, "previous")]:
            expected.append((case, "cte", *setting, name, *conditional(source, target, condition, k, l, lag, at)))
    for lag in [0, 1 + draw(rng, 3)]:
        expected.append((case, "mi", "0", "1", str(lag), "", *mutual(source, target, lag)))
    expected.append((case, "cmi", "0", "1", "0", "target", *mutual_given(source, target, condition)))
    for k in range(1, 5):
        expected.append((case, "ais", str(k), "", "", "", *storage(target, k)))

folder.mkdir(parents=True, exist_ok=True)
for name, header, rows in [
    ("series.csv", "case,source,target,condition", all_series),
    ("expected.csv", "case,measure,k,l,lag,condition_at,skip,n,value", expected),
]:
    (folder / name).write_text("\n".join([versions, header, *map(",".join, rows)]) + "\n")
    print(f"{name}: {len(rows)} rows")
print(f"largest deviation from the definition: {worst:.1e}; with skipped samples:", sum(r[6] != "0" for r in expected))
