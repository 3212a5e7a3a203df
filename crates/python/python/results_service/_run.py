"""Runs, from their start to their end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Thread
from typing import IO, Any, Literal

from . import _program, _progress
from ._analysis import Analysis, in_worker
from ._errors import Incomplete, Interrupted, ResultsError, UsageError, of_exit
from ._results import PathLike, Results

Shards = int | Literal["auto"] | None
Progress = bool | Callable[[Mapping[str, Any]], None]


def run(
    what: str | PathLike | Mapping[str, Any] | Analysis,
    *,
    data: PathLike | None = None,
    out: PathLike | None = None,
    shards: Shards = "auto",
    progress: Progress = True,
    users: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    memory: str | None = None,
    timeout: str | None = None,
    retries: int | None = None,
    definitions: PathLike | None = None,
    allow_incomplete: bool = False,
) -> Results:
    """Runs an analysis and gives the run.

    `what` is the name of a preset, the path of a configuration (`….yaml`), a configuration as a mapping, or an
    analysis of your own (:func:`results_service.analysis`). `data` is the folder with the users' files, `out` the
    run directory. `progress` may be a function that takes each event.

    Units that failed or were skipped raise :class:`Incomplete` at the end, whose `run` has all others; with
    `allow_incomplete` the run is returned. An interrupt lets the units in work finish and raises :class:`Interrupted`, a second one kills them.
    """
    options = _options(
        data=None if data is None else os.path.abspath(data),
        users=users,
        seed=seed,
        shards=shards,
        threads=threads,
        memory=memory,
        timeout=timeout,
        retries=retries,
    )
    directory = None if out is None else Path(os.path.abspath(out))
    made: AbstractContextManager[tuple[list[str], str | None]]
    if isinstance(what, Analysis):
        if definitions is not None:
            raise UsageError(
                "an analysis of your own has its tables itself",
                hint="leave `definitions` out",
                exit_code=2,
            )
        if data is None:
            raise UsageError("there are no data", hint="run(analysis, data=FOLDER)", exit_code=2)
        directory = directory or Path(os.path.abspath(what.new_run()))
        if threads is None:
            # As many processes as units that are done at once; a shard does one at a time.
            options.append("--threads=1")
        made = what.definitions(Path(data), directory.parent)
    else:
        made = _configuration(what)
    if directory is not None:
        options.append(f"--out={directory}")
    with made as (chosen, folder):
        folder = folder if definitions is None else os.path.abspath(definitions)
        with_folder = [] if folder is None else [f"--definitions={folder}"]
        line = _program.command(*with_folder, "run", "--json", *options, *chosen)
        return _follow(line, progress, allow_incomplete, folder if definitions is not None else None)


def resume(
    directory: PathLike,
    *,
    shards: Shards = "auto",
    progress: Progress = True,
    retry_failed: bool = False,
    extend: bool = False,
    threads: int | None = None,
    memory: str | None = None,
    timeout: str | None = None,
    retries: int | None = None,
    allow_incomplete: bool = False,
) -> Results:
    """Does what is missing or failed in a run, in any number of shards.

    `retry_failed` does units again that were skipped or quarantined too, `extend` users that came into the data folder.
    """
    options = _options(shards=shards, threads=threads, memory=memory, timeout=timeout, retries=retries)
    options += ["--retry-failed"] * retry_failed + ["--extend"] * extend
    line = _program.command("run", "--json", f"--resume={os.path.abspath(directory)}", *options)
    return _follow(line, progress, allow_incomplete, None, Path(directory))


def demo(out: PathLike, *, users: int = 12, shards: int = 4, seed: int = 42) -> Results:
    """Makes data of a few people in the folder `out`, analyses them, and opens the merged results.

    The folder has `data`, `run`, `control` and `merged` afterwards.
    """
    numbers = [f"--users={users}", f"--shards={shards}", f"--seed={seed}"]
    _program.output(_program.command("demo", f"--out={os.path.abspath(out)}", *numbers))
    return Results([Path(out, "merged")])


def _options(**values: object) -> list[str]:
    return [f"--{name}={value}" for name, value in values.items() if value is not None]


@contextmanager
def _configuration(what: str | PathLike | Mapping[str, Any]) -> Iterator[tuple[list[str], str | None]]:
    """The arguments that name what is run."""
    if isinstance(what, Mapping):
        with TemporaryDirectory() as folder:
            # JSON is YAML.
            file = Path(folder, "config.yaml")
            file.write_text(json.dumps(what, indent=1, allow_nan=False), encoding="utf-8")
            yield [f"--config={file}"], None
        return
    name = os.fspath(what)
    is_file = isinstance(what, os.PathLike) or name.endswith((".yaml", ".yml")) or os.sep in name
    yield ([f"--config={name}"] if is_file else ["--", name]), None


def _follow(
    line: list[str], progress: Progress, allow_incomplete: bool, definitions: str | None, directory: Path | None = None
) -> Results:
    if in_worker():
        raise ResultsError(
            "a run was started by the file that has the analysis, while a worker read it",
            hint='put what starts runs below `if __name__ == "__main__":`',
        )
    found = None if directory is None else Results([directory])
    interrupts = 0
    reader = _reader(progress)
    with TemporaryFile() as words:
        # In a session of its own, so that an interrupt reaches it through us only, once.
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words, start_new_session=True
        )
        assert process.stdout
        events: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        # By a thread, since an interrupt would cost what is half read.
        Thread(target=_pass_on, args=(process.stdout, events), daemon=True).start()
        try:
            while True:
                try:
                    event = events.get()
                    if event is None:
                        break
                    if event.get("event") == "run_started":
                        found = Results([event["run"]], definitions)
                    reader.event(event)
                except KeyboardInterrupt:
                    # The first lets the units in work finish, the second kills them.
                    interrupts += 1
                    process.send_signal(signal.SIGINT)
            code = _wait(process)
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
        finally:
            reader.close()
        words.seek(0)
        told = words.read().decode(errors="replace")
    return _end(code, told, line, found, interrupts, allow_incomplete)


def _wait(process: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)


def _end(
    code: int, told: str, line: list[str], found: Results | None, interrupts: int, allow_incomplete: bool
) -> Results:
    notes = [text for text in told.splitlines() if text.startswith(("note: ", "warning: "))]
    if notes:
        print("\n".join(notes), file=sys.stderr)
    if interrupts or code == 130:
        if code == 0:
            raise Interrupted("interrupted when all units were done; the run is complete", found)
        where = "" if found is None else f"\n(hint: rs.resume({str(found.directory)!r}) goes on)"
        raise Interrupted(f"interrupted; what was committed stays{where}", found)
    if code == 0 or (code == 3 and allow_incomplete and found is not None):
        if found is None:
            raise ResultsError(f"the program said nothing of a run: {told.strip()}", exit_code=code, command=line)
        return found
    # How far it was has been told, and notes too.
    kept = [t for t in told.splitlines() if t not in notes and not re.match(r"\d+/\d+ shard ", t)]
    error = of_exit(code, "\n".join(kept), line)
    if isinstance(error, Incomplete):
        error.run = found
    raise error


def _pass_on(stream: IO[bytes], events: SimpleQueue[Mapping[str, Any] | None]) -> None:
    with stream:
        for line in stream:
            events.put(json.loads(line))
    events.put(None)


class _Function:
    """A function that takes the events."""

    def __init__(self, function: Callable[[Mapping[str, Any]], None]) -> None:
        self._function = function

    def event(self, event: Mapping[str, Any]) -> None:
        self._function(event)

    def close(self) -> None:
        pass


def _reader(progress: Progress) -> _progress.Reader:
    if callable(progress):
        return _Function(progress)
    return _progress.reader() if progress else _Function(lambda _: None)
