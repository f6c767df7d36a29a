"""setup.cfg, setup.py and tox.ini. Read, never run: from setup.py is taken what stands there as a literal."""

import ast
import configparser
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soloist_sandbox.environment.declared import Declared, from_index, named, plain


@dataclass(frozen=True, slots=True)
class SetupFile:
    """What setup.cfg or setup.py says."""

    file: str
    name: str = ""
    version: str = ""
    requires: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    extras: Mapping[str, Sequence[str]] = field(default_factory=dict)
    entry_points: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def runtime(self) -> Declared:
        """What the package itself needs."""
        found = from_index(self.requires, self.file)
        return found + Declared(sources=(f"{self.file} install_requires",)) if found else found

    def for_tests(self, wanted: Sequence[str]) -> Declared:
        """Its `tests_require`, and the extras of the wanted names."""
        found = from_index(self.tests, self.file)
        found = found + Declared(sources=(f"{self.file} tests_require",)) if found else found
        for name in named(self.extras, wanted):
            extra = from_index(self._flat(name, ()), f"{self.file} {name}")
            found += extra + Declared(sources=(f"{self.file} {name!r}",)) if extra else extra
        return found

    def _flat(self, name: str, above: tuple[str, ...]) -> list[str]:
        """An extra's requirements, with the package's own extras in their places."""
        own = re.compile(rf"{re.escape(self.name)}\[([^\]]*)\]") if self.name else None
        found: list[str] = []
        for item in self.extras[name]:
            inner = own.fullmatch(item) if own else None
            names = [e.strip() for e in inner[1].split(",")] if inner else []
            found += [r for e in names if e in self.extras and e not in above for r in self._flat(e, (*above, name))]
            found += [] if inner else [item]
        return found


def setup_cfg(root: Path) -> SetupFile:
    """Raises `ValueError` for a file that can't be read."""
    parser = _ini(root / "setup.cfg")
    extras = dict(parser["options.extras_require"]) if parser.has_section("options.extras_require") else {}
    points = dict(parser["options.entry_points"]) if parser.has_section("options.entry_points") else {}
    version = parser.get("metadata", "version", fallback="")
    return SetupFile(
        "setup.cfg",
        parser.get("metadata", "name", fallback=""),
        "" if ":" in version else version,
        _listed(parser.get("options", "install_requires", fallback="")),
        _listed(parser.get("options", "tests_require", fallback="")),
        {name: _listed(text) for name, text in extras.items()},
        {name: _listed(text) for name, text in points.items()},
    )


def setup_py(root: Path) -> SetupFile:
    """What can be told without running it; nothing of a file that is no Python."""
    try:
        module = ast.parse((root / "setup.py").read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return SetupFile("setup.py")
    known = _constants(module)
    for call in (node for node in ast.walk(module) if isinstance(node, ast.Call)):
        if getattr(call.func, "id", getattr(call.func, "attr", "")) == "setup":
            said = {word.arg: value for word in call.keywords if word.arg and (value := _value(word.value, known)) is not None}
            extras, points = said.get("extras_require"), said.get("entry_points")
            return SetupFile(
                "setup.py",
                _text(said.get("name")),
                _text(said.get("version")),
                _strings(said.get("install_requires")),
                _strings(said.get("tests_require")),
                {str(name): _strings(value) for name, value in extras.items()} if isinstance(extras, dict) else {},
                {str(name): _strings(value) for name, value in points.items()} if isinstance(points, dict) else {},
            )
    return SetupFile("setup.py")


@dataclass(frozen=True, slots=True)
class ToxFile:
    """`[testenv]` of tox.ini."""

    deps: tuple[str, ...] = ()
    """Requirements, and lines such as "-r requirements.txt"."""
    names: tuple[str, ...] = ()
    """Extras and dependency groups."""


def tox(root: Path) -> ToxFile:
    """What holds in every environment. Raises `ValueError` for a file that can't be read."""
    parser = _ini(root / "tox.ini")
    get = {key: parser.get("testenv", key, fallback="") for key in ("deps", "extras", "dependency_groups")}
    deps = [_unconditional(line) for line in _listed(get["deps"])]
    names = re.findall(
        r"[\w.-]+", " ".join(_unconditional(line) for k in ("extras", "dependency_groups") for line in _listed(get[k]))
    )
    return ToxFile(tuple(d.replace("{toxinidir}/", "") for d in deps if d and "{[" not in d), tuple(map(plain, names)))


def _unconditional(line: str) -> str:
    """A line without its condition where that speaks of tests; nothing where it speaks of something else."""
    condition, colon, rest = line.partition(":")
    if not colon or not re.fullmatch(r"[\w!,{} -]+", condition) or line.startswith("-"):
        return line
    return rest.strip() if re.search(r"\btests?\b", condition) else ""


def _ini(file: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read([file], encoding="utf-8")
    except (configparser.Error, OSError, UnicodeError) as error:
        raise ValueError(f"{file} can't be read: {' '.join(str(error).split())}") from error
    return parser


def _listed(text: str) -> tuple[str, ...]:
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def _constants(module: ast.Module) -> dict[str, Any]:
    """Module-level names with literal values, in the order of their lines; also `EXTRAS["dev"] = …`."""
    known: dict[str, Any] = {}
    for node in module.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], _value(node.value, known)
        if isinstance(target, ast.Name):
            known[target.id] = value
        elif isinstance(target, ast.Subscript) and isinstance(held := _value(target.value, known), dict):
            held[_value(target.slice, known)] = value
    return known


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    """The value of a literal, a name, a sum, or an entry of a dictionary; None for all else."""
    match node:
        case ast.Constant(value=str() | None as value):
            return value
        case ast.Name(id=name):
            return known.get(name)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [_value(item, known) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {_value(k, known): _value(v, known) for k, v in zip(keys, values, strict=True) if k is not None}
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=words):
            return {word.arg: _value(word.value, known) for word in words}
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            one, other = _value(left, known), _value(right, known)
            return one + other if isinstance(one, list) and isinstance(other, list) else None
        case ast.Subscript(value=held, slice=key):
            found, name = _value(held, known), _value(key, known)
            return found.get(name) if isinstance(found, dict) and isinstance(name, str) else None
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return _listed(value)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
