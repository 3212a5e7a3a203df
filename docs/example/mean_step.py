"""Mean number of steps of one user, awake and asleep: rows of the table `mean_step`."""

import csv
import gzip
import json
import statistics
import sys


def say(**row):
    # allow_nan=False: a NaN would be no JSON; missing values are None.
    print(json.dumps(row, allow_nan=False))


def read(path):
    steps = {"awake": [], "asleep": []}
    with gzip.open(path, "rt") if path.endswith(".gz") else open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row["steps"]:
                state = "asleep" if float(row["sleeping"]) else "awake"
                steps[state].append(float(row["steps"]))
    return steps


def main():
    user, path = sys.argv[1:]
    print(f"reading {path} of {user}", file=sys.stderr)
    say(stage="read")
    steps = read(path)
    n = sum(map(len, steps.values()))
    if n == 0:
        say(unit={"state": "skipped", "reason": "no row has a number of steps"})
        return
    for state, values in steps.items():
        if values:
            spread = statistics.stdev(values) if len(values) > 1 else None
            say(table="mean_step", state=state, n=len(values), mean=statistics.fmean(values), std=spread)
    say(unit={"n_samples": n})


main()
