"""The commands. Heavy modules are imported inside them, so that `soloist --help` is instant."""

from pathlib import Path
from typing import Annotated

import typer

from soloist.cli.exits import Exit, guarded

app = typer.Typer(
    help="Make a failing check pass, and prove it: nothing is trusted until it has run in a sandbox.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)
sandbox_app = typer.Typer(help="The sandbox in which everything runs.", rich_markup_mode=None, no_args_is_help=True)
app.add_typer(sandbox_app, name="sandbox")

EXITS = "Exit codes: 0 solved, 1 not solved, 2 bad usage or input, 3 sandbox or model unavailable, 130 interrupted."


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Options of the command itself."""
    if version:
        from soloist import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.command(epilog=EXITS)
def run(
    goal: Annotated[str, typer.Argument(help='What to do, for example "make the failing tests pass".')],
    repo: Annotated[Path, typer.Option(help="The repository, or a folder in it.")] = Path(),
    check: Annotated[
        str | None, typer.Option(help='How we will know: a command that fails now, for example "pytest -q".')
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Apply a proved patch without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the patch, never apply it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON report and nothing else.")] = False,
    max_seconds: Annotated[float, typer.Option(min=1, help="Time for looking and searching.")] = 300,
    samples: Annotated[int, typer.Option(min=1, help="Candidates that may be judged.")] = 20_000,
    image: Annotated[str, typer.Option(help="Sandbox image, see: soloist sandbox build --help.")] = "base",
    backend: Annotated[str | None, typer.Option(help="docker or bubblewrap; by default the first that works.")] = None,
    planner: Annotated[
        str | None, typer.Option(envvar="SOLOIST_PLANNER", help="Your planner, as package.module:factory.")
    ] = None,
    specialist: Annotated[
        list[str] | None,
        typer.Option(envvar="SOLOIST_SPECIALIST", help="Your specialist, as package.module:factory; cheapest first."),
    ] = None,
) -> None:
    """Make a failing check pass: locate the fault, try repairs in the sandbox, prove one, show the diff."""
    if yes and dry_run:
        raise typer.BadParameter("--yes and --dry-run contradict each other")
    with guarded(json=json, goal=goal):
        from soloist.cli.running import RunOptions, run_task

        raise typer.Exit(
            run_task(
                RunOptions(
                    goal=goal,
                    repo=repo,
                    check=check,
                    approval="always" if yes else "never" if dry_run else "ask",
                    json=json,
                    seconds=max_seconds,
                    samples=samples,
                    image=image,
                    backend=backend,
                    planner=planner,
                    specialists=tuple(specialist or ()),
                )
            )
        )


@app.command()
def apply(run: Annotated[str, typer.Argument(help='A run\'s id, or "last".')] = "last") -> None:
    """Apply the proved patch of a run that was not applied."""
    with guarded():
        from soloist.cli.patching import apply_run

        apply_run(run)


@app.command()
def undo(run: Annotated[str, typer.Argument(help='A run\'s id, or "last".')] = "last") -> None:
    """Take back the patch that a run applied."""
    with guarded():
        from soloist.cli.patching import undo_run

        undo_run(run)


@app.command()
def doctor() -> None:
    """Check what Soloist needs on this machine, and say how to cure what is missing."""
    with guarded():
        from soloist.cli.doctor import examine

        raise typer.Exit(Exit.SOLVED if examine() else Exit.UNAVAILABLE)


@sandbox_app.command("status")
def sandbox_status(image: Annotated[str, typer.Option(help="The image to look for.")] = "base") -> None:
    """Which backends work, which one is used, and which images are there."""
    with guarded():
        from soloist.cli.sandboxing import show_status

        raise typer.Exit(Exit.SOLVED if show_status(image) else Exit.UNAVAILABLE)


@sandbox_app.command("build")
def sandbox_build(
    name: Annotated[str, typer.Option(help="Name of the image, for run --image.")] = "base",
    requirement: Annotated[
        list[str] | None, typer.Option("--requirement", "-r", help="A pip requirement, or a file of them.")
    ] = None,
    base: Annotated[str | None, typer.Option("--from", help="Registry image to build on; by default python:X.Y-slim.")] = None,
) -> None:
    """Make the image in which checks run: from a registry image where one can be pulled, else from this machine."""
    with guarded():
        from soloist.cli.sandboxing import build_image

        build_image(name, tuple(requirement or ()), base)
