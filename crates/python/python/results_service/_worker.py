"""A process that does units of an analysis, one after another; started by the program.

It reads a line of JSON for each unit and answers with rows, as lines of JSON or as Arrow, and `{"end": true}`. Whatever a
function does, its answer stays whole: rows are kept back until the function is done, and standard input and
output are not those that the function sees.
"""

from __future__ import annotations

import faulthandler
import importlib
import importlib.util
import io
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ._analysis import Analysis, Skip, Unit, become_worker

#: A reason is cut in the middle to so many characters.
LONGEST = 16_000


class Printed(Exception):
    """Something was written to standard output."""


class _NoOutput(io.TextIOBase):
    """Standard output of a function: there is none."""

    def __init__(self) -> None:
        self.buffer = open(1, "wb", buffering=0, closefd=False)

    def write(self, text: str) -> int:
        self.buffer.write(text.encode(errors="replace"))
        raise Printed(
            f"an analysis writes nothing to standard output, and this wrote {text.strip()[:60]!r}\n"
            "(hint: print(…, file=sys.stderr) goes into the log of the shard)"
        )

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


class _Forks:
    """Processes that a function forked: they must not come back from it, and must be gone at its end."""

    def __init__(self) -> None:
        self._me = os.getpid()
        self._fork = os.fork
        self._children: set[int] = set()
        os.fork = self._forking

    def _forking(self) -> int:
        child = self._fork()
        if child:
            self._children.add(child)
        return child

    def leave_child(self) -> None:
        """Ends a process that is not the worker."""
        if os.getpid() != self._me:
            os._exit(70)

    def left_behind(self) -> int:
        """How many there are at the end of a unit; they are ended."""
        left = 0
        for child in self._children:
            try:
                ended, _ = os.waitpid(child, os.WNOHANG)
                if not ended:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                left += 1
            except (ChildProcessError, ProcessLookupError):
                pass  # The function has waited for it.
        self._children.clear()
        return left


class Worker:
    """Answers units."""

    def __init__(self, file: str, name: str, module: str) -> None:
        # What is read and written here is hidden from the function.
        self._requests = os.fdopen(os.dup(0), "rb")
        self._answers = os.fdopen(os.dup(1), "wb")
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        self._spilled: IO[bytes] = tempfile.TemporaryFile()
        os.dup2(self._spilled.fileno(), 1)
        # What a file prints while it is read belongs to no unit.
        sys.stdout = sys.stderr
        self._analysis: Analysis | None = None
        self._unreadable = ""
        try:
            self._analysis = load(file, name, module)
        except BaseException as error:
            self._unreadable = told(error)
        self._forks = _Forks()
        self._no_output = _NoOutput()
        self._folder = os.getcwd()

    def serve(self) -> None:
        """Answers until there are no more."""
        for request in self._requests:
            unit = json.loads(request)
            end = self._unit(Unit(unit["user_id"], Path(unit["input"]), unit["feature_mode"], unit["seed"], self._stage))
            self._say(json.dumps({"end": True, **end}).encode() + b"\n")

    def _unit(self, unit: Unit) -> dict[str, Any]:
        """Writes the rows of a unit, unless it fails, and gives what became of it."""
        if self._analysis is None:
            return _failed(self._unreadable)
        # A unit finds things as the first one did, whatever those before it left.
        sys.stdout = self._no_output
        os.chdir(self._folder)
        self._clear()
        try:
            answers, n = self._analysis.answers(unit)
            parts = list(self._parts(answers))
            self._forks.leave_child()
            broken = self._broken()
        except BaseException as error:
            self._forks.leave_child()
            self._broken()
            if isinstance(error, Skip):
                return {"state": "skipped", "reason": _clean(str(error)) or "no reason given"}
            return _failed(told(error))
        if broken:
            return _failed(broken)
        for part in parts:
            self._answers.write(part)
        return {} if n is None else {"n_samples": n}

    def _parts(self, answers: Iterator[bytes]) -> Iterator[bytes]:
        for part in answers:
            self._forks.leave_child()
            yield part

    def _broken(self) -> str:
        """What a unit did that it must not, though it came to its end."""
        left = self._forks.left_behind()
        printed = self._clear()
        if printed:
            return (
                f"the analysis wrote to standard output: {printed.strip()[:200]!r}\n"
                "(hint: print(…, file=sys.stderr) goes into the log of the shard)"
            )
        if left:
            return (
                f"the analysis forked and left {left} {'process' if left == 1 else 'processes'} behind\n"
                "(hint: end and wait for what is forked, as multiprocessing does within `with Pool()`)"
            )
        return ""

    def _clear(self) -> str:
        """What was written to standard output since."""
        size = os.fstat(self._spilled.fileno()).st_size
        if size == 0:
            return ""
        text = os.pread(self._spilled.fileno(), 1000, 0).decode(errors="replace")
        os.ftruncate(self._spilled.fileno(), 0)
        os.lseek(self._spilled.fileno(), 0, os.SEEK_SET)
        return text

    def _stage(self, text: str) -> None:
        self._forks.leave_child()
        self._say(json.dumps({"stage": str(text)}).encode() + b"\n")

    def _say(self, line: bytes) -> None:
        self._answers.write(line)
        self._answers.flush()


def load(file: str, name: str, module: str) -> Analysis:
    """The analysis of that name: of a script, or of a module of a package."""
    become_worker()
    if module:
        root = Path(file).parents[module.count(".") + (Path(file).name == "__init__.py")]
        sys.path.insert(0, str(root))
        found: Any = importlib.import_module(module)
    else:
        sys.path.insert(0, str(Path(file).parent))
        spec = importlib.util.spec_from_file_location("__results_analysis__", file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} is no file of Python")
        found = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = found
        spec.loader.exec_module(found)
    for part in name.split("."):
        found = getattr(found, part)
    if not isinstance(found, Analysis):
        raise TypeError(f"{name} of {file} is no analysis any more (hint: @rs.analysis(…) makes one)")
    return found


def told(error: BaseException) -> str:
    """What went wrong, first in a line, then with the way to it; without the frames of this package."""
    here = str(Path(__file__).parent)
    way = error.__traceback__
    while way is not None and way.tb_frame.f_code.co_filename.startswith((here, "<frozen importlib")):
        way = way.tb_next
    first = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[0]
    whole = "".join(traceback.format_exception(type(error), error, way or error.__traceback__))
    return f"{first}\n{whole.rstrip()}"


def _failed(reason: str) -> dict[str, Any]:
    return {"state": "failed", "reason": _clean(reason)}


def _clean(text: str) -> str:
    """A text that the ledger can have."""
    text = text.replace("\0", "\\0").encode(errors="backslashreplace").decode()
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


if __name__ == "__main__":
    faulthandler.enable()
    Worker(*sys.argv[1:]).serve()
