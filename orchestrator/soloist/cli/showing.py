"""The report, for people."""

import textwrap

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from soloist_agents.models.contract import Usage

from soloist.cli.printable import printable
from soloist.cli.showing_selection import told_selection
from soloist.report import CheckRun, Ledger, Report, StepReport

SHOWN_STEPS = 6
NOTE_WIDTH = 300


def show_report(report: Report) -> None:
    """Print the report on standard output: the diff first, then what it stands on and what it cost."""
    console = Console(highlight=False, soft_wrap=True)
    if report.diff:
        _show_diff(console, printable(report.diff))
    if report.answer:
        console.out(printable(report.answer), end="" if report.answer.endswith("\n") else "\n")
    console.print(f"{_verdict(report)} ({report.level}): {escape(printable(report.why))}")
    for line in report.warnings():
        console.print(f"[yellow]note:[/] {escape(printable(line))}")
    for note in report.notes:
        console.print(f"[cyan]planner:[/] {escape(printable(' '.join(note.split())))}")
    if report.error:
        console.print(f"[red]error:[/] {escape(printable(report.error))}")
    _show_steps(console, report)
    for label, run in (("before", report.before), ("after", report.after)):
        if run is not None:
            console.print(f"  {label:<7} {escape(printable(_told(report.check, run)))}")
    if report.ledger is not None:
        console.print(f"  cost    {escape(_cost(report.ledger, report.sandbox))}")
        for line in _by_role(report.ledger):
            console.print(f"          {escape(printable(line))}")
    console.print(f"  run     {report.run}{_what_next(report)}")


def _show_diff(console: Console, diff: str) -> None:
    if console.is_terminal:
        console.print(Syntax(diff, "diff", theme="ansi_dark", background_color="default"))
    else:
        console.out(diff, end="" if diff.endswith("\n") else "\n")


def _verdict(report: Report) -> str:
    if report.solved:
        return "[bold green]solved[/]"
    return "[bold yellow]answered[/]" if report.answer and report.ended == "" else "[bold red]not solved[/]"


def _show_steps(console: Console, report: Report) -> None:
    steps = sorted(report.steps, key=lambda step: (step.status not in ("solved", "answered"), -step.suspicion))
    for step in steps[:SHOWN_STEPS]:
        console.print(f"  step    {escape(printable(_told_step(step)))}")
        for line in told_selection(step.selection) if step.selection else ():
            console.print(f"          {escape(printable(line))}")
        if step.status == "answered" and step.kind == "knowledge" and step.text != report.answer:
            console.out(textwrap.indent(printable(step.text.strip()), "          "))
    if len(steps) > SHOWN_STEPS:
        console.print(f"          and {len(steps) - SHOWN_STEPS} more")


def _told_step(step: StepReport) -> str:
    parts = [step.status if step.status != "solved" else f"solved ({step.level})", f"{step.tried} tried"]
    if step.suspicion:
        parts.insert(1, f"suspicion {step.suspicion:.2f}")
    if step.no_answers:
        parts.append(f"{step.no_answers} without an answer")
    if step.mutants:
        parts.append(step.mutants)
    name = step.id if not step.target or step.target == step.id else f"{step.id} {step.target}"
    told = step.note and (step.status == "solved" or (step.status == "given up" and not step.suspicion))
    note = f": {' '.join(step.note.split())[:NOTE_WIDTH]}" if told else ""
    return f"{name} [{step.rung}] {', '.join(parts)}{note}"


def _cost(ledger: Ledger, sandbox: str) -> str:
    parts = [
        f"{ledger.seconds:.1f} s",
        f"{ledger.candidates} candidates",
        f"{ledger.clean_runs} runs in clean containers ({sandbox})",
        f"{'about ' * ledger.usage.estimated}{ledger.usage.total:,} tokens",
        f"{ledger.money:.4f} USD" if ledger.money else "0 USD" if ledger.money == 0 else "price unknown",
    ]
    return ", ".join(parts)


def _by_role(ledger: Ledger) -> list[str]:
    """One line for each role whose model was called, and what the planner alone would have cost."""
    lines = []
    for role in dict.fromkeys(row.role for row in ledger.rows):
        rows = [row for row in ledger.rows if row.role == role]
        used = sum((row.usage for row in rows), Usage())
        cached = f" ({used.cached:,} cached)" if used.cached else ""
        calls = sum(row.calls for row in rows)
        tokens = f"{used.prompt:,}{cached} in, {used.thinking:,} thinking, {used.answer:,} out"
        lines.append(f"{role} ({rows[0].model}): {calls} calls, {tokens}")
    if ledger.planner_alone is not None and ledger.specialist_tokens:
        lines.append(f"the specialist's part at the planner's price: {ledger.planner_alone:.4f} USD (an estimate)")
    return lines


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
