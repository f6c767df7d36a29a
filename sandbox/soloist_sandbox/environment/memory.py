"""Which image belongs to which repository: `<store>/<image's name>/repository.json`, written when the image is finished.

The name is made of the folder's name and its path, so that a repository finds its image again, and two never share one.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from soloist_sandbox.environment import pyproject
from soloist_sandbox.image_spec import ImageSpec

_FILE: Final = "repository.json"
_IDLE: Final = ("version", "description", "readme", "license", "authors", "maintainers", "keywords", "classifiers", "urls")


@dataclass(frozen=True, slots=True)
class Memory:
    """What was known when the image was built."""

    path: str
    """The repository's folder."""
    told: str
    """What the user asked for, as options of `soloist sandbox build`; to be asked again."""
    sources: tuple[str, ...] = ()
    """Where the requirements come from, for the user."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Hash of each file that was read, by path relative to the repository."""
    asked: str = ""
    """Hash of all that decided which versions were chosen: where it is the same, they are not chosen again."""


def name_of(repository: Path) -> str:
    """The name of a repository's image, for example "timetable-3f2a9c01"."""
    real = repository.resolve()
    plain = re.sub(r"[^a-z0-9]+", "-", real.name.lower()).strip("-") or "repository"
    return f"{plain[:40].strip('-')}-{hashlib.sha256(str(real).encode()).hexdigest()[:8]}"


def image_for(folder: Path) -> str | None:
    """The image that was built for a repository, or for the one that the folder lies in; None when there is none."""
    real = folder.resolve()
    for place in (real, *real.parents):
        name = name_of(place)
        if (memory := recall(name)) and memory.path == str(place) and (ImageSpec(name).home / "image.json").exists():
            return name
        if (place / ".git").exists():
            break
    return None


def recall(name: str) -> Memory | None:
    """What is known of an image; None for one that was not built for a repository."""
    try:
        kept = json.loads((ImageSpec(name).home / _FILE).read_text())
        return Memory(**{**kept, "sources": tuple(kept["sources"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep(name: str, memory: Memory) -> None:
    """Remember it. The image's folder is there."""
    home = ImageSpec(name).home
    draft = home / f".{_FILE}.draft"
    draft.write_text(json.dumps(asdict(memory), indent=1) + "\n")
    draft.replace(home / _FILE)


def hashes(root: Path, files: Iterable[Path]) -> dict[str, str]:
    """Hash of each file, by path relative to the repository; "" for one that is not there."""
    real = root.resolve()
    return {str(f.resolve().relative_to(real)): _hash(f) for f in files if f.resolve().is_relative_to(real)}


def notes(name: str) -> Sequence[str]:
    """What a run should say of its image: whose it is, and whether it is outdated; nothing for other images."""
    memory = recall(name)
    if memory is None:
        return ()
    whence = f", from {', '.join(memory.sources)}" if memory.sources else ""
    lines = [f"image {name}, built for this repository{whence}"]
    changed = [path for path, kept in memory.files.items() if _hash(Path(memory.path) / path) != kept]
    if changed:
        verb = "has" if len(changed) == 1 else "have"
        lines.append(f"the image is outdated, as {', '.join(changed)} {verb} changed: `{rebuild(memory)}` builds it again")
    return lines


def rebuild(memory: Memory) -> str:
    """The command that builds the image again."""
    return f"soloist sandbox build --repo {memory.path}{memory.told}"


def _hash(file: Path) -> str:
    try:
        return hashlib.sha256(_relevant(file)).hexdigest()
    except OSError:
        return ""


def _relevant(file: Path) -> bytes:
    """What can change the image: of pyproject.toml, not the settings of tools nor the release's number."""
    if file.name == "pyproject.toml":
        with suppress(ValueError):
            data = pyproject.load(file)
            project = {k: v for k, v in data.get("project", {}).items() if k not in _IDLE}
            tools = {name: pyproject.table(data, "tool", name) for name in ("poetry", "pdm", "hatch", "uv", "setuptools")}
            return json.dumps([project, pyproject.table(data, "dependency-groups"), tools], sort_keys=True, default=str).encode()
    return file.read_bytes()
