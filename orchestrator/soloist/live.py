"""The live objects of a run: they travel beside the state, never in it."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.tools import BaseTool
from soloist_agents.contract import Candidate, Gathered, NearMiss, Plan, Planner, Specialist, Step
from soloist_agents.trial import Trial
from soloist_sandbox.contract import Sandbox, Session

from soloist.events import Journal
from soloist.graph.state import Progress
from soloist.rundir import RunDir
from soloist.task import Task


@dataclass
class Live:
    """What the nodes work with. One for each run and process."""

    task: Task
    run: RunDir
    sandbox: Sandbox
    session: Session
    planner: Planner
    ladder: tuple[Specialist, ...]
    """Specialists, cheapest first."""
    journal: Journal
    tools: tuple[BaseTool, ...]
    deadline: float
    """By `time.monotonic()`."""
    started: float = field(default_factory=time.monotonic)
    solved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when one of several alternative steps is solved, so that the others stop."""
    _streams: dict[tuple[Any, ...], "_Stream"] = field(default_factory=dict)
    _trials: dict[str, Trial] = field(default_factory=dict)
    _seen: dict[str, set[bytes]] = field(default_factory=dict)

    @property
    def seconds_left(self) -> float:
        """Until the search must end; never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def gathered(self, ref: str | None) -> Gathered:
        """What was gathered so far."""
        return self.run.get(Gathered, ref) if ref else Gathered()

    def step(self, plan_ref: str, step: str) -> Step:
        """A step of the plan, by id."""
        return next(s for s in self.run.get(Plan, plan_ref).steps if s.id == step)

    def trial(self, step: Step, gathered_ref: str) -> Trial:
        """The step's trial; made once, since it learns how long candidates take."""
        if step.id not in self._trials:
            baseline = self.gathered(gathered_ref).baseline
            if baseline is None:
                raise ValueError("no step can be tried before the check was run")
            self._trials[step.id] = Trial(
                step, (self.run.tree / step.path).read_bytes(), self.session, baseline, self.task.budget.check_limits
            )
        return self._trials[step.id]

    async def draw(self, step: Step, progress: Progress, count: int) -> tuple[tuple[Candidate, ...], int]:
        """Up to `count` new candidates, and how many were taken from the stream to find them (fewer: it has ended)."""
        stream = await self._stream(step, progress)
        seen = self._seen.setdefault(step.id, set())
        fresh: list[Candidate] = []
        taken = 0
        while len(fresh) < count:
            candidate = await stream.next()
            if candidate is None:
                break
            taken += 1
            mark = hashlib.sha256(candidate.text.encode("utf-8", "surrogateescape")).digest()
            if mark not in seen:
                seen.add(mark)
                fresh.append(candidate)
        return tuple(fresh), taken

    async def _stream(self, step: Step, progress: Progress) -> "_Stream":
        """The stream at its position; after a restart it is made again and wound forward."""
        repairing = progress.phase == "repair"
        key = (step.id, progress.rung, progress.repair_round if repairing else 0, repairing)
        position = progress.repair_drawn if repairing else progress.drawn
        if key not in self._streams:
            specialist = self.ladder[progress.rung]
            source = specialist.repair(step, self.misses(progress.repair_misses)) if repairing else specialist.propose(step)
            self._streams[key] = _Stream(source)
        stream = self._streams[key]
        while stream.position < position and await stream.next() is not None:
            pass
        return stream

    def misses(self, ref: str) -> Sequence[NearMiss]:
        """Kept near misses."""
        return self.run.get(tuple[NearMiss, ...], ref) if ref else ()

    async def close(self) -> None:
        """End the specialists' streams."""
        for stream in self._streams.values():
            await stream.close()


class _Stream:
    """A specialist's candidates and how many were taken."""

    def __init__(self, source: AsyncIterator[Candidate]) -> None:
        self._source = source
        self.position = 0

    async def next(self) -> Candidate | None:
        candidate = await anext(self._source, None)
        self.position += candidate is not None
        return candidate

    async def close(self) -> None:
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()
