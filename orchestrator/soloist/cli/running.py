"""`soloist run`."""

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import typer
from soloist_sandbox.checks import parse_check

from soloist import extension
from soloist.cli.exits import Exit
from soloist.cli.printable import printable
from soloist.cli.progress import Progress
from soloist.cli.showing import show_report
from soloist.orchestrator import Approver, Orchestrator
from soloist.report import Report
from soloist.task import Approval, Budget, Task


@dataclass(frozen=True)
class RunOptions:
    """What the user typed."""

    goal: str
    repo: Path
    check: str | None
    approval: Approval
    json: bool
    seconds: float
    samples: int
    image: str
    backend: str | None
    planner: str | None
    specialists: tuple[str, ...]


def run_task(options: RunOptions) -> Exit:
    """Run, show the report, and say by the exit code whether it is solved."""
    task = Task(
        goal=options.goal,
        repository=options.repo.resolve(),
        check=parse_check(options.check) if options.check is not None else None,
        budget=Budget(seconds=options.seconds, samples=options.samples),
        approval=options.approval,
    )
    with Progress(quiet=options.json) as progress:
        orchestrator = Orchestrator(
            planner=extension.load(options.planner, extension.PLANNER) if options.planner else None,
            ladder=[extension.load(name, extension.SPECIALIST) for name in options.specialists],
            image=options.image,
            backend=options.backend,
            listener=progress.hear,
        )
        report = asyncio.run(_until_stopped(orchestrator, task, _asker(options, progress)))
    if options.json:
        sys.stdout.write(report.model_dump_json() + "\n")
    else:
        show_report(report)
    return Exit.SOLVED if report.solved and not report.error else Exit.NOT_SOLVED


async def _until_stopped(orchestrator: Orchestrator, task: Task, approve: Approver | None) -> Report:
    """The run; SIGTERM and SIGHUP end it as cleanly as Ctrl-C does."""
    work = asyncio.ensure_future(orchestrator.run(task, approve=approve))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, work.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _asker(options: RunOptions, progress: Progress) -> Approver | None:
    """Ask on a terminal; elsewhere nobody can answer, and the patch stays unapplied."""
    if options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None

    async def ask(diff: str) -> bool:
        progress.pause()
        typer.echo(printable(diff))
        return await asyncio.to_thread(typer.confirm, "Apply this patch?", default=False)

    return ask
