"""`soloist sandbox build --repo`: from a repository's files to an image that its runs use by themselves.

Nothing of the repository is run on this machine: its declarations are read, and wheels are unpacked. Only a Dockerfile or a
devcontainer.json that the user names runs commands of the repository's author: inside Docker, while building, with its network.
"""

import hashlib
import json
import platform
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from time import monotonic

from soloist_sandbox import images
from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.environment import devcontainer, finding, locks, memory, own_package, virtual_env
from soloist_sandbox.environment.asked import Asked
from soloist_sandbox.environment.declared import Declared, from_index, plain
from soloist_sandbox.environment.devcontainer import Recipe
from soloist_sandbox.environment.resolving import resolve
from soloist_sandbox.image_spec import Built, ImageSpec, remembered
from soloist_sandbox.images import Say
from soloist_sandbox.machine.installer import Target, find_installer
from soloist_sandbox.machine.packages import project
from soloist_sandbox.stoppable import in_thread

_SHOWN = 12
_WATCHED = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "requirements.txt", *locks.NAMES)


@dataclass(frozen=True, slots=True)
class _Base:
    """What the image stands on."""

    tag: str | None = None
    target: Target | None = None
    recipe: Recipe | None = None


async def build(asked: Asked, say: Say) -> tuple[Built, ...]:
    """Find what the tests need, make the image for every engine that can have it, and remember whose it is.

    `say` is given lines for the user, from another thread. A second build of the same finds everything there. Cancelling leaves
    what was there before, and nothing half made. Raises `SandboxUnavailable` naming what can't be had, `ValueError` for files
    that can't be read.
    """
    return await in_thread(lambda stop: _build(asked, say, stop))


def _build(asked: Asked, say: Say, stop: Event) -> tuple[Built, ...]:
    root = asked.repository.resolve()
    if not root.is_dir():
        raise ValueError(f"there is no folder {root}")
    name = asked.name or memory.name_of(root)
    ImageSpec(name)  # a bad name is told before anything is done
    if asked.venv:
        return _bind(asked, root, name, say, stop)
    base = _base(asked, root, name, say, stop)
    declared = _declared(asked, root, base, say, stop)
    if not declared and base.recipe is None and (root / ".venv/pyvenv.cfg").is_file():
        return _bind(asked, root, name, say, stop)
    pins, key = _pins(asked, name, declared, base, say, stop)
    own = own_package.find(root)
    if own:
        say(f"its own package is {own.name} {own.version}, imported from the workspace")
    if asked.dry_run:
        return ()
    spec = ImageSpec(name, (), base.tag, pins, own)
    built = images.make(spec, ("docker",) if base.tag else ("docker", "bubblewrap"), say, stop)
    _keep(asked, root, name, declared, key)
    say(f"`soloist run --repo {asked.repository}` uses it from now on" if not asked.name else f"use it with --image {name}")
    return built


def _base(asked: Asked, root: Path, name: str, say: Say, stop: Event) -> _Base:
    """The image that the user names, made where it is to be made."""
    recipe = _recipe(asked, root)
    if recipe is None:
        if there := devcontainer.find(root):
            say(f"there is a {there.relative_to(root)}: --devcontainer builds on it, and runs its commands")
        return _Base()
    from soloist_sandbox import docker_images, docker_probe, docker_recipes

    for line in recipe.left_out:
        say(line)
    with docker_images.connect() as client:
        if recipe.dockerfile or recipe.commands:
            say("the repository's own commands are run by Docker while building, with its network")
        tag = docker_recipes.make(client, recipe, name, root, say, stop)
        inside = docker_probe.look(client, tag)
    return _Base(tag, Target(inside.version, inside.musl) if inside.python else None, recipe)


def _recipe(asked: Asked, root: Path) -> Recipe | None:
    if asked.image:
        return Recipe(image=asked.image)
    if asked.dockerfile:
        file = asked.dockerfile.resolve()
        if not file.is_file():
            raise ValueError(f"there is no Dockerfile {asked.dockerfile}")
        return Recipe(dockerfile=file, context=root if file.is_relative_to(root) else file.parent, files=(file,))
    if asked.devcontainer:
        found = devcontainer.find(root)
        if found is None:
            raise ValueError(f"there is no {devcontainer.PLACES[0]} in {root}")
        return devcontainer.read(found, root)
    return None


