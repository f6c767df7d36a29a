"""HumanEvalFix: functions with one planted bug. How many are repaired, by kind of bug, and do they behave like the reference?

    python tests/benchmarks/humanevalfix.py --data FOLDER [--limit N] [--seconds 60] [--only NAME] [--backend …] [--json OUT]

Each task becomes a repository of two files: the program and its given test, as one pytest test. Inputs for the comparison
are mutations of the literal arguments in the test (random polynomials for the one test that has none).
"""

import ast
import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import agreement
from agreement import Programs, compare
from inputs import Arguments, invented
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

PROGRAM, TEST = "program.py", "test_program.py"
WIDTHS = (16, 26, 18, 8, 8, 11, 13, 14, 50)


def lay_out(row: dict[str, Any], folder: Path) -> None:
    """The task as a repository."""
    folder.mkdir()
    (folder / PROGRAM).write_text(row["buggy_program"])
    body = ast.parse(row["test"]).body
    kept = [node for node in body if not _calls(node, "check")]
    test = ast.unparse(ast.Module(body=kept, type_ignores=[]))
    called = f"def test_{row['entry_point']}():\n    check({row['entry_point']})\n"
    (folder / TEST).write_text(f"from program import *\n\n\n{test}\n\n\n{called}")


def arguments_in(test: str, entry: str) -> list[Arguments]:
    """The literal arguments with which the test calls the function."""
    found = {}
    for node in ast.walk(ast.parse(test)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in (entry, "candidate"):
            for arguments in _literals(node):
                found[repr(arguments)] = arguments
    return list(found.values())


def inputs_for(row: dict[str, Any], count: int) -> tuple[list[Arguments], list[Arguments]]:
    """The test's inputs and new ones."""
    known = arguments_in(row["test"], row["entry_point"])
    if row["entry_point"] == "find_zero":  # its test makes its inputs in a loop
        return [], [(coefficients,) for coefficients in odd_polynomials(count)]
    return known, invented(known, count) if known else []


def odd_polynomials(count: int) -> Iterator[list[int]]:
    """Coefficients, constant first, of polynomials of odd degree: each has a real zero."""
    chance = random.Random(0)  # noqa: S311  # nothing secret
    for _ in range(count):
        yield [chance.choice((-1, 1)) * chance.randint(1, 9) for _ in range(2 * chance.randint(1, 4))]


async def one(row: dict[str, Any], wanted: Settings, sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """Repair one function and compare it with the reference."""
    lay_out(row, folder)
    report, seconds = await repair(folder, "pytest -q", wanted, sandbox=sandbox)
    result = {"task": row["task_id"], "function": row["entry_point"], "bug": row["bug_type"], **told(report, seconds)}
    if report.solved:
        await asyncio.to_thread(patched, folder, report)
        known, fresh = inputs_for(row, wanted.inputs)
        programs = Programs(row["entry_point"], row["reference_program"], (folder / PROGRAM).read_text(), {}, "in place")
        result |= agreement.told(await compare(sandbox, programs, known, fresh) if fresh else agreement.NOTHING)
    return result


async def main() -> None:
    """See the module's docstring."""
    wanted = settings(options(__doc__).parse_args())
    sandbox = await sandbox_for(wanted)
    rows = wanted.chosen(rows_of(wanted.data / "humanevalfix" / "tasks.jsonl"), "task_id")
    results = []
    line(("task", "function", "bug", "solved", "seconds", "candidates", "alternatives", "as reference", "edit"), WIDTHS)
    for row in rows:
        with scratch() as folder:
            result = await one(row, wanted, sandbox, folder / "repository")
        results.append(result)
        solved = "yes" if result["solved"] else "no"
        agreeing = f"{result['agreeing']} of {result['inputs']}" if "inputs" in result else ""
        cells = [result[key] for key in ("seconds", "candidates", "alternatives")]
        line((result["task"], result["function"], result["bug"], solved, *cells, agreeing, result["note"]), WIDTHS)
    finish(wanted, sandbox.name, results, fixed(results) | costs(results) | agreement.totals(results, "function"))


def fixed(results: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The share that was repaired, of all and of each kind of bug."""
    kinds = defaultdict(list)
    for result in results:
        kinds[result["bug"]].append(result["solved"])
    every = [result["solved"] for result in results]
    shares = {f"  {kind}": share(sum(of), len(of)) for kind, of in sorted(kinds.items())}
    return {"solved": share(sum(every), len(every)), **shares}


def _calls(node: ast.stmt, name: str) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name


def _literals(call: ast.Call) -> Iterator[Arguments]:
    if call.keywords or not call.args:
        return
    try:
        yield tuple(ast.literal_eval(argument) for argument in call.args)
    except (ValueError, TypeError):
        return


if __name__ == "__main__":
    asyncio.run(main())
