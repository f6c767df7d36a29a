"""Lock files: exact versions of everything that a repository was last tested with.

pylock.toml says by itself what is to be installed. The others hold more than the tests need: what is declared says which of it,
and the lock says in which version. Where uv is there, uv.lock is exported by it instead, with its markers.
"""

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any, Final

from soloist_sandbox.environment.declared import Declared, chosen, from_index
from soloist_sandbox.environment.pyproject import load as load_pyproject
from soloist_sandbox.environment.pyproject import strings, table
from soloist_sandbox.machine.command import run
from soloist_sandbox.machine.installer import Installer

NAMES: Final = ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock")
EXPORT_SECONDS: Final = 60.0


def find(root: Path) -> Path | None:
    """The repository's lock file, the best one where it has several."""
    return next((root / name for name in NAMES if (root / name).is_file()), None)


def read(lock: Path, wanted: Sequence[str]) -> Declared:
    """Its versions. Raises `ValueError` for a file that can't be read."""
    try:
        data = tomllib.loads(lock.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{lock} can't be read: {error}") from error
    found = Declared(sources=(lock.name,), files=(lock,))
    if lock.name == "pylock.toml":
        return found + _pylock(data, wanted)
    return found + Declared(constraints=from_index(_versions(data), lock.name).requirements)


def export(lock: Path, wanted: Sequence[str], installer: Installer, stop: Event) -> Declared | None:
    """uv.lock as uv itself reads it; None where that is not possible, as with a lock that does not fit its pyproject.toml.

    Nothing is built and nobody is asked: what is exported is the lock file as it stands.
    """
    if lock.name != "uv.lock" or not installer.uv:
        return None
    data = load_pyproject(lock.with_name("pyproject.toml"))
    there = dict.fromkeys(table(data, "project", "optional-dependencies"), "--extra")
    there |= dict.fromkeys(table(data, "dependency-groups"), "--group")
    if strings(table(data, "tool", "uv").get("dev-dependencies")):
        there["dev"] = "--group"
    options = [word for name in chosen(there, wanted) for word in (there[name], name)]
    plain = [
        "--frozen",
        "--offline",
        "--no-hashes",
        "--no-header",
        "--no-annotate",
        "--no-emit-workspace",
        "--no-default-groups",
        "--no-config",
    ]
    words = [installer.uv, "export", "--quiet", *plain, "--no-python-downloads", "--project", str(lock.parent), *options]
    try:
        code, text = run(words, stop=stop, seconds=EXPORT_SECONDS, extra=installer.environment, cwd=Path("/"))
    except TimeoutError:
        return None
    if code:
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    left = tuple(f"{line} (uv.lock): not from a package index" for line in lines if line.startswith(("-e", ".", "/")))
    named = f" with {', '.join(chosen(there, wanted))}" if options else ""
    found = from_index([line for line in lines if not line.startswith(("-e", ".", "/"))], "uv.lock")
    return Declared(sources=(f"uv.lock{named}",), files=(lock,)) + Declared(
        pins=found.requirements, left_out=found.left_out + left
    )


def _versions(data: dict[str, Any]) -> tuple[str, ...]:
    """name==version for all packages of an index that are there in one version only."""
    packages = [p for p in data.get("package", ()) if isinstance(p, dict) and p.get("version") and _of_an_index(p)]
    often = Counter(p["name"] for p in packages)
    return tuple(sorted(f"{p['name']}=={p['version']}" for p in packages if often[p["name"]] == 1))


def _of_an_index(package: dict[str, Any]) -> bool:
    source = table(package, "source")
    foreign = {"git", "path", "directory", "editable", "virtual", "url", "file"}
    return source.get("type") not in foreign and not (foreign - {"url"}) & (source.keys() | package.keys())


def _pylock(data: dict[str, Any], wanted: Sequence[str]) -> Declared:
    from packaging.markers import InvalidMarker, Marker, default_environment

    groups = [*strings(data.get("default-groups")), *chosen(strings(data.get("dependency-groups")), wanted)]
    environment: dict[str, Any] = {
        **default_environment(),
        "extras": frozenset(chosen(strings(data.get("extras")), wanted)),
        "dependency_groups": frozenset(groups),
    }
    pins: list[str] = []
    left: list[str] = []
    for package in data.get("packages", ()):
        name, version = package.get("name", "?"), package.get("version")
        try:
            if "marker" in package and not Marker(package["marker"]).evaluate(environment, context="lock_file"):
                continue
        except (InvalidMarker, KeyError) as error:
            left.append(f"{name} (pylock.toml): {error}")
            continue
        if not version or any(kind in package for kind in ("vcs", "directory", "archive")):
            left.append(f"{name} (pylock.toml): not from a package index")
        else:
            pins.append(f"{name}=={version}")
    found = from_index(pins, "pylock.toml")
    return Declared(pins=found.requirements, left_out=(*found.left_out, *left))
