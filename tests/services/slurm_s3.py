#!/usr/bin/env python3
"""Runs in an object store whose tasks a batch system starts, while everything is killed that can be.

    eval "$(start-s3.sh DIR 7200)"; eval "$(start-slurm.sh DIR 7200)"; slurm_s3.py RESULTS FOLDER SLURM_DIR S3_DIR [KILLS] [SEED]

Between the tasks and the store stands fault.py, which refuses, loses, doubles, delays and cuts 3 % of the requests each. Meanwhile
workers, the daemon of a node with all that runs on it, the S3 server and the proxy are killed, KILLS times in all (20), and what is
left of a run is submitted again when nothing of it is in the queue; a run that is done is followed by another one. Then a node
that stays away, a time limit, and preemption in both modes, once each. The CSV files that are merged from the store are those of a
run on a disk that nobody disturbed, each time.
"""
import collections
import http.client
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from s3 import request
from torture import Program, end, faults, rules

RESULTS, FOLDER, SLURM, S3 = (Path(arg).resolve() for arg in sys.argv[1:5])
KILLS, SEED = int((sys.argv[5:] or ["20"])[0]), int((sys.argv[6:] or ["1"])[0])
USERS, SHARDS = 30, 10
STORE, PROXY = os.environ["AWS_ENDPOINT_URL"], os.environ["RESULTS_S3_FAULTS"]
# What tasks inherit from whoever submits them.
THROUGH = {**os.environ, "AWS_ENDPOINT_URL": PROXY}
CSVS = ("per_user_te.csv", "hbin_counts.csv", "k_selected_by_user.csv")
# A user of it takes half a minute, and no processor.
SLOW = """analysis: {engine: command, folder: %s, command: [sh, slow.sh, "%s"], mode: per_unit, rows: ndjson}
feature_modes: [default]
"""
SCHEMA = """table: one
version: 1
description: A number.
csv: one.csv
key: [feature_mode]
columns: [{name: feature_mode, type: text, nullable: false}, {name: value, type: float}]
"""
# Only what is written can be in conflict.
FAULTS = faults(conflicts="PUT")
PROGRAM = Program(RESULTS, FOLDER)
results, must = PROGRAM.results, PROGRAM.must


def slurm(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


def read(path):
    try:
        return path.read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return [""]


def processes():
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def killed(folder, name):
    """Kills what was started there; what is given back starts it as it was started."""
    process = int((folder / f"{name}.pid").read_text())
    command, here = read(Path(f"/proc/{process}/cmdline"))[:-1], os.readlink(f"/proc/{process}/cwd")
    end(process)
    while read(Path(f"/proc/{process}/cmdline")) != [""]:
        time.sleep(0.02)

    def start():
        with open(folder / f"{name}.log", "a") as log:
            started = subprocess.Popen(command, cwd=here, stdout=log, stderr=log, start_new_session=True)
        (folder / f"{name}.pid").write_text(f"{started.pid}\n")

    return start


def until_served():
    """A server that was killed finds itself first, for some ten seconds."""
    began = time.monotonic()
    while time.monotonic() - began < 120:
        try:
            if request(STORE, "GET", "/bucket?list-type=2&prefix=none", timeout=5)[0] == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.2)
    raise AssertionError("the S3 server does not come back")