def _declared(asked: Asked, root: Path, base: _Base, say: Say, stop: Event) -> Declared:
    """What is to be installed: what the repository says, unless a recipe has seen to it, and what the user adds."""
    declared = Declared(files=base.recipe.files if base.recipe else ())
    if base.recipe is None or (base.recipe.image and not base.recipe.files):
        declared += finding.find(root, asked.groups, find_installer(), stop)
    declared += _typed(asked)
    if asked.without:
        declared = _less(declared, [project(w) for w in asked.without])
    for line in declared.left_out:
        say(f"left out: {line}")
    if declared:
        say(f"found {', '.join(declared.sources)}")
    elif base.recipe is None:
        say("found nothing that says what the tests need: there will be pytest alone (--requirement adds packages)")
    return declared


def _typed(asked: Asked) -> Declared:
    files = [r for r in asked.requirements if r.endswith(".whl")]
    found = from_index([r for r in asked.requirements if r not in files], "--requirement")
    if found.left_out:
        raise ValueError(found.left_out[0])
    return found + Declared(tuple(files), sources=("--requirement",) if asked.requirements else ())


def _less(declared: Declared, names: list[str]) -> Declared:
    """Without some projects."""
    there = {project(r) for r in (*declared.requirements, *declared.pins)}
    if unknown := [name for name in names if name not in there]:
        raise ValueError(f"--without {plain(unknown[0])}: nothing declares it")
    kept = {k: tuple(r for r in getattr(declared, k) if project(r) not in names) for k in ("requirements", "pins", "constraints")}
    return replace(declared, requirements=kept["requirements"], pins=kept["pins"], constraints=kept["constraints"])


def _pins(asked: Asked, name: str, declared: Declared, base: _Base, say: Say, stop: Event) -> tuple[tuple[str, ...], str]:
    """Exact versions, and the hash of what decided them. Where that is the same as before, they are not chosen again."""
    decided = [declared.requirements, declared.constraints, declared.pins, str(base.target), platform.python_version()]
    key = hashlib.sha256(json.dumps(decided).encode()).hexdigest()
    before = memory.recall(name)
    if before and before.asked == key and not asked.upgrade and not asked.dry_run:
        with suppress(SandboxUnavailable):
            pins = remembered(name).pins
            say(f"{len(pins)} packages, in the versions chosen before (--upgrade chooses again)" if pins else "no packages")
            return pins, key
    started = monotonic()
    resolved = resolve(declared, find_installer(), base.target, stop)
    for line in resolved.said:
        say(line)
    if resolved.pins:
        shown = resolved.pins if asked.dry_run else resolved.pins[:_SHOWN]
        more = f" and {len(resolved.pins) - len(shown)} more" if len(resolved.pins) > len(shown) else ""
        say(f"{len(resolved.pins)} packages, chosen in {monotonic() - started:.1f} s: {', '.join(shown)}{more}")
    return resolved.pins, key


def _bind(asked: Asked, root: Path, name: str, say: Say, stop: Event) -> tuple[Built, ...]:
    """An image whose packages are the user's own virtual environment."""
    venv = virtual_env.find(root)
    if venv is None:
        raise ValueError(f"there is no .venv in {root}, and no virtual environment is active")
    if wrong := virtual_env.problem(venv):
        raise SandboxUnavailable(wrong)
    say(f"binding {venv}, {len(virtual_env.packages(venv))} packages; bubblewrap only")
    if asked.dry_run:
        return ()
    if virtual_env.shares_system_packages(venv):
        say("it shares the system's packages, which are not bound")
    spec = ImageSpec(name, own=own_package.find(root), venv=str(venv))
    built = images.make(spec, ("bubblewrap",), say, stop)
    _keep(asked, root, name, Declared(sources=(str(venv),)), "")
    return built


def _keep(asked: Asked, root: Path, name: str, declared: Declared, key: str) -> None:
    files = declared.files if asked.venv else (*declared.files, *(root / watched for watched in _WATCHED))
    memory.keep(name, memory.Memory(str(root), asked.told(), declared.sources, memory.hashes(root, files), key))
