#!/usr/bin/env python3
"""What a merge in parts reads and writes in an object store, by the counts of the proxy fault.py.

    s3_parts.py RESULTS RUN [TABLE] [PARTS]      RUN is a run in a folder; it is copied to s3://bucket/RUN's name first

Merges it by one process, by one in parts, and in parts by a process each, and tells for each: requests by method, bytes read of the
run by bytes of its files, and bytes written beside the output by those of the run's files. Endpoint and keys come from the environment
(start-s3.sh).
"""
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import s3

HERE = pathlib.Path(__file__).resolve().parent


def put(endpoint, folder, prefix):
    """Copies a folder; the bytes of data, ledger and plan."""
    total = 0
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if not file.is_file() or name.parts[0] in ("_logs", "_status", "_locks", "_staging"):
            continue
        body = file.read_bytes()
        status, _, answer = s3.request(endpoint, "PUT", f"/bucket/{prefix}/{name}", body, timeout=60)
        assert status == 200, (name, status, answer)
        total += len(body) if name.suffix == ".parquet" else 0
    return total


def main():
    results, folder = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    table = ["--table", sys.argv[3]] if len(sys.argv) > 3 and sys.argv[3] else []
    parts = sys.argv[4] if len(sys.argv) > 4 else "7"
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    name = folder.name
    files = put(endpoint, folder, name)
    print(f"{name}: {files} bytes of data, ledger and plan")
    stages = ["survey", "runs", "ranges", "combine", "write", "together"]
    of_parts = [["--stage", stage] + (["--part", str(part)] if part is not None else [])
                for stage in stages for part in ([None] if stage in ("combine", "together") else range(int(parts)))]
    ways = {"one": [[]], "in parts": [["--parts", parts]], "a process a part": [["--parts", parts, *only] for only in of_parts]}
    for way, commands in ways.items():
        with tempfile.TemporaryDirectory() as work:
            log = pathlib.Path(work, "log")
            proxy = subprocess.Popen([sys.executable, HERE / "fault.py", "--to", endpoint, "--port", "0", "--log", log],
                                     stdout=subprocess.PIPE, text=True)
            environment = {**os.environ, "AWS_ENDPOINT_URL": proxy.stdout.readline().strip(), "TMPDIR": work}
            output = f"s3://bucket/merged-{way.replace(' ', '-')}-{os.getpid()}"
            started = time.time()
            for command in commands:
                arguments = ["merge", "--shards", f"s3://bucket/{name}", "--output", output, *table, *command]
                subprocess.run([results, *arguments], check=True, env=environment, stderr=subprocess.DEVNULL)
            took = time.time() - started
            proxy.terminate()
            proxy.wait()
            counts, read, sent = collections.Counter(), collections.Counter(), collections.Counter()
            prefix = f"/bucket/{output.rsplit('/', 1)[1]}/"
            for line in log.read_text().splitlines():
                entry = json.loads(line)
                path = entry["path"].partition("?")[0]
                of = "run" if path.startswith(f"/bucket/{name}/") else "parts" if path.startswith(prefix + "_parts/") else "output"
                counts[f"{entry['method']} {of}"] += 1
                read[of] += entry["read"] if entry["method"] == "GET" else 0
                of = f"parts {path[len(prefix) + 7:].split('/')[0]}" if of == "parts" else of
                sent[of] += entry["sent"] if entry["method"] in ("PUT", "POST") else 0
            print(f"{way}: {took:.1f} s; read of the run {read['run'] / files:.2f}, of parts {read['parts'] / files:.2f} times its files")
            print("  written, times the files of the run: " + ", ".join(f"{of} {n / files:.3f}" for of, n in sorted(sent.items())))
            print("  requests: " + ", ".join(f"{what} {n}" for what, n in sorted(counts.items())))


if __name__ == "__main__":
    main()
