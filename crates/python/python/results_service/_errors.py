"""What can go wrong, in the program's own words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._results import Results

_USAGE = re.compile(r"\n+(?:Usage: .*\n+)?For more information, try '--help'\.\s*\Z", re.DOTALL)


class ResultsError(Exception):
    """The program ended with an error."""

    #: What is wrong, without the hint.
    message: str
    #: What to do about it, or nothing.
    hint: str | None
    #: How the program ended: 1 an error, 2 usage or configuration, 3 incomplete; negative, by a signal.
    exit_code: int
    #: The command that failed.
    command: list[str]

    def __init__(
        self, message: str, *, hint: str | None = None, exit_code: int = 1, command: Sequence[str] = ()
    ) -> None:
        super().__init__(message if hint is None else f"{message}\n(hint: {hint})")
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.command = list(command)


class UsageError(ResultsError):
    """An argument or the configuration is wrong (exit code 2)."""


class Incomplete(ResultsError):
    """Something is missing, or a check failed (exit code 3)."""

    #: The run as far as it is, where there is one.
    run: Results | None = None


class ProgramNotFound(ResultsError):
    """There is no program `results` to be found."""


class Interrupted(KeyboardInterrupt):
    """A run was interrupted; what it had committed stays, and :func:`results_service.resume` goes on."""

    #: The run as far as it is; nothing if it had not begun.
    run: Results | None

    def __init__(self, message: str, run: Results | None = None) -> None:
        super().__init__(message)
        self.run = run


def of_exit(exit_code: int, words: str, command: Sequence[str]) -> ResultsError:
    """The error of a program that ended with `exit_code` and these words on standard error."""
    text = _USAGE.sub("", words.strip()).strip()
    # What went before the error has been told, or is a warning.
    at = text.rfind("\nerror: ")
    if at >= 0:
        text = text[at + 1 :]
    text = text.removeprefix("error: ")
    at = text.rfind("(hint: ")
    hint = text[at + len("(hint: ") : -1] if at >= 0 and text.endswith(")") else None
    message = text if hint is None else text[:at].strip()
    if not message:
        message = (
            f"the program was ended by signal {-exit_code}"
            if exit_code < 0
            else f"the program ended with exit code {exit_code}"
        )
    kind = {2: UsageError, 3: Incomplete}.get(exit_code, ResultsError)
    return kind(message, hint=hint, exit_code=exit_code, command=command)
