"""What the benchmarks share: their options, one repair through the SDK, tables, and how sure a share is."""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soloist import Budget, Orchestrator, Report, Task, __version__
from soloist.engine import open_sandbox
from soloist_agents.contract import Planner
from soloist_sandbox.checks import parse_check
from soloist_sandbox.contract import Check, Sandbox

GOAL = "make the failing tests pass"
Z95 = 1.959964


@dataclass(frozen=True)
class Settings:
    """What the user typed."""

    data: Path
    seconds: float
    samples: int
    limit: int | None
    every: int
    only: tuple[str, ...]
    backend: str | None
    json: Path | None
    inputs: int
    started: float

    def chosen(self, rows: Sequence[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        """The rows that are wanted, by the end of their name and by number."""
        wanted = [row for row in rows if not self.only or any(str(row[key]).endswith(name) for name in self.only)]
        return wanted[:: self.every][: self.limit]


def options(about: str | None, *, seconds: float = 60, inputs: int = 200) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the evaluation material (no part of this repository)")
    parser.add_argument("--seconds", type=float, default=seconds, help="budget for one program")
    parser.add_argument("--samples", type=int, default=20_000, help="candidates for one program")
    parser.add_argument("--limit", type=int, help="only the first N")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only every Kth, from the first")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only names that end so; may be repeated")
    parser.add_argument("--backend", help="docker or bubblewrap; by default the first that works")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the rows and how they were measured")
    parser.add_argument("--inputs", type=int, default=inputs, help="invented inputs for each comparison with the reference")
    return parser


def settings(typed: argparse.Namespace) -> Settings:
    """Of what was typed, what every benchmark knows."""
    return Settings(
        data=typed.data.resolve(),
        seconds=typed.seconds,
        samples=typed.samples,
        limit=typed.limit,
        every=typed.every,
        only=tuple(typed.only),
        backend=typed.backend,
        json=typed.json,
        inputs=typed.inputs,
        started=time.monotonic(),
    )


def rows_of(file: Path) -> list[dict[str, Any]]:
    """The lines of a JSON-lines file. Ends the program with a line where there is none."""
    if not file.is_file():
        raise SystemExit(f"there is no {file}; name the folder of the evaluation material with --data")
    return [json.loads(line) for line in file.read_text().splitlines()]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="soloist-bench-") as folder:
        yield Path(folder)


async def repair(
    repository: Path, check: str | Check, wanted: Settings, *, sandbox: Sandbox, planner: Planner | None = None
) -> tuple[Report, float]:
    """One task through the SDK, applied nowhere; the report and its wall-clock seconds."""
    task = Task(
        goal=GOAL,
        repository=repository,
        check=parse_check(check) if isinstance(check, str) else check,
        budget=Budget(seconds=wanted.seconds, samples=wanted.samples),
        approval="never",
    )
    with scratch() as state:
        start = time.monotonic()
        report = await Orchestrator(planner=planner, sandbox=sandbox, state=state).run(task)
        return report, time.monotonic() - start


async def sandbox_for(wanted: Settings, image: str = "base") -> Sandbox:
    """The sandbox of the whole measurement."""
    return await open_sandbox(image, wanted.backend, print)


def patched(repository: Path, report: Report) -> None:
    """Apply the report's diff to the repository (a scratch copy), as a user would."""
    subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=repository, input=report.diff.encode(), check=True)


def told(report: Report, seconds: float) -> dict[str, Any]:
    """What the tables show of a report."""
    return {
        "solved": report.solved,
        "level": report.level,
        "seconds": round(seconds, 1),
        "candidates": report.ledger.candidates if report.ledger else 0,
        "alternatives": report.alternatives,
        "note": next((step.note for step in report.steps if step.status == "solved"), report.why),
        "diff": report.diff,
    }


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson's score interval)."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, Z95**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z95 / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: int, of: int) -> str:
    """`14 of 20 = 70 % (48 to 85 %)`."""
    low, high = wilson(hits, of)
    return f"{hits} of {of} = {100 * hits / of if of else 0:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)"


def costs(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the repairs took."""
    seconds = [result["seconds"] for result in results] or [0.0]
    candidates = [result["candidates"] for result in results if result["solved"]] or [0]
    return {
        "seconds each": f"median {statistics.median(seconds):.1f}, longest {max(seconds):.1f}",
        "candidates of the solved": f"median {statistics.median(candidates):.0f}, most {max(candidates)}",
    }


def line(cells: Sequence[object], widths: Sequence[int]) -> None:
    """Print one row of a table at once, so that a long measurement can be watched."""
    texts = [f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells]
    print("  ".join(text.ljust(width) for text, width in zip(texts, widths, strict=False)).rstrip(), flush=True)


def how_measured(wanted: Settings, backend: str) -> dict[str, Any]:
    """What a reader needs to judge or repeat the figures."""
    return {
        "soloist": __version__,
        "python": platform.python_version(),
        "cpus": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[2], 1),
        "sandbox": backend,
        "seconds_each": wanted.seconds,
        "candidates_each": wanted.samples,
        "took_seconds": round(time.monotonic() - wanted.started),
    }


def finish(wanted: Settings, backend: str, rows: Sequence[Mapping[str, Any]], totals: Mapping[str, Any]) -> None:
    """Print the totals and how they were measured; keep everything where the user said."""
    measured = how_measured(wanted, backend)
    print()
    for name, value in totals.items():
        print(f"{name}: {value}")
    print("measured with " + ", ".join(f"{name} {value}" for name, value in measured.items()))
    if wanted.json:
        wanted.json.write_text(json.dumps({"measured": measured, "totals": totals, "rows": rows}, indent=1, default=str))
