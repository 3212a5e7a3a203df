"""Runs and merged outputs that a service (`results serve`) shows."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import pyarrow as pa

from . import _answer
from ._answer import Answer
from ._errors import ResultsError, UsageError
from ._results import PathLike, Plot, Report, Results, Status

#: Names the token of a service.
VARIABLE = "RESULTS_TOKEN"

HERE = ("127.0.0.1", "::1", "localhost")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the service and to nobody that it names."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Served(Results):
    """One source of a service; it is asked as a directory is, and nothing is changed there."""

    def __init__(self, url: str, token: str | None = None) -> None:
        parts = urlsplit(url)
        self._base = f"{parts.scheme}://{parts.netloc}"
        is_here = parts.hostname in HERE
        self._token = token or os.environ.get(VARIABLE) or (_kept_token() if is_here else None)
        # A proxy does not know which machine this is.
        proxies = [urllib.request.ProxyHandler({})] if is_here else []
        self._opener = urllib.request.build_opener(_NoRedirect, *proxies)
        path = parts.path.strip("/").split("/")
        if parts.scheme not in ("http", "https") or path[:1] != ["run"] or len(path) < 2:
            raise UsageError(
                f"{url} is not the address of a run or merged output", hint=self._known(), exit_code=2
            )
        self.name = unquote(path[1])
        self._definitions = []
        # Whether it is there and the token is good.
        self._json(f"/api/v1/runs/{quote(self.name, safe='')}")

    def _known(self) -> str:
        try:
            runs = self._json("/api/v1/runs")
        except ResultsError as error:
            return f"such as http://127.0.0.1:8787/run/NAME; {error.message}"
        names = [run["name"] for run in (runs["runs"] if isinstance(runs, dict) else runs)]
        return f"there are {', '.join(f'{self._base}/run/{quote(name)}' for name in names[:10])}"

    @property
    def directory(self) -> Path:
        raise self._only_asked("has no directory here")

    def batches(self, text: str, **params: object) -> pa.RecordBatchReader:
        body = {"run": self.name, "sql": text, "format": "arrow"}
        body["params"] = dict(p.split("=", 1) for p in _answer.pairs(params))  # type: ignore[assignment]
        return _answer.from_stream(lambda: self._asking("/api/v1/query", body))

    def sql(self, text: str, **params: object) -> Answer:
        return Answer(self.batches(text, **params).read_all())

    def query(self, name: str, **params: object) -> Answer:
        raise self._only_asked("answers SQL, and not queries by their names")

    def status(self) -> Status:
        told = self._json(self._of_run("status"))
        return Status(told[0] if isinstance(told, list) else told)

    def plot(
        self, name: PathLike, *, theme: str = "light", width: int | None = None, **params: object
    ) -> Plot:
        fields = [("theme", theme)] + ([] if width is None else [("width", str(width))])
        values = [("p." + pair.split("=", 1)[0], pair.split("=", 1)[1]) for pair in _answer.pairs(params)]
        query = urlencode([*fields, *values])

        def drawn(kind: str) -> bytes:
            return self._bytes(self._of_run(f"plots/{quote(os.fspath(name), safe='')}.{kind}") + f"?{query}")

        return Plot(drawn("svg").decode(), os.fspath(name), lambda path: _write(path, drawn(path.suffix[1:])))

    def report(
        self,
        *,
        title: str | None = None,
        user: str | None = None,
        hide_users: bool = False,
        alpha: float | None = None,
        plots: Sequence[PathLike] = (),
    ) -> Report:
        fields = [("title", title), ("user", user), ("alpha", alpha), ("hide-users", 1 if hide_users else None)]
        told = [(k, str(v)) for k, v in fields if v is not None] + [("plot", os.fspath(p)) for p in plots]
        return Report(self._bytes(f"/run/{quote(self.name, safe='')}/report?{urlencode(told)}").decode())

    def merge(self, output: PathLike, **options: Any) -> Results:
        raise self._only_asked("is merged on its own machine")

    def resume(self, **options: Any) -> Results:
        raise self._only_asked("is resumed on its own machine")

    def _only_asked(self, what: str) -> UsageError:
        return UsageError(f"{self!r} {what}", hint="a service is only asked", exit_code=2)

    def _of_run(self, what: str) -> str:
        return f"/api/v1/runs/{quote(self.name, safe='')}/{what}"

    def _json(self, path: str) -> Any:
        return json.loads(self._bytes(path))

    def _bytes(self, path: str) -> bytes:
        with self._asking(path) as stream:
            return stream.read()

    @contextmanager
    def _asking(self, path: str, body: Mapping[str, Any] | None = None) -> Iterator[IO[bytes]]:
        heads = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            heads["Content-Type"] = "application/json"
        request = urllib.request.Request(self._base + path, data=content, headers=heads)
        try:
            with self._opener.open(request) as answer:
                yield answer
        except urllib.error.HTTPError as error:
            raise _of_problem(error, self._token is None) from None
        except urllib.error.URLError as error:
            raise ResultsError(
                f"{self._base} does not answer: {error.reason}", hint="is `results serve` running there?"
            ) from error
        except (HTTPException, ConnectionError, pa.ArrowInvalid) as error:
            # What breaks off never looks whole.
            raise ResultsError(f"the answer broke off: {error}", hint="ask again") from error

    def __repr__(self) -> str:
        return f"rs.open('{self._base}/run/{quote(self.name)}')"


def _of_problem(error: urllib.error.HTTPError, without_token: bool) -> ResultsError:
    """What the service says of why it does not answer."""
    try:
        told = json.loads(error.read())
        message, hint = str(told["detail"]), told.get("hint")
    except (ValueError, KeyError, TypeError):
        message, hint = f"the service answered {error.code} {error.reason}", None
    if error.code == 401 and without_token:
        hint = f"rs.open(URL, token=…), or set {VARIABLE}"
    return ResultsError(message, hint=hint, exit_code=2 if error.code == 404 else 1)


def _kept_token() -> str | None:
    """The token that the first start of a service keeps for scripts of the same user."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    try:
        return Path(state, "results", "token").read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
