"""`soloist sandbox status` and `soloist sandbox build`."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from soloist_sandbox import images
from soloist_sandbox.choose import BackendStatus, survey
from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.environment.memory import image_for

from soloist.cli.printable import printable
from soloist.config import Loaded


def show_status(image: str) -> bool:
    """Print backends and images; True when a backend is usable."""
    statuses, found = asyncio.run(_look(image))
    for line in status_lines(statuses):
        typer.echo(line)
    for built in found:
        if built.current:
            typer.echo(printable(f"image {built.name} for {built.engine}: {built.origin}, {built.size / 1e6:.0f} MB"))
    older = sum(not built.current for built in found)
    if older:
        typer.echo(f"and {older} of other versions, removed as new ones are made")
    return any(status.usable for status in statuses)


def status_lines(statuses: Sequence[BackendStatus]) -> Sequence[str]:
    """One line for each backend, the one in use marked."""
    used = next((status.name for status in statuses if status.usable), None)
    return [
        printable(f"{status.name}: {'works' if status.usable else 'not usable'}{', in use' if status.name == used else ''}"
                  f"{f': {status.level}' if status.level else ''}"
                  f"{f' ({status.reason or status.weaker})' if status.reason or status.weaker else ''}")
        for status in statuses
    ]  # fmt: skip


@dataclass(frozen=True)
class BuildTyped:
    """The options of `soloist sandbox build`."""

    repo: Path | None = None
    name: str | None = None
    requirements: tuple[str, ...] = ()
    base: str | None = None
    dockerfile: Path | None = None
    devcontainer: bool = False
    venv: bool = False
    groups: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    upgrade: bool = False
    dry_run: bool = False


def build_image(typed: BuildTyped) -> None:
    """Build an image for every engine that is there. Raises as `images.build` and `building.build`."""
    requirements = _expanded(typed.requirements)
    if typed.repo is None:
        if any((typed.dockerfile, typed.devcontainer, typed.venv, typed.groups, typed.without, typed.upgrade, typed.dry_run)):
            raise ValueError("only --name, --requirement and --from go without --repo: name the repository")
        with _last_words_first():
            asyncio.run(images.build(typed.name or "base", requirements=requirements, base=typed.base, say=_say))
        return
    from soloist_sandbox.environment import building
    from soloist_sandbox.environment.asked import Asked

    asked = Asked(
        repository=typed.repo,
        name=typed.name,
        requirements=tuple(requirements),
        groups=typed.groups,
        without=typed.without,
        image=typed.base,
        dockerfile=typed.dockerfile,
        devcontainer=typed.devcontainer,
        venv=typed.venv,
        upgrade=typed.upgrade,
        dry_run=typed.dry_run,
    )
    with _last_words_first():
        asyncio.run(building.build(asked, _say))


def image_of(loaded: Loaded, repo: Path | None) -> str:
    """The image of a run: the one that is set, else the one that was built for the repository, else the plain one."""
    if repo is not None and loaded.origin("sandbox", "image") == "default" and (built := image_for(repo)):
        return built
    return loaded.settings.sandbox.image


async def _look(image: str) -> tuple[Sequence[BackendStatus], Sequence[images.Built]]:
    return await survey(image), await images.installed()


@contextmanager
def _last_words_first() -> Iterator[None]:
    """What an installer or Docker said last is shown as it stands, and the error itself, one line, after it."""
    try:
        yield
    except SandboxUnavailable as failed:
        line, _, said = str(failed).partition("\n")
        if said:
            typer.echo(printable(said), err=True)
        raise SandboxUnavailable(line.removesuffix(":"), failed.cause) from failed


def _say(line: str) -> None:
    typer.echo(printable(line))


def _expanded(requirements: Sequence[str]) -> list[str]:
    """Requirements as typed; a name of a file stands for its lines."""
    found: list[str] = []
    for requirement in requirements:
        file = Path(requirement)
        if requirement.endswith(".whl") and file.is_file():
            found.append(str(file.resolve()))
        elif requirement.endswith(".txt") or file.is_file():
            if not file.is_file():
                raise ValueError(f"there is no requirements file {requirement}")
            lines = (line.split(" #")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
            found += [line for line in lines if line and not line.startswith("#")]
        else:
            found.append(requirement)
    return found
