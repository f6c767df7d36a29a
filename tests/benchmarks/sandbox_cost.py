"""What a clean job costs in our sandboxes, beside a bare fork, bare interpreters, `docker run` and `exec_run`.

    python tests/benchmarks/sandbox_cost.py [--rounds 7] [--part price|throughput] [--only function] [--json OUT]

Price: for each job (a function with 200 calls and with one, 20 parametrised tests, a test file of the example library with one
module replaced) every way does a batch in each round, one way after the other, so that a busy machine is busy for all of them.
Processor time is that of every process that takes part (see `processor_time`); medians are over rounds, and ratios are taken
round by round. Throughput: jobs per second with 1, 2, 4 and 8 callers. Needs an otherwise idle Docker engine.
"""

import argparse
import asyncio
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measuring import line
from processor_time import Accounts, accounting
from sandbox_jobs import Job, WrongAnswer, function_job, pytest_job, repository_job
from sandbox_ways import (
    CannotRun,
    Way,
    bare_fork,
    base_image,
    docker_exec,
    docker_run,
    fresh_python,
    one_by_one,
    opened,
    ours,
    process,
    screened,
)
from soloist_sandbox.choose import BACKENDS
from soloist_sandbox.contract import SandboxUnavailable

FORK, PASS, FRESH = "bare fork and wait", "python -I -S -c pass", "fresh python"
RUN, EXEC = "docker run --rm, hardened", "docker-py exec_run, warm"
IDLE = "nothing"
BUSY_MS = 30
SETTLE = 0.2
"""Seconds after a batch that still count: containers end behind their client's back."""
CALLERS = (1, 2, 4, 8)
WIDTHS = (30, 10, 12, 10, 10, 40)


