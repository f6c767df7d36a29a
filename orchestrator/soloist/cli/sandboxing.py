"""`soloist sandbox status` and `soloist sandbox build`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import typer
from soloist_sandbox import images
from soloist_sandbox.choose import BackendStatus, survey

from soloist.cli.printable import printable


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
                  f"{f' ({status.reason})' if status.reason else ''}")
        for status in statuses
    ]  # fmt: skip


def build_image(name: str, requirements: Sequence[str], base: str | None) -> None:
    """Build an image for every engine that is there. Raises as `images.build`."""
    asyncio.run(images.build(name, requirements=_expanded(requirements), base=base, say=_say))


async def _look(image: str) -> tuple[Sequence[BackendStatus], Sequence[images.Built]]:
    return await survey(image), await images.installed()


def _say(line: str) -> None:
    typer.echo(printable(line))


def _expanded(requirements: Sequence[str]) -> list[str]:
    """Requirements as typed; a name of a file stands for its lines."""
    found: list[str] = []
    for requirement in requirements:
        file = Path(requirement)
        if requirement.endswith(".txt") or file.is_file():
            if not file.is_file():
                raise ValueError(f"there is no requirements file {requirement}")
            lines = (line.split(" #")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
            found += [line for line in lines if line and not line.startswith("#")]
        else:
            found.append(requirement)
    return found
