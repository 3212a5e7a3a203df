#!/usr/bin/env python3
"""Strangers and own pairs on real wrist recordings: tests/wrist_recordings.py RESULTS FOLDER [PICTURES]

FOLDER holds Actiwatch files (.AWD), as the wheel `pyActigraphy` ships them below pyActigraphy/tests/data. Ten of them, up to
ten days each, are one user each: activity a minute, and whether it lies below 40 counts, the usual bound of rest of these
devices. The program compares them with whole days and within the past, and their pairs of strangers as a negative control. Nothing can couple
strangers, so the p that is used may call at most a tenth of them, in each direction; of the own pairs, activity to rest,
it has to find eight of ten.

With PICTURES, the folder docs/pictures, its queries about strangers are drawn instead: what each null says of all pairs."""

import csv
import datetime
import pathlib
import subprocess
import sys
import tempfile

RECORDINGS = ["example_01", "example_02", "example_03", "example_04", "example_05", "test_sample_aw4", "test_sample_aw7",
              "test_sample_awl", "test_sample_awlp", "test_sample_awmk2"]
EPOCH = {"1": 15, "2": 30, "4": 60, "8": 120}
DAYS = 10
REST_BELOW = 40
CONFIG = """\
name: wrist
data:
  format: columns
  files: "*.csv"
  timestamp: time
  source: activity
  target: rest
analysis_modes: [global_te]
taus: [1]
k_selection: {strategy: KT, per_variable: true}
statistical: {nulls: [days, within_past]}
"""


def minutes(path):
    """(seconds since 1970, counts) of every whole minute of a recording."""
    lines = path.read_text(encoding="latin-1").splitlines()
    day, clock, epoch = (line.strip() for line in lines[1:4])
    form = "%d-%b-%Y %I:%M:%S %p" if clock.endswith("M") else "%d-%b-%Y %H:%M:%S" if clock.count(":") == 2 else "%d-%b-%Y %H:%M"
    # Years before 1970 are an anonymised date; the clock of the day is what counts.
    start = datetime.datetime.strptime(f"{day} {clock}", form).replace(tzinfo=datetime.timezone.utc)
    start = start.replace(year=max(start.year, 1990))
    counts = [int(line.replace(",", " ").split()[0].rstrip("M")) for line in lines[7:] if line.strip()]
    per_minute = max(1, 60 // EPOCH[epoch])
    first = int(start.timestamp())
    whole = len(counts) // per_minute
    for minute in range(min(whole, DAYS * 24 * 60)):
        yield first + 60 * minute, sum(counts[minute * per_minute:(minute + 1) * per_minute])


def rows(results, merged, query):
    out = subprocess.run([results, "sql", "--run", merged, "--format", "csv", query], check=True, capture_output=True, text=True)
    return list(csv.DictReader(out.stdout.splitlines()))


def write(folder, work, config):
    (work / "data").mkdir()
    for name in RECORDINGS:
        with open(work / "data" / f"{name}.csv", "w", encoding="ascii") as out:
            out.write("time,activity,rest\n")
            out.writelines(f"{time},{count},{int(count < REST_BELOW)}\n" for time, count in minutes(folder / f"{name}.AWD"))
    (work / "wrist.yaml").write_text(config, encoding="ascii")


def draw(results, folder, pictures):
    """Every null is asked, whatever the others say."""
    config = CONFIG.replace("{nulls: [days, within_past]}", "{nulls: [permute, within_past, days], stop_above: 1}")
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        write(folder, work, config)

        def run(*args):
            subprocess.run([results, *map(str, args)], check=True, stdout=subprocess.DEVNULL)

        run("run", "--config", work / "wrist.yaml", "--data", work / "data", "--out", work / "run")
        run("control", work / "run", "--out", work / "strangers")
        for query in sorted(pictures.glob("strangers_*.sql")):
            run("plot", query, "--run", work / "strangers", "-o", query.with_suffix(".svg"), "--force")


def main():
    results, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if len(sys.argv) > 3:
        return draw(results, folder, pathlib.Path(sys.argv[3]))
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        write(folder, work, CONFIG)

        def run(*args):
            subprocess.run([results, *map(str, args)], check=True, stdout=subprocess.DEVNULL)

        run("run", "--config", work / "wrist.yaml", "--data", work / "data", "--out", work / "run")
        run("control", work / "run", "--out", work / "strangers")
        run("merge", "--shards", work / "run", "--control", work / "strangers", "--output", work / "merged")
        strangers = rows(results, work / "merged", "select direction, \"null\", pairs, rejected, share from control order by 1, 2")
        own = rows(results, work / "merged", "select user_id, k, l, p_A2S, \"null_A2S\" from te order by user_id")

    for row in strangers:
        print("strangers {direction} {null}: {rejected} of {pairs} ({share})".format(**row))
    for row in own:
        print("own {user_id}: k {k}, l {l}, p {p_A2S} ({null_A2S})".format(**row))
    called = [row for row in strangers if row["null"] == "called"]
    found = sum(float(row["p_A2S"]) <= 0.05 for row in own if row["p_A2S"])
    wrong = [f"{row['direction']} calls {row['share']} of the strangers" for row in called if float(row["share"]) > 0.10]
    if len(called) != 2 or any(int(row["pairs"]) < 60 for row in called):
        wrong.append("there are too few pairs of strangers")
    if found < 8:
        wrong.append(f"only {found} of {len(own)} own pairs are found")
    if wrong:
        sys.exit("; ".join(wrong))
    print(f"{found} of {len(own)} own pairs are found")


if __name__ == "__main__":
    main()
