"""Lines and outcomes as a planner reads them: numbered, bounded, without colours."""

import re
from collections.abc import Sequence

from soloist_sandbox.contract import Outcome

SHOWN_OUTPUT = 4000
"""Characters of a program's output."""
SHOWN_WIDTH = 300
"""Characters of a line; longer ones are cut and say so."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def numbered(lines: Sequence[str], first: int) -> str:
    """Lines with their numbers, the first of them `first`."""
    return "\n".join(f"{number:5d}  {cut(line)}" for number, line in enumerate(lines, first))


def cut(line: str) -> str:
    """A line of bounded length."""
    return line if len(line) <= SHOWN_WIDTH else f"{line[:SHOWN_WIDTH]}… ({len(line)} characters)"


def ended(outcome: Outcome) -> str:
    """How a run ended, in a few words: limit, signal, exit code, tests that fail, files that can't be collected."""
    if outcome.limit:
        return f"ended by the limit of {outcome.limit}"
    report = outcome.report
    if report and report.tests:
        bad = report.ids("failed", "error")
        lost = sum("::" not in test for test in bad)
        tests = f"{len(bad) - lost} of {len(report.tests) - lost} tests fail"
        return f"exit code {outcome.exit_code}, {tests}" + (f", {lost} files can't be collected" if lost else "")
    return f"exit code {outcome.exit_code}" if outcome.signal is None else f"ended by signal {outcome.signal}"


def shown_output(outcome: Outcome) -> str:
    """What it printed; of much the beginning and the end."""
    text = _COLOURS.sub("", outcome.stdout + outcome.stderr)
    half = SHOWN_OUTPUT // 2
    return text if len(text) <= SHOWN_OUTPUT else f"{text[:half]}\n… {len(text) - SHOWN_OUTPUT} characters …\n{text[-half:]}"
