"""QuixBugs: one-bug programs. How many are repaired, and how many of those behave like the reference on new inputs?

    python tests/benchmarks/quixbugs.py --data FOLDER [--limit N] [--seconds 60] [--only NAME] [--backend …] [--json OUT]

Each program becomes a git repository of its own; its check is `pytest -q`. Then reference and repaired program are called,
in the sandbox, with inputs that the tests don't have: mutations of the tests' inputs that keep the program's preconditions,
and generated graphs and lists for programs on nodes.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import agreement
from agreement import Programs, compare
from graphs import MAKERS, made
from inputs import Arguments, Rule, invented
from measuring import (
    Settings,
    costs,
    finish,
    line,
    options,
    patched,
    repair,
    rows_of,
    sandbox_for,
    scratch,
    settings,
    share,
    told,
)
from soloist_sandbox.contract import Sandbox

WIDTHS = (24, 10, 8, 10, 12, 16, 50)

RAISED_LIMIT = "resource.RLIMIT_AS, (2 << 30, 2 << 30)"
"""In the given conftest.py: a memory limit above the sandbox's own, which the sandbox refuses."""
LOWER_LIMIT = "resource.RLIMIT_AS, resource.getrlimit(resource.RLIMIT_AS)"

# What the programs' own texts demand of their inputs.
PRECONDITIONS: dict[str, Sequence[Rule]] = {
    "bucketsort": [lambda case: all(0 <= item < case[1] for item in case[0])],
    "find_first_in_sorted": [lambda case: case[0] == sorted(case[0])],
    "find_in_sorted": [lambda case: case[0] == sorted(case[0])],
    "hanoi": [lambda case: 0 <= case[0] <= 10 and {case[1], case[2]} <= {1, 2, 3}],
    "kheapsort": [lambda case: _displaced(case[0]) <= case[1] and len(set(case[0])) == len(case[0])],
    "knapsack": [lambda case: 0 < case[0] <= 1000 and all(min(weight, value) > 0 for weight, value in case[1])],
    "next_permutation": [lambda case: len(set(case[0])) == len(case[0]) and case[0] != sorted(case[0], reverse=True)],
    "subsequences": [lambda case: 0 < case[2] <= 6 and abs(case[1] - case[0]) <= 14],
    "to_base": [lambda case: case[0] > 0 and 2 <= case[1] <= 36],
    "wrap": [lambda case: case[1] > 0],
}


def _displaced(items: Sequence[int]) -> int:
    return max((abs(items.index(item) - place) for place, item in enumerate(sorted(items))), default=0)


async def one(row: dict[str, Any], wanted: Settings, sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """Repair one program and compare it with the reference."""
    name = row["id"].rpartition("/")[2]
    home = wanted.data / "quixbugs"
    command = [sys.executable, home / "materialise.py", home / "programs.jsonl", row["id"], folder]
    await asyncio.to_thread(subprocess.run, command, check=True)
    conftest = folder / "conftest.py"
    conftest.write_text(conftest.read_text().replace(RAISED_LIMIT, LOWER_LIMIT))
    report, seconds = await repair(folder, "pytest -q", wanted, sandbox=sandbox)
    result = {"program": name, **told(report, seconds)}
    if report.solved:
        await asyncio.to_thread(patched, folder, report)
        repaired = (folder / row["program"]).read_text()
        result |= agreement.told(await compared(row, name, repaired, wanted.inputs, sandbox))
    return result


async def compared(row: dict[str, Any], name: str, repaired: str, count: int, sandbox: Sandbox) -> agreement.Agreement:
    """Compare on inputs made for the program."""
    known, fresh, adapter = inputs_for(row, name, count)
    if not fresh:
        return agreement.NOTHING
    beside = {file: text for file, text in row["files"].items() if file not in (row["program"], row["test"], "conftest.py")}
    programs = Programs(entry=name, reference=row["reference"], repaired=repaired, beside=beside, adapter=adapter)
    return await compare(sandbox, programs, known, fresh)


def inputs_for(row: dict[str, Any], name: str, count: int) -> tuple[list[Arguments], list[Arguments], str]:
    """The tests' inputs, new ones, and the adapter that they need."""
    if name in MAKERS:
        return [], made(name, count), MAKERS[name].adapter
    if "cases.json" not in row["files"]:
        return [], [], "call"
    cases = [json.loads(text)[0] for text in row["files"]["cases.json"].splitlines() if text.strip()]
    known = [tuple(case) if isinstance(case, list) else (case,) for case in cases]
    return known, invented(known, count, rules=PRECONDITIONS.get(name, ())), "call"


async def main() -> None:
    """See the module's docstring."""
    wanted = settings(options(__doc__).parse_args())
    sandbox = await sandbox_for(wanted)
    rows = wanted.chosen(rows_of(wanted.data / "quixbugs" / "programs.jsonl"), "id")
    results = []
    line(("program", "solved", "seconds", "candidates", "alternatives", "as reference", "edit"), WIDTHS)
    for row in rows:
        with scratch() as folder:
            result = await one(row, wanted, sandbox, folder / "repository")
        results.append(result)
        agreeing = f"{result['agreeing']} of {result['inputs']}" if "inputs" in result else ""
        solved = "yes" if result["solved"] else "no"
        cells = [result[key] for key in ("seconds", "candidates", "alternatives")]
        line((result["program"], solved, *cells, agreeing, result["note"]), WIDTHS)
    totals = {"solved": share(sum(result["solved"] for result in results), len(results)), **costs(results)}
    finish(wanted, sandbox.name, results, totals | agreement.totals(results, "program"))


if __name__ == "__main__":
    asyncio.run(main())
