"""Records what scipy, statsmodels and numpy say of many vectors, for `crates/numerics/tests/it/stats.rs`.

Usage: python tests/record_stats.py [FOLDER], by default `reference/stats` beside this file. Recorded with
Python 3.11, numpy 2.4.6, scipy 1.17.1, statsmodels 0.15.0; every file names the versions it was made with.
Vectors come from `random.Random.random()`, which is the same everywhere, so recording twice gives equal files.

Files (numbers as the shortest decimals that read back as the same double; lines with # are remarks):

- wilcoxon.csv       name, statistic, p, values: scipy.stats.wilcoxon(values), all options at their defaults;
                     no p where scipy has none (NaN)
- multiple.csv       name, method, p, q: statsmodels multipletests(p, method=...)[1] over those that are not null
- location.csv       name, median, hodges_lehmann, positive, values: by definition, every average stored
- location_interval.csv   name, low, high, values: scipy.stats.bootstrap of the Hodges-Lehmann estimate,
                     percentile method, 20000 resamples
"""

import math
import platform
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.multitest import multipletests

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "reference" / "stats"
versions = (
    f"# recorded by tests/record_stats.py with Python {platform.python_version().rsplit('.', 1)[0]}, "
    f"numpy {np.__version__}, scipy {scipy.__version__}, statsmodels {statsmodels.__version__}"
)


