"""Many jobs in one session, one in ten of them hostile: every job gets its answer, and nothing grows.

    python tests/benchmarks/sandbox_soak.py [--jobs 10000] [--every 1000] [--backend docker|bubblewrap]
                                            [--kill] [--restart-engine 'systemctl restart docker']

Honest jobs are function calls whose results are compared; one in a hundred runs in a clean container of its own, the others are
screened. The hostile ones go on beside them in the same warm containers. After every 1,000 jobs all that is held is photographed
and printed; the script ends with 1 when something has grown beyond noise, an answer was wrong, or a job got none.

`--kill`: meanwhile a sandbox is killed every few seconds, and in the end a whole client: each job must end as a result or as
`SandboxUnavailable`, none silently, and a dead client must leave nothing. `--restart-engine`: the same around a restart of Docker
by that command. Needs root.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import astuple, dataclass, field

from measuring import line
from sandbox_hostile import BUSY, HOSTILE
from sandbox_jobs import Job, WrongAnswer, function_job
from sandbox_residue import Held, alive, columns, photograph, sandboxes
from sandbox_ways import BACKENDS, LIMITS, CannotRun
from soloist_sandbox import images
from soloist_sandbox.choose import engine_problem
from soloist_sandbox.contract import Changes, SandboxUnavailable, Screened, Session
from soloist_sandbox.image_spec import Engine

CALLS = 20
"""Of each honest function."""
BUSY_SECONDS, HOSTILE_SECONDS = 0.3, 1.5
KILL_SECONDS = 2.0
SETTLE_SECONDS = 30.0
CHUNK_SECONDS = 900.0
"""No answer for so long is a lost job."""
ALLOWED: dict[str, float] = {
    "descriptors": 4,
    "client_mb": 16,
    "sandbox_mb": 8,
    "sandbox_mounts": 0,
    "sandbox_processes": 2,  # a spare child, or a job that is just ending
}
"""Growth between the first photograph of warm sandboxes and the last. Clean ones, with mounts of their own, come and go."""
AFTERWARDS: dict[str, float] = {"descriptors": 2, "host_mounts": 0, "zombies": 0, "sandboxes": 0, "cgroups": 0}
"""Growth over the whole life of a session, once the machine is as quiet as before."""
WIDTHS = (8, 8, 8, *(10 for _ in columns()))


@dataclass
class Tally:
    """What became of the jobs."""

    answered: int = 0
    refused: int = 0
    """Ended with `SandboxUnavailable`."""
    wrong: list[str] = field(default_factory=list)

    def __iadd__(self, other: "Tally") -> "Tally":
        self.answered += other.answered
        self.refused += other.refused
        self.wrong += other.wrong
        return self


async def screened(session: Session, job: Job, variants: Sequence[Changes], seconds: float) -> tuple[dict[int, Screened], int]:
    """(the answers by index, how many were refused): a session that broke is asked again for what it has not answered."""
    answers: dict[int, Screened] = {}
    waiting = list(range(len(variants)))
    refused = 0
    while waiting:
        limits = LIMITS.model_copy(update={"seconds": seconds})
        try:
            async for seen in session.screen(job.check, [variants[index] for index in waiting], limits=limits):
                if waiting[seen.index] in answers:
                    raise WrongAnswer(f"variant {waiting[seen.index]} was answered twice")
                answers[waiting[seen.index]] = seen
        except SandboxUnavailable:
            refused += 1  # one of them; the call ended with it
            waiting = [index for index in waiting if index not in answers][1:]
            continue
        waiting = [index for index in waiting if index not in answers]
        if waiting:
            raise WrongAnswer(f"{len(waiting)} jobs were lost silently")
    return answers, refused


async def honest_jobs(session: Session, job: Job, count: int) -> Tally:
    """All of them must pass."""
    answers, refused = await screened(session, job, job.variants(count), LIMITS.seconds)
    wrong = [f"an honest job did not pass: {seen!r}"[:300] for seen in answers.values() if not job.passed(seen)]
    return Tally(len(answers), refused, wrong)


async def hostile_jobs(session: Session, job: Job, count: int) -> Tally:
    """None of them may pass, and each must end as its kind should."""
    kinds = [list(HOSTILE)[number % len(HOSTILE)] for number in range(count)]
    answers, refused = await screened(session, job, [{job.changed: HOSTILE[kind][0].encode()} for kind in kinds], HOSTILE_SECONDS)
    wrong = [
        f"{kinds[index]}: {seen!r}"[:300]
        for index, seen in answers.items()
        if job.passed(seen) or seen.limit not in HOSTILE[kinds[index]][1]
    ]
    return Tally(len(answers), refused, wrong)


async def busy_jobs(session: Session, job: Job, count: int) -> Tally:
    """Each must be ended by its limit, within half a second."""
    answers, refused = await screened(session, job, [{job.changed: BUSY.encode()}] * count, BUSY_SECONDS)
    late = [seen for seen in answers.values() if seen.limit != "seconds" or seen.seconds > BUSY_SECONDS + 0.5]
    return Tally(len(answers), refused, [f"a busy loop: {seen!r}"[:300] for seen in late])


async def clean_jobs(session: Session, job: Job, count: int) -> Tally:
    """Honest jobs in clean containers."""
    tally = Tally()
    for changes in job.variants(count):
        try:
            outcome = await session.run(job.check, changes=changes)
        except SandboxUnavailable:
            tally.refused += 1
            continue
        tally.answered += 1
        if not job.passed(outcome):
            tally.wrong.append(f"an honest job did not pass: {outcome!r}"[:300])
    return tally


async def chunk(session: Session, job: Job, count: int) -> Tally:
    """So many jobs of all kinds at once. Raises `WrongAnswer` when one gets no answer."""
    bad = count // 10
    busy, clean = bad // (len(HOSTILE) + 1), count // 100
    tally = Tally()
    try:
        async with asyncio.timeout(CHUNK_SECONDS):
            for part in await asyncio.gather(
                honest_jobs(session, job, count - bad - clean),
                hostile_jobs(session, job, bad - busy),
                busy_jobs(session, job, busy),
                clean_jobs(session, job, clean),
            ):
                tally += part
    except TimeoutError:
        raise WrongAnswer(f"some of {count} jobs got no answer within {CHUNK_SECONDS:.0f} s") from None
    if tally.answered + tally.refused != count:
        raise WrongAnswer(f"{count - tally.answered - tally.refused} of {count} jobs were lost silently")
    return tally


# What goes wrong meanwhile


@asynccontextmanager
async def killing(backend: str, wanted: bool) -> AsyncIterator[list[int]]:
    """Kill one of our sandboxes every few seconds; yields the list of those that were."""
    killed: list[int] = []

    async def kill() -> None:
        while True:
            await asyncio.sleep(KILL_SECONDS)
            if found := await asyncio.to_thread(sandboxes, backend):
                victim = random.choice(found)  # noqa: S311
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)

    task = asyncio.create_task(kill()) if wanted else None
    try:
        yield killed
    finally:
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def restarting(command: str | None) -> None:
    """Restart the engine in the middle of a chunk. Raises `WrongAnswer` when the command fails."""
    if command:
        await asyncio.sleep(KILL_SECONDS)
        process = await asyncio.create_subprocess_shell(command)
        if await process.wait():
            raise WrongAnswer(f"{command!r} ended with {process.returncode}")


async def dead_client(backend: str) -> None:
    """Kill a client in the middle of its work. Raises `WrongAnswer` when something of it is left."""
    silent = asyncio.subprocess.DEVNULL
    client = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--jobs", "100000", "--every", "100000", "--backend", backend, stdout=silent, stderr=silent
    )
    await until(lambda: bool(sandboxes(backend, client.pid)))
    await asyncio.sleep(KILL_SECONDS)
    found = await asyncio.to_thread(sandboxes, backend, client.pid)
    client.kill()
    await client.wait()
    if not found:
        raise WrongAnswer("the client that was to be killed had no sandbox")
    if not await until(lambda: not alive(found)):
        raise WrongAnswer(f"sandboxes of a killed client live on: processes {alive(found)}")
    print(f"a client was killed: its {len(found)} sandboxes are gone")


# The whole


async def soak(backend: Engine, typed: argparse.Namespace) -> list[str]:
    """All jobs on one backend. Returns what is wrong, in words."""
    print(f"\n{backend}")
    await images.ensure("base", backend, print)
    job = function_job(CALLS)
    line(("jobs", "seconds", "refused", *columns()), WIDTHS)
    total, first, begin = Tally(), None, time.monotonic()
    broken = typed.kill or (typed.restart_engine is not None and backend == "docker")
    with job.tree() as tree:
        before = await asyncio.to_thread(photograph, backend)
        show(0, begin, 0, before)
        session = await BACKENDS[backend](workers=len(os.sched_getaffinity(0))).open(tree, limits=LIMITS)
        try:
            async with killing(backend, typed.kill) as killed:
                while total.answered + total.refused < typed.jobs:
                    command = typed.restart_engine if first is not None and backend == "docker" else None
                    typed.restart_engine = None if command else typed.restart_engine
                    count = min(typed.every, typed.jobs - total.answered - total.refused)
                    part, _ = await asyncio.gather(chunk(session, job, count), restarting(command))
                    total += part
                    held = await asyncio.to_thread(photograph, backend)
                    first = first or held
                    show(total.answered + total.refused, begin, total.refused, held)
        finally:
            await session.close()
    after = await settled(backend, before)
    show(total.answered + total.refused, begin, total.refused, after)
    if broken:
        print(f"{len(killed)} sandboxes were killed; {total.refused} jobs ended with SandboxUnavailable, none silently")
    wrong = total.wrong + (held.grown(first, ALLOWED) if first else []) + after.grown(before, AFTERWARDS)
    if total.refused and not broken:
        wrong.append(f"{total.refused} jobs ended with SandboxUnavailable though nothing was killed")
    return wrong


async def settled(backend: str, before: Held) -> Held:
    """The last photograph; the engine removes containers behind our back, and others use the machine, so it waits a while."""
    await until(lambda: not photograph(backend).grown(before, AFTERWARDS))
    return await asyncio.to_thread(photograph, backend)


async def until(holds: Callable[[], bool]) -> bool:
    """Ask until it holds or the time is up; whether it holds."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not (held := await asyncio.to_thread(holds)):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.2)
    return held


def show(jobs: int, begin: float, refused: int, held: Held) -> None:
    """One photograph's row."""
    line((jobs, time.monotonic() - begin, refused, *astuple(held)), WIDTHS)


async def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1_000, help="jobs between two photographs")
    parser.add_argument("--backend", choices=tuple(BACKENDS), help="only this one")
    parser.add_argument("--kill", action="store_true", help="kill sandboxes meanwhile, and a client in the end")
    parser.add_argument("--restart-engine", metavar="COMMAND", help="restarts Docker; never done without it")
    typed = parser.parse_args()
    wrong = []
    for backend in [typed.backend] if typed.backend else BACKENDS:
        try:
            if problem := await engine_problem(backend):
                raise CannotRun(problem)
            found = await soak(backend, typed)
            if typed.kill:
                await dead_client(backend)
        except CannotRun as reason:
            print(f"{backend}: skipped: {reason}")
            continue
        except (WrongAnswer, SandboxUnavailable) as reason:
            found = [str(reason)]
        wrong += [f"{backend}: {text}" for text in found]
    for text in wrong[:20]:
        print(text)
    print(f"{len(wrong)} faults" if wrong else "no faults: every job was answered, nothing has grown")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
