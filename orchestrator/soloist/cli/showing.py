"""The report, for people."""

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax

from soloist.cli.printable import printable
from soloist.report import CheckRun, Report

SHOWN_STEPS = 6


def show_report(report: Report) -> None:
    """Print the report on standard output: the diff first, then what it stands on and what it cost."""
    console = Console(highlight=False, soft_wrap=True)
    if report.diff:
        _show_diff(console, printable(report.diff))
    verdict = "[bold green]solved[/]" if report.solved else "[bold red]not solved[/]"
    console.print(f"{verdict} ({report.level}): {escape(printable(report.why))}")
    for line in report.warnings():
        console.print(f"[yellow]note:[/] {escape(printable(line))}")
    if report.error:
        console.print(f"[red]error:[/] {escape(printable(report.error))}")
    _show_steps(console, report)
    for label, run in (("before", report.before), ("after", report.after)):
        if run is not None:
            console.print(f"  {label:<7} {escape(printable(_told(report.check, run)))}")
    if report.ledger is not None:
        ledger = report.ledger
        console.print(
            f"  cost    {ledger.seconds:.1f} s, {ledger.candidates} candidates, {ledger.clean_runs} runs in clean containers "
            f"({report.sandbox}), {ledger.planner_tokens + ledger.specialist_tokens} tokens, {ledger.money:.2f} USD"
        )
    console.print(f"  run     {report.run}{_what_next(report)}")


def _show_diff(console: Console, diff: str) -> None:
    if console.is_terminal:
        console.print(Syntax(diff, "diff", theme="ansi_dark", background_color="default"))
    else:
        console.out(diff, end="" if diff.endswith("\n") else "\n")


def _show_steps(console: Console, report: Report) -> None:
    steps = sorted(report.steps, key=lambda step: (step.status != "solved", -step.suspicion))
    for step in steps[:SHOWN_STEPS]:
        what = f": {step.note}" if step.note and step.status == "solved" else ""
        line = f"{step.id} [{step.rung}] {step.status}, suspicion {step.suspicion:.2f}, {step.tried} tried{what}"
        console.print(f"  step    {escape(printable(line))}")
    if len(steps) > SHOWN_STEPS:
        console.print(f"          and {len(steps) - SHOWN_STEPS} more")


def _told(check: str, run: CheckRun) -> str:
    ended = f"limit: {run.limit}" if run.limit else f"exit code {run.exit_code}"
    tests = f", {run.failed} of {run.tests} tests failed" if run.tests else ""
    return f"`{check}`: {ended}{tests}, {run.seconds:.1f} s"


def _what_next(report: Report) -> str:
    if report.applied:
        return f"  (applied; take it back with: soloist undo {report.run})"
    if report.solved and report.diff:
        return f"  (not applied; apply it with: soloist apply {report.run})"
    return ""
