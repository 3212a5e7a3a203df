"""What the tests share: the real program, made-up people, and a folder with a blank in its name."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import results_service as rs


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo's folder: `data`, `run`, `merged`."""
    folder = tmp_path_factory.mktemp("made up people")
    rs.demo(folder / "demo", users=4, shards=2)
    return folder / "demo"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder we are in."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def steps(here: Path) -> Path:
    """Data of five people: columns `sleeping` and `steps`."""
    folder = here / "the data"
    folder.mkdir()
    for user in range(1, 6):
        with open(folder / f"u{user}.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["sleeping", "steps"])
            rows.writerows([[i % 2, user * 10 + i] for i in range(6)])
    return folder
