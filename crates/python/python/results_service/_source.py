"""Where a function is, for another process: its file, or a file made of its text and of what it uses."""

from __future__ import annotations

import ast
import base64
import dis
import inspect
import pickle
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import UsageError

if TYPE_CHECKING:
    from ._analysis import Analysis

#: Larger values are read from a file by the analysis itself.
LARGEST = 16 << 20


@dataclass(frozen=True)
class Place:
    """What a worker needs to find an analysis."""

    #: The file it is in.
    file: str
    #: The name of its module; none for a script.
    module: str
    #: Its name in there.
    name: str


def place(analysis: Analysis) -> Place | None:
    """The file that has the analysis; nothing if it has none, as in a notebook."""
    module = sys.modules.get(analysis.__module__)
    file = getattr(module, "__file__", None)
    if module is None or file is None or not Path(file).is_file():
        return None
    found: Any = module
    for part in analysis.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is not analysis:
        return None
    spec = getattr(module, "__spec__", None)
    # With a dot, since only modules of packages need their name, to import from beside them.
    name = spec.name if spec is not None and "." in spec.name else ""
    return Place(str(Path(file).resolve()), name, analysis.__qualname__)


def script(analysis: Analysis) -> str:
    """A file that has the function and all it uses."""
    parts = _Parts()
    parts.function(analysis.function)
    more = {name: getattr(analysis, name) for name in ("frame", "files", "modes", "timeout")}
    options = ", ".join(f"{name}={value!r}" for name, value in more.items())
    return "\n".join(
        [
            "# Made of a function that has no file of its own.",
            "from __future__ import annotations",
            "import sys",
            f"sys.path += [path for path in {[p for p in sys.path if p]!r} if path not in sys.path]",
            *parts.imports.values(),
            *parts.values.values(),
            *parts.functions.values(),
            "import results_service as _results_service",
            f"analysis = _results_service.Analysis({analysis.__name__}, tables={analysis.tables!r}, {options})",
            "",
        ]
    )


def takes_two(function: Callable[..., Any]) -> bool:
    """Whether a function has a second parameter that must, or may, be given by position."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [p for p in inspect.signature(function).parameters.values() if p.kind in kinds]
    return len(positional) > 1 and (positional[1].default is inspect.Parameter.empty or positional[1].name == "unit")


class _Parts:
    """What a function uses, by name."""

    def __init__(self) -> None:
        self.imports: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self._known: dict[str, Any] = {}

    def function(self, function: types.FunctionType | Callable[..., Any]) -> None:
        """Takes a function, and then what it uses."""
        if not isinstance(function, types.FunctionType):
            raise _cannot(getattr(function, "__name__", repr(function)), function)
        name = function.__name__
        if not self._is_new(name, function):
            return
        text, node = _text(function)
        self.functions[name] = text
        for used, value in _used(function, node):
            self._take(used, value)
            if isinstance(value, types.ModuleType):
                self._inner_modules(function.__code__, used, value)

    def _take(self, name: str, value: Any) -> None:
        from ._analysis import Analysis

        if isinstance(value, Analysis):
            value = value.function
        if isinstance(value, types.ModuleType):
            if self._is_new(name, value):
                self.imports[name] = f"import {value.__name__} as {name}"
        elif _is_importable(value):
            if self._is_new(name, value):
                self.imports[name] = f"from {value.__module__} import {value.__qualname__} as {name}"
        elif isinstance(value, types.FunctionType) and value.__name__ == name:
            self.function(value)
        elif self._is_new(name, value):
            self.values[name] = f"{name} = {_literal(name, value)}"

    def _inner_modules(self, code: types.CodeType, name: str, module: types.ModuleType) -> None:
        """`import a.b` binds `a` only, and `a.b.c()` needs both."""
        for first, *rest in _chains(code):
            dotted = module.__name__
            for part in rest if first == name else ():
                dotted = f"{dotted}.{part}"
                if dotted not in sys.modules:
                    break
                self.imports[dotted] = f"__import__({dotted!r})"

    def _is_new(self, name: str, value: Any) -> bool:
        if name in self._known and self._known[name] is not value:
            raise UsageError(
                f"`{name}` is one thing in one function and another in the next",
                hint="rename one of them, or put the analysis into a file",
                exit_code=2,
            )
        new = name not in self._known
        self._known[name] = value
        return new


def _text(function: types.FunctionType) -> tuple[str, ast.FunctionDef]:
    """The text of a function without its decorators."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
        node = ast.parse(text).body[0]
    except (OSError, SyntaxError, IndexError) as error:
        raise UsageError(
            f"the text of `{function.__name__}` is not known, so no other process can run it",
            hint="put the analysis into a file and import it",
            exit_code=2,
        ) from error
    if not isinstance(node, ast.FunctionDef):
        raise _cannot(function.__name__, function)
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines), node


def _used(function: types.FunctionType, node: ast.FunctionDef) -> Iterator[tuple[str, Any]]:
    """The names of others that a function needs, with what they are."""
    builtins = vars(__import__("builtins"))
    names = dict.fromkeys(_globals(function.__code__))
    # Defaults are worked out where the function is defined.
    defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
    for default in defaults:
        names.update({n.id: None for n in ast.walk(default) if isinstance(n, ast.Name)})
    for name in names:
        if name in function.__globals__:
            yield name, function.__globals__[name]
        elif name not in builtins:
            raise UsageError(
                f"`{function.__name__}` uses `{name}`, which is not defined",
                hint="run the cell that defines it first",
                exit_code=2,
            )
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        yield name, cell.cell_contents


def _globals(code: types.CodeType) -> Iterator[str]:
    for chain in _chains(code):
        yield chain[0]


def _chains(code: types.CodeType) -> Iterator[list[str]]:
    """Global names, each with the attributes that are taken of it."""
    chain: list[str] = []
    for step in dis.get_instructions(code):
        if chain and step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            chain.append(step.argval)
            continue
        if chain:
            yield chain
        chain = [step.argval] if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") else []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _chains(constant)


def _is_importable(value: Any) -> bool:
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__" or "." in name:
        return False
    return getattr(sys.modules.get(module), name, None) is value


def _literal(name: str, value: Any) -> str:
    """A value as an expression: its text, else what pickle makes of it."""
    try:
        if ast.literal_eval(repr(value)) == value:
            return repr(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    try:
        packed = pickle.dumps(value, protocol=4)
    except Exception as error:
        raise _cannot(name, value) from error
    if b"__main__" in packed or len(packed) > LARGEST:
        raise _cannot(name, value)
    return f"__import__('pickle').loads(__import__('base64').b64decode({base64.b64encode(packed)!r}))"


def _cannot(name: str, value: Any) -> UsageError:
    return UsageError(
        f"the analysis uses `{name}`, a {type(value).__name__}, which cannot be handed to another process",
        hint="make it within the function, or put the analysis into a file and import it",
        exit_code=2,
    )
