"""Makes the wheel: the package and the program.

With maturin, which builds the program. Or, if `RESULTS_BINARY` names a program that is built already, of that one
and without a Rust toolchain; the same files come out. maturin can only pack what its own `cargo` call has built, and
a second build of the query engine takes a quarter of an hour.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
VARIABLE = "RESULTS_BINARY"

# A date for all files, so that the same input gives the same bytes; zip has none before.
DATE = (1980, 1, 1, 0, 0, 0)

Settings = dict[str, Any] | None


def _binary() -> Path | None:
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named).absolute()
    if not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
        raise SystemExit(f"{VARIABLE}={named} is not a program of Linux\n(hint: cargo build --release makes target/release/results)")
    return path


def get_requires_for_build_wheel(settings: Settings = None) -> list[str]:
    """What the frontend installs first."""
    if _binary() is None:
        return ["maturin>=1.9,<2"]
    return [] if sys.version_info >= (3, 11) else ["tomli"]


def get_requires_for_build_editable(settings: Settings = None) -> list[str]:
    return ["maturin>=1.9,<2"]


def get_requires_for_build_sdist(settings: Settings = None) -> list[str]:
    return ["maturin>=1.9,<2"]


def build_editable(folder: str, settings: Settings = None, metadata: str | None = None) -> str:
    import maturin

    return str(maturin.build_editable(folder, settings, metadata))


def build_sdist(folder: str, settings: Settings = None) -> str:
    import maturin

    return str(maturin.build_sdist(folder, settings))


def build_wheel(folder: str, settings: Settings = None, metadata: str | None = None) -> str:
    binary = _binary()
    if binary is None:
        import maturin

        return str(maturin.build_wheel(folder, settings, metadata))
    return pack(Path(folder), binary)


def pack(folder: Path, binary: Path) -> str:
    """Writes a wheel of the package and a program, and gives its name."""
    project = _project()
    name = project["name"].replace("-", "_")
    base = f"{name}-{project['version']}"
    # `auditwheel repair` finds out how old a system may be, and says so in the name.
    tag = f"py3-none-linux_{platform.machine()}"
    info = f"{base}.dist-info"
    package = HERE / "python" / name
    files = {f"{name}/{p.relative_to(package)}": p.read_bytes() for p in sorted(package.rglob("*")) if p.suffix in (".py", ".typed")}
    files[f"{base}.data/scripts/results"] = _stripped(binary)
    files[f"{info}/METADATA"] = _metadata(project).encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: results\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    files[f"{info}/licenses/LICENSE"] = (HERE / "LICENSE").read_bytes()
    record = f"{info}/RECORD"
    listed = [f"{file},sha256={_digest(content)},{len(content)}" for file, content in files.items()]
    files[record] = "\n".join([*listed, f"{record},,", ""]).encode()
    wheel = f"{base}-{tag}.whl"
    with zipfile.ZipFile(folder / wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file, content in files.items():
            entry = zipfile.ZipInfo(file, DATE)
            mode = 0o755 if "/scripts/" in file else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return wheel


def _project() -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    with open(HERE / "pyproject.toml", "rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    return project


def _metadata(project: dict[str, Any]) -> str:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        "License-File: LICENSE",
        f"Requires-Python: {project['requires-python']}",
        *(f"Classifier: {classifier}" for classifier in project["classifiers"]),
        *(f"Requires-Dist: {needed}" for needed in project["dependencies"]),
    ]
    for extra, needed in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {one} ; extra == "{extra}"' for one in needed]
    readme = (HERE / project["readme"]).read_text(encoding="utf-8")
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


def _stripped(binary: Path) -> bytes:
    """The program without its symbols, where there is a `strip`."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "results")
        try:
            subprocess.run(["strip", "-o", out, binary], check=True)
        except FileNotFoundError:
            return binary.read_bytes()
        return out.read_bytes()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
