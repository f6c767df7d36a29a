"""`soloist doctor`: what is there, what is missing, and how to cure it."""

import asyncio
from collections.abc import Iterator, Sequence

import typer

from soloist.cli.printable import printable
from soloist.config import Loaded
from soloist.doctor.examining import examined
from soloist.doctor.finding import Finding


def examine(loaded: Loaded, *, long: bool = False) -> bool:
    """Print every finding with its cure; True when the main job can run. `long`: ask each model for a long answer too."""
    findings = asyncio.run(examined(loaded, long=long))
    for line in lines(findings):
        typer.echo(printable(loaded.scrubber.clean(line)))
    return all(finding.fine for finding in findings if finding.needed)


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each finding, its name in a column; under it the cure, if it has one."""
    wide = max(len(finding.what) for finding in findings)
    for finding in findings:
        mark = "ok  " if finding.fine else "MISS" if finding.needed else "-   "
        yield f"{mark} {finding.what:<{wide}}  {' '.join(finding.says.split())}"
        if finding.cure:
            yield f"{'':4} {'':<{wide}}  cure: {finding.cure}"