class Run:
    """A run in the store, and its tasks."""

    def __init__(self, name, config, partition="work", minutes=20, more=()):
        self.url = f"s3://bucket/{name}-{SEED}-{os.getpid()}"
        self.wish = ["--engine", "slurm", "--threads", 1, "--memory", "100MB", "--time", f"{minutes}min", "--partition", partition, *more]
        self.first = ["submit", "--config", config, "--data", FOLDER / "data", "--shards", SHARDS, "--out", self.url, *self.wish]
        self.submissions = 0

    def submit(self):
        """What is left, once nothing of it is in the queue; a store that goes wrong may refuse, and is asked again."""
        for _ in range(20):
            there = results("status", self.url, "--json").returncode in (0, 3)
            command = ["submit", "--resume", self.url, *self.wish] if there else self.first
            done = results(*command, env=THROUGH)
            self.submissions += 1
            if done.returncode == 0:
                return
            assert done.returncode in (1, 2), done.stderr
            time.sleep(1)
        raise AssertionError(f"it cannot be submitted: {done.stderr}")

    def tasks(self):
        """Processes of its tasks by node."""
        found = collections.defaultdict(list)
        for process in processes():
            line = read(Path(f"/proc/{process}/cmdline"))
            if self.url in line and line[0] == str(RESULTS):
                for entry in read(Path(f"/proc/{process}/environ")):
                    if entry.startswith("SLURMD_NODENAME="):
                        found[entry.split("=", 1)[1]].append(process)
        return found

    def queued(self):
        """Jobs that have not ended; those that were put back start at once."""
        jobs = [line.split("|") for line in slurm("squeue", "-h", "-r", "-o", "%T|%r|%i").splitlines()]
        for state, reason, task in jobs:
            if state == "PENDING" and reason == "BeginTime":
                slurm("scontrol", "update", f"JobId={task}", "StartTime=now")
            if reason.startswith(("JobHeld", "launch_failed")):
                slurm("scontrol", "release", task)
        return len(jobs)

    def is_done(self):
        return json.loads(must("status", self.url, "--json"))[0]["state"] == "complete"

    def until_done(self, between=lambda: None, minutes=20):
        began = time.monotonic()
        if not self.submissions:
            self.submit()
        while True:
            assert time.monotonic() - began < 60 * minutes, f"{self.url} comes to no end"
            between()
            if not self.queued():
                if self.is_done():
                    return
                self.submit()
            time.sleep(0.3)

    def until_working(self, least=1):
        self.submit()
        began = time.monotonic()
        while sum(map(len, self.tasks().values())) < least:
            assert time.monotonic() - began < 120, f"no task of {self.url} begins:\n{slurm('squeue', '-a')}"
            self.queued()
            time.sleep(0.2)

    def is_right(self, expected, csvs=CSVS):
        must("validate", self.url)
        merged = FOLDER / self.url.rsplit("/", 1)[1]
        must("merge", "--shards", self.url, "--output", merged)
        for name in csvs:
            assert (merged / name).read_bytes() == (expected / name).read_bytes(), f"{name} differs: {merged}"
        assert len((merged / "users.csv").read_text().splitlines()) == USERS + 1, merged


def node_down(node):
    """Kills the daemon of a node and all that runs there; what is given back starts it again."""
    start = killed(SLURM, f"slurmd-{node}")
    ours = {f"SLURMD_NODENAME={node}", f"SLURM_CONF={SLURM}/slurm.conf"}
    for process in processes():
        if ours <= set(read(Path(f"/proc/{process}/environ"))):
            end(process)
    for process in processes():
        if read(Path(f"/proc/{process}/comm"))[0].strip() == "slurmstepd" and is_here(process) and not children(process):
            end(process)
    return start


def is_here(process):
    """Whether it belongs to this cluster, in whose folder its steps are started."""
    try:
        return os.readlink(f"/proc/{process}/cwd") == str(SLURM)
    except OSError:
        return False


def children(process):
    try:
        return Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []


def kills(config, expected, rng):
    done, rounds = collections.Counter(), 0

    def kill():
        if sum(done.values()) >= KILLS:
            return rules(PROXY, [])
        time.sleep(rng.uniform(0.2, 1.5))
        what = rng.choices(["worker", "node", "server", "proxy"], [6, 2, 1, 1])[0]
        tasks = run.tasks()
        if what == "worker" and tasks:
            end(rng.choice([process for own in tasks.values() for process in own]))
        elif what == "node" and tasks:
            start = node_down(rng.choice(sorted(tasks)))
            time.sleep(rng.uniform(0.1, 3))
            start()
        elif what in ("server", "proxy"):
            start = killed(S3, {"server": "weed", "proxy": "faults"}[what])
            time.sleep(rng.uniform(0.1, 3))
            start()
            until_served()
            rules(PROXY, FAULTS)
        else:
            return
        done[what] += 1

    while sum(done.values()) < KILLS:
        rounds += 1
        run = Run(f"kills{rounds}", config)
        rules(PROXY, FAULTS)
        run.until_done(kill)
        run.is_right(expected)
        print(f"{time.monotonic() - BEGAN:5.0f} s  run {rounds}: {sum(done.values())} kills {dict(done)}, {run.submissions} submissions", flush=True)
    rules(PROXY, [])


