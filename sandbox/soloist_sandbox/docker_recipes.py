"""Images that a user's own Dockerfile or devcontainer.json describes. Their commands are run by Docker, with its network."""

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.docker_images import Say, pull
from soloist_sandbox.environment.devcontainer import Recipe
from soloist_sandbox.image_spec import USER_IMAGES

if TYPE_CHECKING:
    from docker import DockerClient

_LAST: Final = 12
_PREPARED: Final = "soloist.prepared"
"""Label of images made from users' own Dockerfiles."""


def make(client: "DockerClient", recipe: Recipe, name: str, root: Path, say: Say, stop: Event) -> str:
    """Have Docker build a recipe; the tag of what it made, named by its content. What Docker has in its cache is not run again.

    Raises `SandboxUnavailable` with the last lines of a build that failed, `InterruptedError` after `stop`.
    """
    base = recipe.image
    if base and (missing := pull(base, say, stop)):
        raise SandboxUnavailable(f"image {base} can't be had: {missing}")
    if base and not recipe.commands and not recipe.environment:
        return base
    if recipe.dockerfile:
        options = {"dockerfile": str(recipe.dockerfile), "buildargs": dict(recipe.args), "target": recipe.target}
        base = _build(client, {"path": str(recipe.context), **options}, name, say, stop)
    if recipe.commands or recipe.environment:
        base = _furnish(client, str(base), recipe, name, root, say, stop)
    return _named(client, str(base), name)


def _furnish(client: "DockerClient", base: str, recipe: Recipe, name: str, root: Path, say: Say, stop: Event) -> str:
    """The devcontainer's variables, and its commands as a Dockerfile runs them: in a copy of the repository at /workspace."""
    lines = [f"FROM {base}", "USER 0:0"]
    lines += [f"ENV {key}={json.dumps(value)}" for key, value in recipe.environment.items()]
    if recipe.commands:
        lines += ["COPY . /workspace", "WORKDIR /workspace"]
    lines += [f"RUN {json.dumps(c if len(c) > 1 else ['/bin/sh', '-c', c[0]])}" for c in recipe.commands]
    with TemporaryDirectory() as folder:
        dockerfile = Path(folder) / "Dockerfile"
        dockerfile.write_text("\n".join(lines) + "\n")
        return _build(client, {"path": str(root), "dockerfile": str(dockerfile)}, name, say, stop)


def _build(client: "DockerClient", options: dict[str, Any], name: str, say: Say, stop: Event) -> str:
    """The image's id."""
    from docker.errors import DockerException

    said: list[str] = []
    found = ""
    try:
        for event in client.api.build(**options, labels={_PREPARED: name}, rm=True, forcerm=True, decode=True):
            if stop.is_set():
                raise InterruptedError  # closing the stream ends the build
            if "error" in event:
                raise SandboxUnavailable(_failure([*said, event["error"].strip()]))
            found = event.get("aux", {}).get("ID", found)
            for line in event.get("stream", "").splitlines():
                if line.strip():
                    said = [*said, line.rstrip()][-_LAST:]
                    if line.startswith("Step "):
                        say(line.rstrip())
    except (DockerException, OSError, TypeError) as error:  # TypeError: the SDK's, for a folder that is not there
        raise SandboxUnavailable(f"Docker could not build the user's image: {error}") from error
    if not found:
        raise SandboxUnavailable(_failure(said))
    return found


def _failure(said: list[str]) -> str:
    step = next((line for line in reversed(said) if line.startswith("Step ")), "its Dockerfile")
    hint = (
        ": Soloist builds without BuildKit, so build the image yourself and name it by --from" if "BuildKit" in said[-1] else ""
    )
    lines = "\n".join(said)
    return f"the user's image could not be built, at {step}{hint}:\n{lines}"


def _named(client: "DockerClient", image: str, name: str) -> str:
    """Give it a name that says what is in it, and take away the names of its forerunners."""
    from docker.errors import APIError

    repository, tag = f"{USER_IMAGES}{name}", image.removeprefix("sha256:")[:12]
    found = client.images.get(image)
    found.tag(repository, tag)
    for other in client.images.list(name=repository):
        for old in other.tags:
            if other.id != found.id and old.startswith(f"{repository}:"):
                with suppress(APIError):  # the image in use is built on it: Docker keeps its layers
                    client.images.remove(old)
    return f"{repository}:{tag}"
