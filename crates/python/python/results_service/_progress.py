"""How far a run is, told while it runs: a bar in a notebook or a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol

from ._answer import escape

#: A bar is drawn anew at most so often, in seconds.
PACE = 0.1

#: Without a bar a line is written at most so often.
LINE_PACE = 10.0

WIDTH = 28


class Reader(Protocol):
    """Whoever follows a run."""

    def event(self, event: Mapping[str, Any]) -> None:
        """Something happened."""

    def close(self) -> None:
        """It is over."""


class Counts:
    """How many units are done, from the events of all shards."""

    def __init__(self) -> None:
        self.total = 0
        self.failed = 0
        self.skipped = 0
        self.ok = 0
        self.restarts = 0
        self._shards: dict[int, Mapping[str, int]] = {}
        self._began = time.monotonic()
        self._before: int | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """Reads an event."""
        if event.get("event") == "run_started":
            self.total = event["units"]
        elif event.get("event") == "run_finished":
            # Of all units, those of earlier workers of the run included.
            self._shards = {0: event["counts"]}
            self.restarts = event["restarts"]
        elif "counts" in event:
            self._shards[event["shard"]] = event["counts"]
        counts = self._shards.values()
        self.ok = sum(c["ok"] for c in counts)
        self.failed = sum(c["failed"] for c in counts)
        self.skipped = sum(c["skipped"] for c in counts)
        if self._before is None and event.get("kind", {}).get("event") == "unit_started":
            self._before = self.done

    @property
    def done(self) -> int:
        """Units that are done, however they ended."""
        return self.ok + self.failed + self.skipped

    def words(self) -> str:
        """The same in words."""
        parts = [f"{self.done} of {self.total} units"]
        parts += [f"{n} {what}" for what, n in (("failed", self.failed), ("skipped", self.skipped)) if n]
        since = self.done - (self._before or 0)
        if 0 < since and self.done < self.total:
            left = (time.monotonic() - self._began) / since * (self.total - self.done)
            parts.append(f"{_time(left)} left")
        return ", ".join(parts)


def _time(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


class _Paced:
    """Draws now and then."""

    pace = PACE

    def __init__(self) -> None:
        self.counts = Counts()
        self._drawn = 0.0

    def event(self, event: Mapping[str, Any]) -> None:
        self.counts.take(event)
        now = time.monotonic()
        if not self.counts.total:
            return
        if now - self._drawn >= self.pace or event.get("event") == "run_started":
            self._drawn = now
            self.draw()

    def close(self) -> None:
        if self.counts.total:
            self.draw()

    def draw(self) -> None:
        raise NotImplementedError


class Terminal(_Paced):
    """One line that is written anew."""

    def draw(self) -> None:
        share = self.counts.done / self.counts.total if self.counts.total else 0.0
        bar = ("█" * round(share * WIDTH)).ljust(WIDTH, "░")
        sys.stderr.write(f"\r\x1b[K{bar} {self.counts.words()}")
        sys.stderr.flush()

    def close(self) -> None:
        super().close()
        if self.counts.total:
            sys.stderr.write("\n")


class Lines(_Paced):
    """A line now and then, for logs."""

    pace = LINE_PACE

    def draw(self) -> None:
        print(self.counts.words(), file=sys.stderr, flush=True)


class Notebook(_Paced):
    """A bar below the cell."""

    def __init__(self, display: Any) -> None:
        super().__init__()
        self._display = display
        self._handle: Any = None

    def draw(self) -> None:
        if self._handle is None:
            self._handle = self._display(self, display_id=True)
        else:
            self._handle.update(self)

    def _repr_html_(self) -> str:
        words = escape(self.counts.words())
        return f'<progress value="{self.counts.done}" max="{max(self.counts.total, 1)}"></progress> {words}'

    def __repr__(self) -> str:
        return self.counts.words()


def _notebook() -> Any:
    """What shows something below a cell, where there are cells."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from importlib import import_module

    return import_module("IPython.display").display


def reader() -> Reader:
    """The one that fits where we are."""
    display = _notebook()
    if display is not None:
        return Notebook(display)
    return Terminal() if sys.stderr.isatty() else Lines()
