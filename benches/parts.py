#!/usr/bin/env python3
"""A merge by one process against one in parts, of which several are done at a time: time, and the peak memory of a process.

    parts.py RESULTS RUN [TABLE] [PARTS] [PROCESSES] [TIMES]     TABLE may be empty; RUN as `cargo bench --bench merge` makes it

In turn, TIMES times each (3); the CSV files are compared byte for byte.
"""
import concurrent.futures
import filecmp
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

STAGES = [("survey", True), ("runs", True), ("ranges", True), ("combine", False), ("write", True), ("together", False)]


def run(arguments):
    """The peak memory of a process, in MB."""
    process = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"{' '.join(arguments)}: status {status}")
    return usage.ru_maxrss / 1024


def main():
    results, source, table, parts, processes, times = (sys.argv[1:] + ["", "8", "4", "3"][len(sys.argv) - 3:])[:6]
    common = [os.path.abspath(results), "merge", "--shards", source, *(["--table", table] if table else [])]
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as work:
        one, shared = pathlib.Path(work, "one"), pathlib.Path(work, "shared")

        def by_one():
            return run([*common, "--output", str(one)])

        def by_several():
            most = 0
            with concurrent.futures.ThreadPoolExecutor(int(processes)) as pool:
                for stage, has_parts in STAGES:
                    own = [*common, "--output", str(shared), "--parts", parts, "--stage", stage]
                    each = [[*own, "--part", str(part)] for part in range(int(parts))] if has_parts else [own]
                    most = max(most, *pool.map(run, each), 0)
            return most

        found = {by_one: [], by_several: []}
        for _ in range(int(times)):
            for way, output in ((by_one, one), (by_several, shared)):
                shutil.rmtree(output, ignore_errors=True)
                start = time.time()
                memory = way()
                found[way].append((time.time() - start, memory))
        for csv in one.glob("*.csv"):
            assert filecmp.cmp(csv, shared / csv.name, shallow=False), csv.name
        medians = {way: (statistics.median(t for t, _ in all_), max(m for _, m in all_)) for way, all_ in found.items()}
        for way, words in ((by_one, "one process"), (by_several, f"{parts} parts, {processes} processes")):
            print(f"{words:24} {medians[way][0]:7.2f} s {medians[way][1]:6.0f} MB   of {[round(t, 2) for t, _ in found[way]]}")
        print(f"ratio                    {medians[by_several][0] / medians[by_one][0]:7.2f}")


main()
