"""Candidates judged per second: warm containers beside a plain loop that starts `python -m pytest` for each.

    python tests/benchmarks/throughput.py [--variants 60] [--processes N]

Both judge the same harmless mutants of the example library against the same tests, in one run, one way after the other. The
plain loop runs on the bare machine: it isolates nothing, which makes the comparison strict.
"""

import argparse
import ast
import asyncio
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from measuring import line, scratch
from soloist import SandboxUnavailable
from soloist.engine import open_sandbox
from soloist_sandbox.choose import BACKENDS
from soloist_sandbox.contract import Limits, PytestCheck

EXAMPLE = Path(__file__).parents[2] / "examples" / "timetable"
MUTATED = "timetable/explain.py"
"""It has no loop that a wrong comparison could make endless."""
CHECK = PytestCheck(args=("-q", "tests/test_explain.py", "tests/test_fields.py", "tests/test_days.py", "tests/test_months.py"))
SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
}
WIDTHS = (34, 12, 12, 12, 30)


def mutants(count: int) -> list[bytes]:
    """Different texts of one module: one comparison turned in each, told apart by a comment where there are too few."""
    source = (EXAMPLE / MUTATED).read_text()
    places = sum(isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS for node in ast.walk(ast.parse(source)))
    return [f"{_turned(source, number % places)}\n# variant {number}\n".encode() for number in range(count)]


def _turned(source: str, place: int) -> str:
    tree = ast.parse(source)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS]
    found[place].ops[0] = SWAPS[type(found[place].ops[0])]()
    return ast.unparse(tree)


async def in_sandbox(backend: str, variants: Sequence[bytes]) -> tuple[float, list[bool]]:
    """Seconds from the first variant to the last verdict, containers' start included, and the verdicts."""
    sandbox = await open_sandbox("base", backend, lambda text: None)
    session = await sandbox.open(EXAMPLE)
    try:
        start = time.perf_counter()
        passed = dict.fromkeys(range(len(variants)), False)
        async for seen in session.screen(CHECK, [{MUTATED: text} for text in variants], limits=Limits(seconds=60)):
            passed[seen.index] = seen.exit_code == 0
        return time.perf_counter() - start, list(passed.values())
    finally:
        await session.close()


async def plain_loop(variants: Sequence[bytes], processes: int) -> tuple[float, list[bool]]:
    """The same, with a new `python -m pytest` on the bare machine for each variant."""
    with scratch() as folder:
        trees = [Path(shutil.copytree(EXAMPLE, folder / str(number))) for number in range(processes)]
        waiting = list(enumerate(variants))[::-1]
        passed = dict.fromkeys(range(len(variants)), False)

        async def work(tree: Path) -> None:
            while waiting:
                index, text = waiting.pop()
                (tree / MUTATED).write_bytes(text)
                passed[index] = await _pytest(tree) == 0

        start = time.perf_counter()
        await asyncio.gather(*(work(tree) for tree in trees))
        return time.perf_counter() - start, list(passed.values())


async def _pytest(tree: Path) -> int | None:
    command = (sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", *CHECK.args)
    environment = {"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    silent = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, cwd=tree, env=environment, stdout=silent, stderr=silent)
    return await process.wait()


async def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", type=int, default=60)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="of the parallel plain loop")
    typed = parser.parse_args()
    variants = mutants(typed.variants)
    line(("way", "seconds", "per second", "ratio", ""), WIDTHS)
    alone, expected = await plain_loop(variants, 1)
    show("plain loop, 1 process", alone, alone, len(variants), "")
    several, _ = await plain_loop(variants, typed.processes)
    show(f"plain loop, {typed.processes} processes", several, alone, len(variants), "")
    for backend in BACKENDS:
        try:
            seconds, passed = await in_sandbox(backend, variants)
        except SandboxUnavailable as reason:
            line((f"screen, {backend}", "", "", "", f"skipped: {' '.join(str(reason).split())}"), WIDTHS)
            continue
        note = f"{several / seconds:.1f} times the parallel loop" + ("" if passed == expected else "; OTHER VERDICTS")
        show(f"screen, {backend}", seconds, alone, len(variants), note)
    print(
        f"\n{len(variants)} variants, {sum(expected)} pass; load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} CPUs"
    )


def show(way: str, seconds: float, alone: float, count: int, note: str) -> None:
    """One way's row."""
    line((way, seconds, count / seconds, f"{alone / seconds:.1f}", note), WIDTHS)


if __name__ == "__main__":
    asyncio.run(main())