def events(config, expected):
    rules(PROXY, FAULTS)
    run = Run("away", config)
    run.until_working(4)
    start = node_down(sorted(run.tasks())[0])
    time.sleep(15)  # longer than the controller waits for a node
    start()
    run.until_done()
    run.is_right(expected)
    print(f"{time.monotonic() - BEGAN:5.0f} s  a node that stays away", flush=True)

    run = Run("limit", FOLDER / "slow.yaml", minutes=1, more=["--definitions", FOLDER / "definitions"])
    run.until_done()
    assert run.submissions > 1, "no task came to its time limit"
    run.is_right(FOLDER / "expected_slow", ["one.csv"])
    print(f"{time.monotonic() - BEGAN:5.0f} s  a time limit: {run.submissions} submissions", flush=True)

    for partition in ("work", "cancel"):
        run = Run(partition, config, partition=partition)
        run.until_working(4)
        before = sum(map(len, run.tasks().values()))
        slurm("sbatch", "--partition=first", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=sleep 20")
        began = time.monotonic()
        while run.tasks():
            assert time.monotonic() - began < 180, f"{before} tasks go on:\n{slurm('squeue', '-a')}"
            time.sleep(0.1)
        run.until_done()
        run.is_right(expected)
        print(f"{time.monotonic() - BEGAN:5.0f} s  preemption in the partition `{partition}`", flush=True)
    rules(PROXY, [])


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    must("demo", "--users", USERS, "--data-only", "--out", FOLDER)
    (FOLDER / "plain.yaml").write_text(
        "feature_modes: [composite]\ntaus: [1]\nanalysis_modes: [global_te]\nstatistical: {nulls: [permute]}\n"
        "surrogates: 10000\nruntime: {commit_seconds: 1}\n"
    )
    (FOLDER / "definitions" / "schemas").mkdir(parents=True)
    (FOLDER / "definitions" / "schemas" / "one.yaml").write_text(SCHEMA)
    (FOLDER / "slow.sh").write_text('sleep "$1"; echo \'{"table": "one", "value": 1.5}\'; echo \'{"unit": {"n_samples": 1}}\'\n')
    (FOLDER / "slow.yaml").write_text(SLOW % (FOLDER, 30))
    (FOLDER / "quick.yaml").write_text(SLOW % (FOLDER, 0))
    for config, expected in (("plain", "expected"), ("quick", "expected_slow")):
        undisturbed = FOLDER / f"undisturbed_{config}"
        more = ["--data", FOLDER / "data", "--definitions", FOLDER / "definitions", "--out", undisturbed, "-q"]
        must("run", "--config", FOLDER / f"{config}.yaml", *more)
        must("merge", "--shards", undisturbed, "--output", FOLDER / expected)
    print(f"{time.monotonic() - BEGAN:5.0f} s  undisturbed", flush=True)
    kills(FOLDER / "plain.yaml", FOLDER / "expected", random.Random(SEED))
    events(FOLDER / "plain.yaml", FOLDER / "expected")
    logs = [*SLURM.glob("*.log"), *FOLDER.rglob("*.out")]
    assert any(path.suffix == ".out" for path in logs), "tasks have left no logs"
    said = "".join(PROGRAM.log) + "".join(path.read_text(errors="replace") for path in logs)
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in said, "a secret is told"
    print(f"{KILLS} kills and four events: nothing lost, nothing twice")


BEGAN = time.monotonic()
try:
    main()
finally:
    (FOLDER / "said.log").write_text("".join(PROGRAM.log))