def write(name, header, rows):
    lines = [versions, header, *(",".join(row) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n")
    print(f"{name}: {len(rows)} rows")


def text(values):
    return " ".join("null" if v is None else repr(float(v)) for v in values)


def normal(rng, n, shift=0.0, scale=1.0, digits=6):
    """Box and Muller."""
    draw = lambda: math.sqrt(-2 * math.log(1 - rng.random())) * math.cos(2 * math.pi * rng.random())
    return [round((draw() + shift) * scale, digits) for _ in range(n)]


def whole(rng, n, low, high):
    return [float(low + int(rng.random() * (high - low + 1))) for _ in range(n)]


def without(values, drop):
    """Values that are not to be, replaced by ones that are neither."""
    return [v if v not in drop else v + 0.5 for v in values]


def wilcoxon_vectors():
    rng = random.Random(1)
    # Neither zeros nor ties: exact up to 50.
    for n in [3, 4, 5, 6, 8, 10, 12, 13, 14, 15, 20, 25, 30, 40, 49, 50, 51, 60, 100, 200]:
        yield f"plain_{n}", normal(rng, n, shift=0.3)
    # Ties without zeros: exact up to 13.
    for n in [3, 5, 10, 12, 13, 14, 15, 30, 49, 50, 51, 100, 200]:
        yield f"ties_{n}", without(whole(rng, n, -4, 6), [0.0])
    # Zeros without ties.
    for n in [3, 8, 12, 13, 14, 49, 50, 51, 120]:
        values = normal(rng, n, shift=0.2)
        yield f"zeros_{n}", [0.0 if i % 4 == 1 else v for i, v in enumerate(values)]
    # Both.
    for n in [3, 4, 9, 13, 14, 25, 50, 51, 80, 200]:
        yield f"zeros_and_ties_{n}", whole(rng, n, -3, 4)
    for n in [3, 13, 14, 50, 51]:
        yield f"all_equal_{n}", [0.25] * n
    for n in [3, 5, 13, 14, 51]:
        yield f"all_zero_{n}", [0.0] * n
    for n in [3, 13, 14, 60]:
        yield f"one_not_zero_{n}", [0.0] * (n - 1) + [-1.5]
    for n in [3, 10, 49, 50, 51, 200]:
        yield f"all_positive_{n}", [abs(v) for v in normal(rng, n, shift=2.0)]
    for n in [7, 50, 90]:
        yield f"all_negative_{n}", [-abs(v) for v in normal(rng, n, shift=2.0)]
    for n in [6, 13, 14, 50, 70]:
        half = normal(rng, (n + 1) // 2)
        yield f"opposite_{n}", (half + [-v for v in half])[:n]
    for n in [9, 40, 75]:
        yield f"tiny_{n}", [v * 1e-300 for v in normal(rng, n, shift=0.4)]
        yield f"huge_{n}", [v * 1e300 for v in normal(rng, n, shift=-0.4)]
        yield f"every_magnitude_{n}", [
            math.copysign(10.0 ** (600 * rng.random() - 300), v) for v in normal(rng, n, shift=0.2)
        ]
    yield "subnormal", [5e-324, -1e-323, 1.5e-323, 2e-323, -2.5e-323]
    yield "one_bit_apart", [1.0, -math.nextafter(1.0, 2.0), math.nextafter(1.0, 0.0), -0.5, 2.0, -3.0] * 3
    yield "minus_zero", [-0.0, 1.0, -2.0, 3.0, 4.0, 0.0, 5.0]
    # A tie breaks a plain vector at the limits of the exact ranges.
    for n in [13, 14, 49, 50, 51]:
        values = normal(rng, n, shift=0.3)
        values[1] = -values[0]
        yield f"one_tie_{n}", values


def wilcoxon():
    rows = []
    for name, values in wilcoxon_vectors():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with np.errstate(all="ignore"):
                found = stats.wilcoxon(np.array(values))
        p = "" if math.isnan(found.pvalue) else repr(float(found.pvalue))
        rows.append((name, repr(float(found.statistic)), p, text(values)))
    write("wilcoxon.csv", "name,statistic,p,values", rows)


def p_vectors():
    rng = random.Random(2)
    draw = lambda n, power: [round(rng.random() ** power, 9) for _ in range(n)]
    yield "empty", []
    yield "nulls_only", [None, None]
    yield "single", [0.03]
    yield "single_one", [1.0]
    yield "single_zero", [0.0]
    yield "two", [0.04, 0.01]
    yield "two_equal", [0.04, 0.04]
    yield "ones", [1.0] * 7
    yield "zeros", [0.0] * 6
    yield "zeros_and_ones", [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.5]
    yield "book", [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719]
    yield "ascending", [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    yield "descending", [0.9, 0.8, 0.4, 0.2, 0.1, 0.05, 0.03, 0.01]
    yield "surrogates_99", [(1 + int(99 * rng.random() ** 2)) / 100 for _ in range(60)]
    yield "surrogates_1000", [(1 + int(1000 * rng.random() ** 4)) / 1001 for _ in range(300)]
    yield "ties_and_nulls", [None if rng.random() < 0.2 else round(rng.random(), 1) for _ in range(80)]
    yield "one_null", [None, 0.02, 0.5]
    yield "nulls_between", [0.01, None, 0.04, 0.03, None, 1.0, 0.0]
    yield "tiny", [1e-300, 5e-324, 1e-308, 2.2e-308, 1e-12, 0.5, 1e-299]
    yield "tiny_among_many", [1e-300, 3e-301] + draw(40, 1)
    yield "near_one", [1 - 2.0**-53, 1 - 2.0**-52, 1.0, 0.999999, 0.9999]
    yield "thirds", [1 / 3, 2 / 3, 1 / 3, 2 / 3, 1 / 7, 3 / 7]
    for n, power in [(3, 1), (17, 2), (100, 1), (128, 3), (129, 1), (1000, 1), (1000, 3)]:
        yield f"random_{n}_{power}", draw(n, power)
    yield "random_1000_with_nulls", [None if i % 9 == 4 else p for i, p in enumerate(draw(1000, 2))]


def multiple():
    rows = []
    for name, p in p_vectors():
        known = [v for v in p if v is not None]
        for method in ["fdr_bh", "fdr_by"]:
            q = iter(multipletests(known, method=method)[1] if known else [])
            rows.append((name, method, text(p), text([None if v is None else next(q) for v in p])))
    write("multiple.csv", "name,method,p,q", rows)


def hodges_lehmann(values):
    values = np.asarray(values)
    i, j = np.triu_indices(len(values))
    return np.median((values[i] + values[j]) / 2)


def location_vectors():
    rng = random.Random(3)
    yield "one", [0.7]
    yield "two", [0.7, -0.1]
    yield "all_equal", [0.1] * 9
    yield "all_zero", [0.0] * 4
    yield "negative", [-0.3, -1.7, -0.2]
    for n in [3, 4, 5, 10, 25, 26, 51, 100, 200, 300]:
        yield f"normal_{n}", normal(rng, n, shift=0.2)
    for n in [7, 40, 150]:
        yield f"ties_{n}", whole(rng, n, -3, 5)
    for n in [12, 60]:
        yield f"zeros_{n}", [0.0 if i % 3 else v for i, v in enumerate(normal(rng, n))]
    for n in [11, 120]:
        yield f"skewed_{n}", [round(-math.log(1 - rng.random()), 6) for _ in range(n)]
    for n in [15, 64]:
        yield f"every_magnitude_{n}", [
            math.copysign(10.0 ** (600 * rng.random() - 300), v) for v in normal(rng, n)
        ]
    yield "outlier", normal(rng, 30) + [1e9]
    yield "tenths", [v / 10 for v in whole(rng, 90, -20, 30)]


def location():
    rows = []
    for name, values in location_vectors():
        positive = sum(v > 0 for v in values) / len(values)
        found = [np.median(values), hodges_lehmann(values), positive]
        # Adding 0 turns -0 into 0.
        rows.append((name, *(repr(float(v) + 0.0) for v in found), text(values)))
    write("location.csv", "name,median,hodges_lehmann,positive,values", rows)


def intervals():
    rng = random.Random(4)
    vectors = {
        "normal_5": normal(rng, 5),
        "normal_20": normal(rng, 20, shift=0.5),
        "normal_60": normal(rng, 60),
        "skewed_40": [round(-math.log(1 - rng.random()), 6) for _ in range(40)],
        "skewed_150": [round(-math.log(1 - rng.random()), 6) for _ in range(150)],
        "uniform_100": [round(rng.random(), 6) for _ in range(100)],
        "ties_80": [v / 10 for v in whole(rng, 80, -20, 30)],
    }
    rows = []
    for name, values in vectors.items():
        found = stats.bootstrap(
            (values,), hodges_lehmann, vectorized=False, n_resamples=20000, method="percentile",
            rng=np.random.Generator(np.random.PCG64(5)),
        ).confidence_interval
        rows.append((name, repr(float(found.low)), repr(float(found.high)), text(values)))
    write("location_interval.csv", "name,low,high,values", rows)


folder.mkdir(parents=True, exist_ok=True)
wilcoxon()
multiple()
location()
intervals()
