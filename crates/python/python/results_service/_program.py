"""The program `results`: where it is, and one call of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from ._errors import ProgramNotFound, of_exit

#: Names another program than the one that came with the package.
VARIABLE = "RESULTS"


def _beside() -> Iterator[Path]:
    """Where an installer puts programs of a package: the environment's, the user's, or below `--target`."""
    for scheme in (None, sysconfig.get_preferred_scheme("user")):
        scripts = sysconfig.get_path("scripts", scheme) if scheme else sysconfig.get_path("scripts")
        if scripts:
            yield Path(scripts)
    yield Path(__file__).resolve().parent.parent / "bin"


def _of_this_package(path: Path) -> bool:
    """Whether the program there came with this package; another one of that name may be older or newer."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        listed = files("results_service") or []
    except PackageNotFoundError:
        return False
    return any(file.name == path.name and file.parent.name == path.parent.name for file in listed)


def find() -> Path:
    """The program: beside the package, else what `RESULTS` names, else in `PATH`."""
    for folder in _beside():
        path = folder / "results"
        if path.is_file() and os.access(path, os.X_OK) and _of_this_package(path):
            return path
    named = os.environ.get(VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file() or not os.access(path, os.X_OK):
            raise ProgramNotFound(
                f"{VARIABLE}={named} is not a program that can be started",
                hint=f"set {VARIABLE} to the file `results`, or unset it",
            )
        return path.absolute()
    found = shutil.which("results")
    if found is None:
        raise ProgramNotFound(
            "the program `results` was not found: it is not beside the package and not in PATH",
            hint=f"install the wheel, which brings it; or build it (`cargo install --path .`) and set {VARIABLE} to its path",
        )
    return Path(found).absolute()


def command(*arguments: str) -> list[str]:
    """A command line of the program."""
    return [str(find()), *arguments]


@contextmanager
def reading(line: Sequence[str], text: str | None = None) -> Iterator[IO[bytes]]:
    """Starts the program and gives its standard output; an error of its is raised at the end.

    Whoever leaves early, by an exception or an interrupt, ends it.
    """
    with TemporaryFile() as words:
        process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, start_new_session=True
        )
        assert process.stdin and process.stdout
        try:
            try:
                process.stdin.write((text or "").encode())
                process.stdin.close()
            except BrokenPipeError:
                # It has ended already; why, it says itself.
                pass
            broken: Exception | None = None
            try:
                yield process.stdout
            except Exception as error:  # The program's own error says more than that its output broke off.
                broken = error
            process.stdout.read()
            process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            process.stdout.close()
        if process.returncode:
            words.seek(0)
            told = words.read().decode(errors="replace")
            raise of_exit(process.returncode, told, line) from broken
        if broken is not None:
            raise broken


def output(line: Sequence[str], text: str | None = None) -> bytes:
    """All that the program writes to standard output."""
    with reading(line, text) as stream:
        return stream.read()
