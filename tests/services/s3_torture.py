#!/usr/bin/env python3
"""A run in an object store whose every part is killed and whose requests go wrong: nothing is lost, nothing counts twice.

    eval "$(tests/services/start-s3.sh DIR)"; s3_torture.py RESULTS FOLDER [KILLS] [SEED]

RESULTS is a program with the feature s3. Between it and the store stands fault.py, which refuses, loses, doubles, delays and cuts
3 % of the requests each. Meanwhile workers, supervisors and the proxy are killed, KILLS times in all (10), and the run is resumed
whenever it has ended. In the end the CSV files that are merged from the store are those of a run on a disk that nobody disturbed.
"""
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from torture import Program, end, faults, rules

RESULTS, FOLDER = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
KILLS, SEED = int((sys.argv[3:] or ["10"])[0]), int((sys.argv[4:] or ["1"])[0])
HERE = Path(__file__).resolve().parent
USERS, SHARDS = 24, 3
URL = f"s3://bucket/torture-{SEED}-{os.getpid()}"
STORE = os.environ["AWS_ENDPOINT_URL"]
CSVS = ("per_user_te.csv", "users.csv", "hbin_counts.csv")
PROGRAM = Program(RESULTS)
results, must = PROGRAM.results, PROGRAM.must


class Proxy:
    def __init__(self):
        self.port, self.process = 0, None
        self.start()

    def start(self):
        # The port that it had may be that of somebody's connection for a moment.
        options = ["--seed", str(SEED), "--seconds", "7200"]
        for _ in range(100):
            command = [sys.executable, HERE / "fault.py", "--to", STORE, "--port", str(self.port), *options]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            self.url = self.process.stdout.readline().strip()
            if self.url:
                break
            self.process.wait()
            time.sleep(0.3)
        assert self.url, "the proxy does not start"
        self.port = int(self.url.rsplit(":", 1)[1])
        rules(self.url, faults())

    def counts(self):
        return json.loads(urllib.request.urlopen(self.url + "/_counts").read())

    def kill(self):
        self.process.kill()
        self.process.wait()


def workers():
    """Processes of workers of this run, and of their supervisors."""
    found = {"worker": [], "run": []}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if URL in line and line[0] == str(RESULTS):
                found["worker" if "worker" in line else "run"].append(int(entry.name))
    return found


def main():
    rng = random.Random(SEED)
    FOLDER.mkdir(parents=True, exist_ok=True)
    config = FOLDER / "torture.yaml"
    config.write_text("surrogates: 1500\nruntime: {commit_seconds: 1}\n")
    data = FOLDER / "data"
    if not data.exists():
        must("demo", "--users", USERS, "--data-only", "--out", FOLDER)
    must("run", "--config", config, "--data", data, "--shards", SHARDS, "--out", FOLDER / "undisturbed", "-q")
    must("merge", "--shards", FOLDER / "undisturbed", "--output", FOLDER / "expected")
    proxy = Proxy()
    environment = {**os.environ, "AWS_ENDPOINT_URL": proxy.url}
    log = open(FOLDER / "torture.log", "w")
    began, killed, starts, going = time.monotonic(), {"worker": 0, "supervisor": 0, "proxy": 0, "stop": 0}, 0, None
    command = ["run", "--config", config, "--data", data, "--shards", SHARDS, "--out", URL, "-q"]
    try:
        while True:
            if going is None or going.poll() is not None:
                if going is not None and going.returncode == 0:
                    break
                assert starts < 20 * (KILLS + 10), "it comes to no end"
                going = subprocess.Popen([RESULTS, *map(str, command)], env=environment, stdout=log, stderr=log)
                starts += 1
                command = command if not exists() else ["run", "--resume", URL, "--shards", SHARDS, "-q"]
            time.sleep(rng.uniform(0.2, 1.5))
            if sum(killed.values()) >= KILLS:
                rules(proxy.url, [])
                continue
            living = workers()
            what = rng.choices(["worker", "supervisor", "proxy", "stop"], [6, 2, 1, 1])[0]
            if what == "worker" and living["worker"]:
                end(rng.choice(living["worker"]))
            elif what == "supervisor" and going.poll() is None:
                going.kill()
            elif what == "stop" and going.poll() is None:
                going.send_signal(signal.SIGTERM)
            elif what == "proxy":
                proxy.kill()
                time.sleep(rng.uniform(0.1, 2))
                proxy.start()
            else:
                continue
            killed[what] += 1
        counts = proxy.counts()
    finally:
        for processes in workers().values():
            for process in processes:
                end(process)
        proxy.kill()
    for words in (FOLDER / "torture.log").read_text().splitlines():
        assert os.environ["AWS_SECRET_ACCESS_KEY"] not in words, "a secret in the log"
    must("validate", URL)
    must("merge", "--shards", URL, "--output", FOLDER / "merged")
    for name in CSVS:
        mine, expected = (FOLDER / "merged" / name).read_bytes(), (FOLDER / "expected" / name).read_bytes()
        if name == "users.csv":  # names and times of attempts are each run's own
            mine, expected = (len(text.splitlines()) for text in (mine, expected))
        assert mine == expected, f"{name} differs: {FOLDER}"
    print(f"{sum(killed.values())} kills {killed}, {starts} starts, {time.monotonic() - began:.0f} s; requests {counts}")
    print(f"{USERS} users: nothing lost, nothing twice")


def exists():
    return results("status", URL, "--json").returncode in (0, 3)


main()
