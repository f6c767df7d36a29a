"""pyproject.toml: `[project]`, `[dependency-groups]`, and what Poetry, PDM, Hatch and uv keep in `[tool]`."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from soloist_sandbox.environment.declared import Declared, from_index, named, plain

Table = Mapping[str, Any]


def load(file: Path) -> Table:
    """The file as a table; empty where there is none. Raises `ValueError` for a file that can't be read, with its name."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} can't be read: {error}") from error


def table(data: Any, *path: str) -> Table:
    """A table within a table; empty where it is missing or is none."""
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def strings(value: Any) -> list[str]:
    """The strings of a list; empty where it is none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def runtime(data: Table) -> Declared:
    """What the package itself needs."""
    project = from_index(strings(table(data, "project").get("dependencies")), "pyproject.toml")
    poetry = from_index(_poetry(table(data, "tool", "poetry", "dependencies")), "pyproject.toml")
    found = project + poetry
    return found + Declared(sources=("pyproject.toml dependencies",)) if found else found


def for_tests(data: Table, wanted: Sequence[str]) -> Declared:
    """The extras, groups and environments of the wanted names."""
    groups = dict(_named(data))
    own = plain(str(table(data, "project").get("name", "")))
    found = Declared()
    for name in named(groups, wanted):
        group = from_index(_flat(groups[name], groups, own, [name]), f"pyproject.toml {name}")
        found += group + Declared(sources=(f"pyproject.toml {name!r}",)) if group else group
    return found


def names(data: Table) -> list[str]:
    """The names of all extras and groups."""
    return [name for name, _ in _named(data)]


def _named(data: Table) -> Iterator[tuple[str, list[Any]]]:
    """Extras and groups by name, joined where both have one name."""
    found: dict[str, list[Any]] = {}
    tool = table(data, "tool")
    poetry = table(tool, "poetry")
    groups: list[tuple[str, list[Any]]] = [
        *((name, list(value)) for name, value in table(data, "project", "optional-dependencies").items()),
        *((name, list(value)) for name, value in table(data, "dependency-groups").items()),
        *((name, list(value)) for name, value in table(tool, "pdm", "dev-dependencies").items()),
        *((name, _poetry(table(value, "dependencies"))) for name, value in table(poetry, "group").items()),
        ("dev", _poetry(table(poetry, "dev-dependencies"))),
        ("dev", strings(table(tool, "uv").get("dev-dependencies"))),
        *_hatch(table(tool, "hatch", "envs")),
    ]
    for name, value in groups:
        if value:
            found.setdefault(plain(name), []).extend(value)
    yield from found.items()


def _hatch(environments: Table) -> Iterator[tuple[str, list[Any]]]:
    for name, settings in environments.items():
        needs = [*strings(table(settings).get("dependencies")), *strings(table(settings).get("extra-dependencies"))]
        needs = [need for need in needs if "{" not in need]  # filled in by Hatch itself
        called = {"default": "dev", "hatch-test": "test"}.get(name, name)
        yield called, [*needs, *({"include-group": extra} for extra in strings(table(settings).get("features")))]


def _flat(items: Sequence[Any], named: Mapping[str, Sequence[Any]], own: str, above: Sequence[str]) -> Iterator[str]:
    """Requirements, with included groups and the package's own extras in their places."""
    for item in items:
        inner: list[str] = []
        if isinstance(item, Mapping):
            inner = [plain(str(item.get("include-group", "")))]
        elif own and (match := re.match(r"([\w.-]+)\s*(?:\[([^\]]*)\])?", str(item))) and plain(match[1]) == own:
            inner = [plain(extra.strip()) for extra in (match[2] or "").split(",")]
        else:
            yield str(item)
        for name in inner:
            if name in named and name not in above:
                yield from _flat(named[name], named, own, [*above, name])


def _poetry(dependencies: Table) -> list[str]:
    """Poetry's own notation as requirements. What comes from elsewhere than an index keeps its address, to be left out."""
    return [text for name, value in dependencies.items() if name != "python" for text in _poetry_one(name, value)]


def _poetry_one(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _poetry_one(name, one)
        return
    settings = value if isinstance(value, Mapping) else {"version": str(value)}
    if settings.get("optional"):
        return
    extras = f"[{','.join(strings(settings.get('extras')))}]" if settings.get("extras") else ""
    markers = [str(settings["markers"])] if settings.get("markers") else []
    if python := settings.get("python"):
        markers += [f"python_version {c[: len(c) - len(c.lstrip('<>=!~'))]} '{c.lstrip('<>=!~')}'"
                    for c in _specifier(str(python)).split(",") if c]  # fmt: skip
    end = f" ; {' and '.join(f'({m})' for m in markers)}" if markers else ""
    address = next((str(settings[kind]) for kind in ("git", "path", "url", "file") if kind in settings), "")
    if address:
        yield f"{name}{extras} @ {address}{end}"
    else:
        yield f"{name}{extras}{_specifier(str(settings.get('version', '*')))}{end}"


def _specifier(version: str) -> str:
    """`^1.2` and `~1.2` as ranges; alternatives (`||`) can't be said, and are dropped."""
    if "||" in version or version.strip() in ("*", ""):
        return ""
    return ",".join(_clause(clause.strip()) for clause in version.split(",") if clause.strip())


def _clause(clause: str) -> str:
    if clause[0] not in "^~" or clause.startswith("~="):
        return clause.replace(" ", "") if clause[0] in "<>=!~" else f"=={clause}"
    numbers = [int(n) for n in re.findall(r"\d+", clause.split("-")[0])[:3]] or [0]
    if clause[0] == "~":
        at = min(1, len(numbers) - 1)
    else:
        at = next((n for n, number in enumerate(numbers) if number), len(numbers) - 1)
    above = [*numbers[:at], numbers[at] + 1]
    return f">={clause[1:].strip()},<{'.'.join(map(str, above))}"