@dataclass
class Row:
    """What was measured of one way."""

    way: str
    cpu: list[float] = field(default_factory=list)
    """Milliseconds for each job, one figure a round."""
    walls: list[float] = field(default_factory=list)
    """Milliseconds, one figure a job."""
    failed: str = ""

    def told(self, floor: "Row | None") -> dict[str, Any]:
        """What the table shows."""
        return {
            "way": self.way,
            "cpu_ms": statistics.median(self.cpu),
            "wall_ms": statistics.median(self.walls),
            "wall_p95_ms": percentile(self.walls, 0.95),
            "over_floor": over(self, floor) if floor else None,
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def over(row: Row, other: Row) -> float:
    """How many times the other's processor time: the median of the rounds' ratios. Infinite where a tick was not reached."""
    return statistics.median(mine / its if its else math.inf for mine, its in zip(row.cpu, other.cpu, strict=True))


async def measured(ways: Sequence[Way], rounds: int, accounts: Accounts) -> list[Row]:
    """So many rounds of all the ways, each doing its batch in turn. A way that fails is left out from there on."""
    rows = [Row(way.name) for way in ways]
    for _ in range(rounds):
        for way, row in zip(ways, rows, strict=True):
            if not row.failed:
                try:
                    await measure(way, row, accounts)
                except (CannotRun, SandboxUnavailable, WrongAnswer) as reason:
                    row.failed = " ".join(str(reason).split())[:200]
    return rows


async def measure(way: Way, row: Row, accounts: Accounts) -> None:
    """One batch."""
    before = accounts.read()
    seconds = await way.batch(way.count)
    await asyncio.sleep(SETTLE)
    row.cpu.append(accounts.read().since(before, engine=way.engine) * 1000 / way.count)
    row.walls += [second * 1000 for second in seconds]


# The price of each job


async def open_ways(stack: AsyncExitStack, job: Job, tree: Path) -> AsyncIterator[Way]:
    """All the ways of one job. What can't be had here is told and left out."""
    function = job.check.kind == "function"
    yield Way(IDLE, 1, nothing, engine=True)
    yield Way(FORK, 200, await stack.enter_async_context(bare_fork(tree)))
    if function:
        program = tree / "job.py"
        yield Way("bare fork that runs the job", 200, await stack.enter_async_context(bare_fork(tree, program)))
        yield Way(PASS, 40, one_by_one(process((sys.executable, "-I", "-S", "-c", "pass"), tree)))
    yield Way(
        f"{FRESH} {'-I -S job.py' if function else '-m pytest'}", 40 if function else 4, one_by_one(fresh_python(job, tree))
    )
    try:
        image = await base_image()
    except CannotRun as reason:
        tell("Docker", reason)
    else:
        yield Way(RUN, 3, one_by_one(docker_run(job, tree, image)), engine=True)
        warm = await stack.enter_async_context(docker_exec(job, tree, image))
        yield Way(EXEC, 10 if function else 4, one_by_one(warm), engine=True)
    for backend in BACKENDS:
        try:
            for way in await ours(stack, backend, job, tree, (200, 20) if function else (20, 6)):
                yield way
        except (CannotRun, WrongAnswer) as reason:
            tell(f"ours, {backend}", reason)


async def nothing(count: int) -> list[float]:
    """What the engine does for others meanwhile."""
    await asyncio.sleep(1 - SETTLE)
    return [1.0] * count


async def price(job: Job, rounds: int, accounts: Accounts) -> dict[str, Any]:
    """Measure and print one job's table."""
    print(f"\n{job.name}")
    line(("way", "CPU ms", "/ bare fork", "wall ms", "p95 ms"), WIDTHS)
    with job.tree() as tree:
        async with AsyncExitStack() as stack:
            ways = [way async for way in open_ways(stack, job, tree)]
            await measured(ways, 1, accounts)  # caches
            rows = await measured(ways, rounds, accounts)
    whole = {row.way: row for row in rows if not row.failed}
    for row in rows:
        if row.failed:
            tell(row.way, row.failed)
            continue
        if row.way == IDLE:
            noise(row)
            continue
        told = row.told(whole.get(FORK))
        line((row.way, told["cpu_ms"], f"{told['over_floor']:.2f}", told["wall_ms"], told["wall_p95_ms"]), WIDTHS)
    expectations(job, whole)
    return {"job": job.name, "rows": [row.told(whole.get(FORK)) for row in whole.values() if row.way != IDLE]}


def noise(idle: Row) -> None:
    """How far the figures of Docker can be trusted."""
    busy = statistics.median(idle.cpu)
    warning = ": OTHERS USE IT, so Docker's figures are too high" if busy > BUSY_MS else ""
    print(f"(the engine spends {busy:.0f} ms CPU in a second in which nothing is asked of it{warning})")


def expectations(job: Job, rows: dict[str, Row]) -> None:
    """The project's own bounds, and what was seen."""
    for mine in (row for name, row in rows.items() if name.startswith("ours")):
        if job.check.kind == "function":
            expected(f"{mine.way} / {FORK}, CPU", over(mine, rows[FORK]), "at most 2", lambda ratio: ratio <= 2)
            if EXEC in rows:
                expected(f"{EXEC} / {mine.way}, CPU", over(rows[EXEC], mine), "at least 10", lambda ratio: ratio >= 10)
                expected(f"{RUN} / {mine.way}, CPU", over(rows[RUN], mine), "at least 50", lambda ratio: ratio >= 50)
        else:
            fresh = f"{FRESH} -m pytest"
            expected(f"{mine.way} / {fresh}, CPU", over(mine, rows[fresh]), "at most 0.33", lambda ratio: ratio <= 0.333)


def expected(what: str, ratio: float, bound: str, holds: Callable[[float], bool]) -> None:
    """One line of expectation."""
    print(f"  {what}: {ratio:.2f} (expected {bound}{'' if holds(ratio) else ': NOT MET'})", flush=True)


def tell(way: str, reason: object) -> None:
    """A way that is not measured, and why."""
    print(f"{way}: not measured: {' '.join(str(reason).split())[:300]}", flush=True)


# Jobs per second


@asynccontextmanager
async def many(callers: int, job: Job, tree: Path) -> AsyncIterator[dict[str, Callable[[int], Awaitable[object]]]]:
    """For each way, what does so many jobs with so many callers at once."""
    bare = one_by_one(fresh_python(job, tree))
    async with AsyncExitStack() as stack:
        ways: dict[str, Callable[[int], Awaitable[object]]] = {
            BARE: lambda count: asyncio.gather(*(bare(count // callers) for _ in range(callers)))
        }
        for backend in BACKENDS:
            try:
                session = await stack.enter_async_context(opened(backend, job, tree, workers=callers))
            except (CannotRun, WrongAnswer) as reason:
                tell(f"ours, {backend}, {callers} callers", reason)
                continue
            ways[f"ours, screen, {backend}"] = lambda count, session=session: screened(session, job, count)  # type: ignore[misc]
        yield ways


BARE = "python -I -S job.py"


async def throughput(rounds: int) -> list[dict[str, Any]]:
    """Measure and print jobs per second."""
    job = function_job()
    print(f"\njobs per second: {job.name}")
    line(("callers", "way", "jobs/s", "/ bare"), (8, 30, 10, 10))
    rows = []
    for callers in CALLERS:
        with job.tree() as tree:
            async with many(callers, job, tree) as ways:
                rates: dict[str, list[float]] = {name: [] for name in ways}
                for _ in range(rounds):
                    for name, work in ways.items():
                        count = 160 if name == BARE else 320
                        start = time.perf_counter()
                        await work(count)
                        rates[name].append(count / (time.perf_counter() - start))
        for name, seen in rates.items():
            ratio = statistics.median(mine / bare for mine, bare in zip(seen, rates[BARE], strict=True))
            rows.append({"callers": callers, "way": name, "per_second": statistics.median(seen), "over_bare": ratio})
            line((callers, name, statistics.median(seen), f"{ratio:.2f}"), (8, 30, 10, 10))
    for row in rows:
        if row["callers"] == max(CALLERS) and row["way"] != BARE:
            what = f"{row['way']} / {BARE}, jobs per second with {row['callers']} callers"
            expected(what, row["over_bare"], "at least 1.5", lambda ratio: ratio >= 1.5)
    return rows


async def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--part", choices=("price", "throughput"), help="only this one")
    parser.add_argument("--only", default="", metavar="WORD", help="only jobs whose name has it: function, pytest, repository")
    parser.add_argument("--json", type=Path, metavar="OUT")
    typed = parser.parse_args()
    load = os.getloadavg()[0]
    seen: dict[str, Any] = {}
    if typed.part != "throughput":
        jobs = [job for job in (function_job(), function_job(1), pytest_job(), repository_job()) if typed.only in job.name]
        with accounting() as accounts:
            seen["price"] = [await price(job, typed.rounds, accounts) for job in jobs]
    if typed.part != "price":
        seen["throughput"] = await throughput(max(3, typed.rounds // 2))
    cpus = len(os.sched_getaffinity(0))
    print(f"\nPython {platform.python_version()}, {cpus} CPUs, load {load:.1f} before and {os.getloadavg()[0]:.1f} after")
    if typed.json:
        typed.json.write_text(json.dumps(seen, indent=1))


if __name__ == "__main__":
    asyncio.run(main())
