"""The specialists' candidates of a run: streams that stay open between batches, and end when their step does."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from soloist_agents.contract import Candidate, NearMiss, NoAnswer, Specialist, Step
from soloist_agents.step_check import AgreementCheck

from soloist.graph.state import Progress
from soloist.ladder import pace_of


@dataclass(frozen=True)
class Drawn:
    """What was taken from a stream."""

    candidates: tuple[Candidate, ...]
    taken: int
    """Candidates taken, those seen before included."""
    none: tuple[NoAnswer, ...]
    ended: bool


@dataclass
class Streams:
    """Open streams by step, rung and round."""

    _open: dict[tuple[Any, ...], "_Stream"] = field(default_factory=dict)
    _seen: dict[str, set[bytes]] = field(default_factory=dict)

    async def draw(self, specialist: Specialist, step: Step, progress: Progress, misses: Sequence[NearMiss], count: int) -> Drawn:
        """Up to `count` new candidates, as they come. Raises `ValueError` for a step that the specialist can't take."""
        stream = await self._stream(specialist, step, progress, misses)
        seen = self._seen.setdefault(step.id, set())
        fresh: list[Candidate] = []
        none: list[NoAnswer] = []
        taken, ended = 0, False
        while len(fresh) < count and not ended:
            told = await stream.next()
            if isinstance(told, Candidate):
                taken += 1
                mark = hashlib.sha256(told.text.encode("utf-8", "surrogateescape")).digest()
                if _votes(step) or mark not in seen:  # equal votes count; equal code was judged already
                    fresh.append(told)
                seen.add(mark)
            elif told is None:
                ended = True
            else:
                none.append(told)
        return Drawn(tuple(fresh), taken, tuple(none), ended)

    async def _stream(self, specialist: Specialist, step: Step, progress: Progress, misses: Sequence[NearMiss]) -> "_Stream":
        """The stream at its position; after a restart it is made again and, where that costs nothing, wound forward."""
        repairing = progress.phase == "repair"
        key = (step.id, progress.rung, progress.repair_round if repairing else 0, repairing)
        position = progress.repair_drawn if repairing else progress.drawn
        if key not in self._open:
            self._open[key] = _Stream(specialist.repair(step, misses) if repairing else specialist.propose(step))
            if not pace_of(specialist).replayable:
                return self._open[key]
            while self._open[key].position < position and await self._open[key].next() is not None:
                pass
        return self._open[key]

    async def end(self, step: str) -> None:
        """End the streams of one step: what still thinks is cancelled."""
        for key in [key for key in self._open if key[0] == step]:
            await self._open.pop(key).close()

    async def close(self) -> None:
        """End all streams."""
        for stream in self._open.values():
            await stream.close()
        self._open.clear()


def _votes(step: Step) -> bool:
    """Whether equal candidates say something: where they are compared with each other."""
    best = step.selection is not None and step.selection.strategy == "best_of_n"
    return best or isinstance(step.check, AgreementCheck) or step.kind == "answer"


class _Stream:
    """A specialist's candidates and how many were taken."""

    def __init__(self, source: AsyncIterator[Candidate | NoAnswer]) -> None:
        self._source = source
        self.position = 0

    async def next(self) -> Candidate | NoAnswer | None:
        told = await anext(self._source, None)
        self.position += isinstance(told, Candidate)
        return told

    async def close(self) -> None:
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()
