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
Tries = Annotated[int | None, typer.Option("--samples", help="Answers that the specialist may give; by default as effort says.")]
Strategy = Annotated[
    str | None,
    typer.Option(help="first_verified, best_of_n, majority, weighted, clr or agreement; by default as the problem calls for."),
]
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
    function: Annotated[
        str | None,
        typer.Option(help='The result is a function that must do what most samples do: "def f(a: int) -> int". Untested.'),
    ] = None,
    expect: Annotated[str | None, typer.Option(help="The known answer, to be met exactly.")] = None,
    module: Annotated[str, typer.Option(help="The file that the tests import the solution from.")] = "solution.py",
    json: Json = False,
    planner: PlannerName = None,
    specialist: SpecialistName = None,
    effort: Effort = None,
    strategy: Strategy = None,
    samples: Tries = None,
    max_seconds: Seconds = None,
    max_tokens: Tokens = None,
    max_money: Money = None,
    image: Image = None,
    backend: Backend = None,
    config: Config = None,
) -> None:
    """Solve one self-contained problem with the specialist, and prove it by tests, by input and output, or by agreement."""
    with guarded(json=json, goal=str(problem)):
        from soloist.cli.problems import Given, read_problem
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
            strategy=strategy,
            tries=samples,
        )
        given = Given(tests=tests, cases=cases, answer=answer, expect=expect, function=function)
        read = read_problem(problem, given, module)
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


SANDBOX_EXITS = (
    "Exit codes: the program's own; 128 + N after signal N; 120 refused system call, 121 memory, 122 output, 123 disk, 124 time; "
    "with --tests or --expect 0 passed, 1 not passed. And 2 bad usage or input, 3 sandbox unavailable, 130 interrupted: "
    "then standard output is empty, and a line on standard error begins with soloist."
)


@sandbox_app.command("run", epilog=SANDBOX_EXITS)
def sandbox_run(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|-] [-- ARGUMENTS]", help="A Python program, alone in its workspace; - reads it from stdin."
        ),
    ] = None,
    command: Annotated[str | None, typer.Option(help="A shell command in place of FILE.")] = None,
    repo: Annotated[Path | None, typer.Option(help="Run over a copy of this folder: --command, or what stands after --.")] = None,
    stdin: Annotated[Path | None, typer.Option(help="The program's standard input; by default what is piped in.")] = None,
    tests: Annotated[Path | None, typer.Option(help="A pytest file or folder that imports FILE.")] = None,
    call: Annotated[list[str] | None, typer.Option(help='Call a function of FILE, as in "f(2, [3])"; repeatable.')] = None,
    expect: Annotated[
        list[str] | None, typer.Option(help='What the call should return, a literal; or "raises ValueError".')
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0, help="Relative difference that floats may have.")] = 0.0,
    collect: Annotated[Path | None, typer.Option(help="A folder for the files that the program makes or changes.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --collect replace files.")] = False,
    seconds: Annotated[float, typer.Option(min=0.01, max=7200, help="Wall-clock time.")] = 60.0,
    memory: Annotated[int, typer.Option(min=64, help="MiB of memory.")] = 1024,
    disk: Annotated[int, typer.Option(min=8, help="MiB that may be written.")] = 256,
    output: Annotated[int, typer.Option(min=1, help="KiB that may go to stdout, and to stderr.")] = 1024,
    processes: Annotated[int, typer.Option(min=8, help="Processes at a time.")] = 128,
    image: Image = None,
    backend: Annotated[
        str | None, typer.Option("--sandbox", "--backend", help="docker or bubblewrap; by default the first that works.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object and nothing else.")] = False,
    config: Config = None,
) -> None:
    """Run a Python program in the sandbox, or any command over a folder, and exit as it did.

    No network, nothing of this machine, nothing kept: the folder is copied, and what the program writes is gone unless --collect
    is given. Output is shown at the end; bytes that are no UTF-8 are replaced in it.
    """
    with guarded():
        from soloist_sandbox.contract import Limits

        from soloist.cli.sandbox_job import Asked
        from soloist.cli.sandbox_running import run_in_sandbox
        from soloist.cli.settings import Typed

        asked = Asked(
            words=tuple(words or ()),
            command=command,
            repo=repo,
            stdin=stdin,
            tests=tests,
            calls=tuple(call or ()),
            expected=tuple(expect or ()),
            tolerance=tolerance,
            limits=Limits(seconds=seconds, memory_mb=memory, disk_mb=disk, output_kb=output, processes=processes),
            typed=Typed(config=config, image=image, backend=backend),
            collect=collect,
            force=force,
            json=json,
        )
        raise typer.Exit(run_in_sandbox(asked))


@sandbox_app.command("build")
def sandbox_build(
    repo: Annotated[Path | None, typer.Option(help="A repository whose tests it is for: its runs use it by themselves.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the image, for run --image; by default base, or the repository's.")
    ] = None,
    requirement: Annotated[
        list[str] | None, typer.Option("--requirement", "-r", help="A pip requirement, or a file of them.")
    ] = None,
    base: Annotated[
        str | None, typer.Option("--from", help="Image to build on, here or in a registry; by default python:X.Y-slim.")
    ] = None,
    dockerfile: Annotated[
        Path | None, typer.Option(help="Build on this Dockerfile. Docker runs its commands, with network.")
    ] = None,
    devcontainer: Annotated[
        bool,
        typer.Option(
            "--devcontainer", help="Build on the repository's devcontainer.json. Docker runs its commands, with network."
        ),
    ] = False,
    venv: Annotated[
        bool, typer.Option("--venv", help="Bind the repository's .venv, or the active one, read-only; bubblewrap only.")
    ] = False,
    group: Annotated[
        list[str] | None, typer.Option(help="An extra or dependency group to install besides those called after tests.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="A package to leave out, whatever declares it.")] = None,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Choose versions again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be installed.")] = False,
) -> None:
    """Make the image in which checks run: from a registry image where one can be pulled, else from this machine.

    With --repo, what the repository's tests need is found in its lock file or declarations and installed from wheels; none of its
    code is run.
    """
    with guarded():
        from soloist.cli.sandboxing import BuildTyped, build_image

        build_image(
            BuildTyped(
                repo=repo,
                name=name,
                requirements=tuple(requirement or ()),
                base=base,
                dockerfile=dockerfile,
                devcontainer=devcontainer,
                venv=venv,
                groups=tuple(group or ()),
                without=tuple(without or ()),
                upgrade=upgrade,
                dry_run=dry_run,
            )
        )
