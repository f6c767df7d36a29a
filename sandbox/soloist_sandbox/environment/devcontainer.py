"""devcontainer.json: the image or Dockerfile that it names, and what is then run in it, as one recipe to build.

It is JSON with comments and trailing commas. What has no meaning in a sandbox (features, ports, mounts) is told to the user.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

PLACES: Final = (".devcontainer/devcontainer.json", ".devcontainer.json")
_COMMANDS: Final = ("onCreateCommand", "updateContentCommand", "postCreateCommand")
"""In the order in which they are run."""
_HARMLESS: Final = {"name", "$schema", "customizations", "build", "context", "dockerFile", "image", "containerEnv", *_COMMANDS}
_BUILD: Final = {"dockerfile", "context", "args", "target"}
_TOKENS: Final = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[\]}])', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Recipe:
    """An image that the user named, as Docker is to make it."""

    image: str | None = None
    """One that is there, or that a registry has."""
    dockerfile: Path | None = None
    context: Path | None = None
    """The folder that the Dockerfile copies from."""
    args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[tuple[str, ...], ...] = ()
    """Run in a copy of the repository, once the image is there; a single word is for a shell."""
    files: tuple[Path, ...] = ()
    """What was read."""
    left_out: tuple[str, ...] = ()
    """What it says and can't be done, for the user."""


def find(root: Path) -> Path | None:
    """The repository's devcontainer.json; one of a subfolder where there is but one."""
    for place in PLACES:
        if (root / place).is_file():
            return root / place
    others = sorted(root.glob(".devcontainer/*/devcontainer.json"))
    return others[0] if len(others) == 1 else None


def read(file: Path, root: Path) -> Recipe:
    """Raises `ValueError`, in one line, for a file that names no image, or that can't be read."""
    try:
        data = json.loads(_without_comments(file.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} can't be read: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{file} should hold a JSON object")
    build: dict[str, Any] = found if isinstance(found := data.get("build"), dict) else {}
    named = build.get("dockerfile") or data.get("dockerFile")
    image = data.get("image")
    if not named and not isinstance(image, str):
        wants = "dockerComposeFile, which Soloist does not read" if "dockerComposeFile" in data else "no image and no Dockerfile"
        raise ValueError(f"{file} names {wants}: name an image (--from) or a Dockerfile (--dockerfile) instead")
    environment = dict(_strings(data.get("containerEnv")))
    dockerfile = _inside(file.parent / str(named), root) if named else None
    context = file.parent / str(build.get("context") or data.get("context") or ".") if named else None
    return Recipe(
        image=None if named else str(image),
        dockerfile=dockerfile,
        context=_inside(context, root) if context else None,
        args=dict(_strings(build.get("args"))),
        target=build.get("target") if isinstance(build.get("target"), str) else None,
        environment={name: value for name, value in environment.items() if "${" not in value},
        commands=tuple(command for key in _COMMANDS for command in _commands(data.get(key))),
        files=(file, *((dockerfile,) if dockerfile else ())),
        left_out=tuple(_left_out(data, build, environment)),
    )


def _left_out(data: Mapping[str, Any], build: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[str]:
    keys = [*sorted(data.keys() - _HARMLESS), *(f"build.{key}" for key in sorted(build.keys() - _BUILD))]
    keys += [f"containerEnv.{name}" for name, value in environment.items() if "${" in value]
    if keys:
        yield f"devcontainer.json: not used: {', '.join(keys)}"


def _commands(value: Any) -> Iterator[tuple[str, ...]]:
    """A text is for a shell, a list is a command with its arguments, an object holds several of either."""
    if isinstance(value, str) and value.strip():
        yield (value,)
    elif isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        yield tuple(value) if len(value) > 1 else (value[0],)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _commands(one)


def _strings(value: Any) -> Sequence[tuple[str, str]]:
    return [(str(n), str(v)) for n, v in value.items() if isinstance(v, str | int)] if isinstance(value, dict) else []


def _inside(path: Path, root: Path) -> Path:
    """Raises `ValueError` for a path that leads out of the repository: it would send other files of the user's to Docker."""
    real = path.resolve()
    if not real.is_relative_to(root.resolve()):
        raise ValueError(f"devcontainer.json names {path}, which is not in the repository")
    return real


def _without_comments(text: str) -> str:
    return _TOKENS.sub(lambda found: found[0] if found[0].startswith('"') else "", text)
