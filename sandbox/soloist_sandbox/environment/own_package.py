"""The repository's own distribution. It is not installed, as its modules come from the workspace; but its tests may ask
`importlib.metadata` for its version, call its commands, or need the pytest plugin that it is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from soloist_sandbox.environment import pyproject, setup_files
from soloist_sandbox.environment.pyproject import Table, table
from soloist_sandbox.image_spec import OwnPackage

UNKNOWN: Final = "0.0.0"
_VERSION: Final = re.compile(
    r"""^(?:__version__|VERSION|version)\b[^=\n]*=\s*(?:version\s*=\s*)?["']([\w.!+-]+)["']""", re.MULTILINE
)
_MOST_FILES: Final = 400


def find(root: Path) -> OwnPackage | None:
    """What pyproject.toml, setup.cfg and setup.py say of it; None where they name no package.

    A version that only a build would compute is looked for in the package's files; else it is `UNKNOWN`.
    Raises `ValueError` for a file that can't be read.
    """
    data = pyproject.load(root / "pyproject.toml")
    setups = [setup_files.setup_cfg(root), setup_files.setup_py(root)]
    tables = (table(data, "project"), table(data, "tool", "poetry"))
    names = [*(str(t.get("name", "")) for t in tables), *(s.name for s in setups)]
    name = next((name for name in names if re.fullmatch(r"[A-Za-z0-9][\w.-]*", name)), "")
    if not name:
        return None
    versions = [*(str(t.get("version", "")) for t in tables), *(s.version for s in setups), *_written(root, name)]
    version = next((valid for text in versions if (valid := _valid(text))), UNKNOWN)
    return OwnPackage(name, version, _entry_points(data, [s.entry_points for s in setups]), tuple(_roots(root, data)))


def _valid(text: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(text))
    except InvalidVersion:
        return ""


def _written(root: Path, name: str) -> Iterator[str]:
    """Versions that stand in the package's own files."""
    package = re.sub(r"[-.]+", "_", name)
    folders = [folder for where in ("src", "lib", "") for folder in (root / where / package, root / where / package.lower())]
    known = [f / n for f in folders for n in ("_version.py", "version.py", "__version__.py", "__about__.py", "__init__.py")]
    others = islice(root.glob("*/*.py"), _MOST_FILES)
    for file in (
        *known,
        root / f"{package}.py",
        *(f for f in others if f.name in ("_version.py", "__init__.py", "__about__.py")),
    ):
        try:
            if match := _VERSION.search(file.read_text(encoding="utf-8", errors="replace")):
                yield match[1]
        except OSError:
            continue


def _roots(root: Path, data: Table) -> Iterator[str]:
    """Folders that modules are imported from."""
    find = table(data, "tool", "setuptools", "packages", "find").get("where")
    mapped = table(data, "tool", "setuptools", "package-dir").get("")
    places = ["src", "lib", *(find if isinstance(find, list) else []), mapped]
    for place in dict.fromkeys(p for p in places if isinstance(p, str) and re.fullmatch(r"[\w-]+(/[\w-]+)*", p)):
        if (root / place).is_dir() and (place != "lib" or not (root / "src").is_dir()):
            yield place


def _entry_points(data: Table, setups: Sequence[Mapping[str, Sequence[str]]]) -> str:
    """As entry_points.txt has them."""
    project = table(data, "project")
    groups: dict[str, dict[str, str]] = {}
    named = {
        "console_scripts": {**table(data, "tool", "poetry", "scripts"), **table(project, "scripts")},
        **{name: table(points) for name, points in table(data, "tool", "poetry", "plugins").items()},
        **{name: table(points) for name, points in table(project, "entry-points").items()},
    }
    for group, points in named.items():
        groups[group] = {name: value for name, value in points.items() if isinstance(value, str)}
    for setup in setups:
        for group, lines in setup.items():
            pairs = (line.partition("=") for line in lines)
            groups.setdefault(group, {}).update({name.strip(): value.strip() for name, equals, value in pairs if equals})
    kept = {group: {n: v for n, v in points.items() if _valid_point(group, n, v)} for group, points in groups.items()}
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in kept.items()
        if points
    )


def _valid_point(group: str, name: str, value: str) -> bool:
    plain = all(text and text.isprintable() and "]" not in text for text in (group, name))
    return plain and bool(re.fullmatch(r"[\w.]+(\s*:\s*[\w.]+)?(\s*\[[\w\s,.-]*\])?", value))
