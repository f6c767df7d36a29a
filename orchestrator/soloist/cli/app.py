"""The commands. Heavy modules are imported inside them, so that `soloist --help` is instant."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from soloist.cli.exits import Exit, guarded

app = typer.Typer(
    help="A planner, a specialist and a sandbox: nothing is trusted until it has run and passed a check.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)
sandbox_app = typer.Typer(help="The sandbox in which everything runs.", rich_markup_mode=None, no_args_is_help=True)
app.add_typer(sandbox_app, name="sandbox")

EXITS = "Exit codes: 0 solved or answered, 1 not solved, 2 bad usage or input, 3 sandbox or model unavailable, 130 interrupted."

Repo = Annotated[Path, typer.Option(help="The repository, or a folder in it.")]
Config = Annotated[Path | None, typer.Option(help="Settings of yours, in place of the repository's soloist.toml.")]
Effort = Annotated[str | None, typer.Option(help="How hard to try: low, normal or high.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON report and nothing else.")]
Seconds = Annotated[float | None, typer.Option(help="Time for looking and searching; by default 300.")]
Tokens = Annotated[int | None, typer.Option(help="Tokens of all models together; by default no cap.")]
Money = Annotated[float | None, typer.Option(help="USD for models, by the prices that you have set; by default no cap.")]
Samples = Annotated[int | None, typer.Option(help="Candidates that may be judged; by default 20000.")]
Image = Annotated[str | None, typer.Option(help="Sandbox image, see: soloist sandbox build --help.")]
Backend = Annotated[str | None, typer.Option(help="docker or bubblewrap; by default the first that works.")]
PlannerName = Annotated[
    str | None, typer.Option(help="A model: URL#model-id or SERVER/model-id; or yours: package.module:factory.")
]
SpecialistName = Annotated[list[str] | None, typer.Option(help="The same for the specialist; several, cheapest first.")]


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
    repo: Repo = Path(),
    check: Annotated[
        str | None, typer.Option(help='How we will know: a command that fails now, for example "pytest -q".')
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Apply a proved patch without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the patch, never apply it.")] = False,
    json: Json = False,
    planner: PlannerName = None,
    specialist: SpecialistName = None,
    effort: Effort = None,
    max_seconds: Seconds = None,
    max_tokens: Tokens = None,
    max_money: Money = None,
    samples: Samples = None,
    image: Image = None,
    backend: Backend = None,
    config: Config = None,
) -> None:
    """Change a repository towards a goal: gather, plan, try in the sandbox, prove, show the diff.

    Without a model, what can be asked for is to make a failing check pass.
    """
    if yes and dry_run:
        raise typer.BadParameter("--yes and --dry-run contradict each other")
    with guarded(json=json, goal=goal):
        from soloist.cli.running import Run, run_task
        from soloist.cli.settings import Typed

        typed = Typed(
            config=config,
            effort=effort,
            check=check,
            planner=planner,
            specialist=tuple(specialist or ()),
            max_seconds=max_seconds,
            max_tokens=max_tokens,
            max_money=max_money,
            samples=samples,
            image=image,
            backend=backend,
        )
        approval: Literal["always", "never", "ask"] = "always" if yes else "never" if dry_run else "ask"
        raise typer.Exit(run_task(Run(goal=goal, typed=typed, repo=repo, approval=approval, json=json)))


@app.command(epilog=EXITS)
def solve(
    problem: Annotated[Path, typer.Argument(help="A file with the whole statement.")],
    tests: Annotated[Path | None, typer.Option(help="Tests that import the solution from the module.")] = None,
    cases: Annotated[Path | None, typer.Option(help="A folder of NAME.in and NAME.out: standard input and output.")] = None,
    answer: Annotated[bool, typer.Option("--answer", help="The result is a value: independent samples must agree.")] = False,
    expect: Annotated[str | None, typer.Option(help="The known answer, to be met exactly.")] = None,
    module: Annotated[str, typer.Option(help="The file that the tests import the solution from.")] = "solution.py",
    json: Json = False,
    planner: PlannerName = None,
    specialist: SpecialistName = None,
    effort: Effort = None,
    max_seconds: Seconds = None,
    max_tokens: Tokens = None,
    max_money: Money = None,
    image: Image = None,
    backend: Backend = None,
    config: Config = None,
) -> None:
    """Solve one self-contained problem with the specialist, and prove it by tests, by input and output, or by agreement."""
    with guarded(json=json, goal=str(problem)):
        from soloist.cli.problems import read_problem
        from soloist.cli.running import Run, run_task
        from soloist.cli.settings import Typed

        typed = Typed(
            config=config,
            effort=effort,
            planner=planner,
            specialist=tuple(specialist or ()),
            max_seconds=max_seconds,
            max_tokens=max_tokens,
            max_money=max_money,
            image=image,
            backend=backend,
        )
        read = read_problem(problem, tests=tests, cases=cases, answer=answer, expect=expect, module=module)
        raise typer.Exit(run_task(Run(goal=f"solve {problem.name}", typed=typed, problem=read, json=json)))


@app.command(epilog=EXITS)
def ask(
    question: Annotated[str, typer.Argument(help='For example "where is the retry limit decided?".')],
    repo: Repo = Path(),
    json: Json = False,
    planner: PlannerName = None,
    max_seconds: Seconds = None,
    max_tokens: Tokens = None,
    max_money: Money = None,
    image: Image = None,
    backend: Backend = None,
    config: Config = None,
) -> None:
    """Answer a question about a repository from evidence, with citations that are looked up. Needs a planner model."""
    with guarded(json=json, goal=question):
        from soloist.cli.running import Run, run_task
        from soloist.cli.settings import Typed

        typed = Typed(
            config=config,
            planner=planner,
            max_seconds=max_seconds,
            max_tokens=max_tokens,
            max_money=max_money,
            image=image,
            backend=backend,
        )
        raise typer.Exit(run_task(Run(goal=question, typed=typed, repo=repo, asks=True, json=json)))


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
def config(
    repo: Repo = Path(),
    everything: Annotated[bool, typer.Option("--all", help="Also what has no value.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    config: Config = None,
) -> None:
    """Show the settings in force and where each comes from. Keys are never shown."""
    with guarded():
        from soloist.cli.config import show_config
        from soloist.config import load_settings

        show_config(load_settings(repo, config=config), everything=everything, json=json)


@app.command()
def doctor(
    repo: Repo = Path(),
    long: Annotated[bool, typer.Option("--long", help="Ask each model for a long answer too; may take minutes.")] = False,
    config: Config = None,
) -> None:
    """Check what Soloist needs, the models included, and say how to cure what is missing."""
    with guarded():
        from soloist.cli.doctor import examine
        from soloist.config import load_settings

        raise typer.Exit(Exit.SOLVED if examine(load_settings(repo, config=config), long=long) else Exit.UNAVAILABLE)


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
