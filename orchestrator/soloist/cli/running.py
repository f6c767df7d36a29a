"""`soloist run`, `soloist solve` and `soloist ask`: one task, shown as it goes, and its report."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import typer
from soloist_agents.selection.choosing import Selection
from soloist_sandbox.checks import parse_check

from soloist.assembling import assemble
from soloist.cli.exits import Exit
from soloist.cli.printable import printable
from soloist.cli.progress import Progress
from soloist.cli.sandboxing import image_of
from soloist.cli.settings import Typed, settings_of
from soloist.cli.showing import show_report
from soloist.cli.stopping import until_stopped
from soloist.config import Loaded
from soloist.orchestrator import Approver, Orchestrator
from soloist.report import Report
from soloist.task import Approval, Budget, Problem, Task


@dataclass(frozen=True)
class Run:
    """What the user typed."""

    goal: str
    typed: Typed
    repo: Path | None = None
    problem: Problem | None = None
    asks: bool = False
    approval: Approval = "never"
    json: bool = False


def run_task(run: Run) -> Exit:
    """Run, show the report, and say by the exit code whether it is solved."""
    loaded = settings_of(run.typed, run.repo)
    settings = loaded.settings
    task = Task(
        goal=run.goal,
        repository=run.repo.resolve() if run.repo else None,
        check=parse_check(settings.check) if settings.check and not run.asks and run.repo else None,
        problem=run.problem,
        asks=run.asks,
        budget=Budget.model_validate(settings.budget.model_dump()),
        selection=Selection(
            strategy=settings.tries.strategy,
            samples=settings.tries.samples,
            effort=settings.effort,
            spread=settings.tries.spread,
        ),
        approval=run.approval,
    )
    with Progress(quiet=run.json) as progress:
        report = asyncio.run(until_stopped(_run(loaded, task, progress, _asker(run, progress))))
    if run.json:
        sys.stdout.write(report.model_dump_json() + "\n")
    else:
        show_report(report)
    return _exit(report, task)


def _exit(report: Report, task: Task) -> Exit:
    if report.solved:
        return Exit.SOLVED if not report.error else Exit.NOT_SOLVED
    if report.ended == "unavailable":
        return Exit.UNAVAILABLE
    answered = report.answer and (task.asks or report.level == "agreed")
    return Exit.SOLVED if answered else Exit.NOT_SOLVED


async def _run(loaded: Loaded, task: Task, progress: Progress, approve: Approver | None) -> Report:
    team = await assemble(loaded)
    try:
        orchestrator = Orchestrator(
            planner=team.planner,
            ladder=team.ladder,
            image=image_of(loaded, task.repository),
            backend=loaded.settings.sandbox.backend,
            runtime=loaded.settings.sandbox.runtime,
            prices=loaded.settings.price_table,
            scrub=loaded.scrubber.clean,
            listener=progress.hear,
        )
        return await orchestrator.run(task, approve=approve)
    finally:
        await team.close()


def _asker(run: Run, progress: Progress) -> Approver | None:
    """Ask on a terminal; elsewhere nobody can answer, and the patch stays unapplied."""
    if run.json or run.approval != "ask" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None

    async def ask(diff: str) -> bool:
        progress.pause()
        typer.echo(printable(diff))
        return await asyncio.to_thread(typer.confirm, "Apply this patch?", default=False)

    return ask
