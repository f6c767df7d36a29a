"""A specialist that is a model: a self-contained question in, a stream of candidates out.

Samples run side by side. A candidate is told as soon as its program stands complete in the stream, while others still think; a
sample that was cut, went round in circles or is empty is a `NoAnswer`, never a wrong answer. Nothing of a trace leaves this file.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from soloist_agents.contract import Candidate, NearMiss, NoAnswer, Pace, Step
from soloist_agents.models.contract import (
    BudgetSpent,
    Completion,
    Delta,
    Message,
    Model,
    ModelError,
    Request,
    Restarted,
    Sampling,
)
from soloist_agents.models.ledger import Metered
from soloist_agents.models.thinking import continued
from soloist_agents.posing import pose, pose_repair
from soloist_agents.presets import Preset
from soloist_agents.samples import Sample, Told

NOT_SERVED = ("failed", "spent")
REPAIRED_AT_ONCE = 1
"""Failed candidates that one round of repair builds on."""


@dataclass(frozen=True)
class SamplingPlan:
    """How much is spent on one step."""

    samples: int = 8
    first: int = 2
    """Samples of the first wave; the next is twice as large, and starts when all of these have failed."""
    repair_rounds: int = 2
    repairs: int = 1
    """Samples of one round of repair."""
    seconds: float = 1800.0
    """Deadline of one wave."""


class ModelSpecialist:
    """Samples a model. Keeps no state between steps."""

    def __init__(
        self,
        model: Model,
        *,
        preset: Preset,
        plan: SamplingPlan | None = None,
        name: str | None = None,
        role: str = "specialist",
        continues: bool = False,
    ) -> None:
        """`continues`: the server can go on with a trace that was cut, instead of sampling anew with a larger budget."""
        self._model = Metered(model)
        self._preset = preset
        self._plan = plan or SamplingPlan()
        self._name = name or (preset.name if preset.matches else model.name)
        self._role = role
        self._continues = continues
        self.pace = Pace(
            first_batch=1,
            batch=1,
            fresh_before_repair=self._plan.first,
            repairs_a_round=self._plan.repairs,
            repair_rounds=self._plan.repair_rounds,
            thorough=True,
            replayable=False,
        )

    @property
    def name(self) -> str:
        """Preset or model."""
        return self._name

    async def propose(self, step: Step) -> AsyncIterator[Candidate | NoAnswer]:
        """Waves of fresh samples, in order of completion within each."""
        left, wave_size = self._plan.samples, self._plan.first
        while left > 0:
            count = min(left, wave_size)
            left, wave_size = left - count, 2 * wave_size
            async with aclosing(self._wave(step, pose(step), count, depth=1)) as wave:
                async for told in wave:
                    yield told
                    if isinstance(told, NoAnswer) and told.ended in NOT_SERVED:
                        left = 0  # no further wave

    async def repair(self, step: Step, misses: Sequence[NearMiss]) -> AsyncIterator[Candidate | NoAnswer]:
        """Fresh traces that see the best failed candidate and why it failed."""
        for miss in misses[:REPAIRED_AT_ONCE]:
            depth = miss.candidate.depth + 1
            async with aclosing(self._wave(step, pose_repair(step, miss), self._plan.repairs, depth)) as wave:
                async for told in wave:
                    yield told

    async def _wave(self, step: Step, question: str, count: int, depth: int) -> AsyncGenerator[Told, None]:
        """`count` samples side by side; closing it ends those that still think."""
        told: asyncio.Queue[Told | None] = asyncio.Queue()
        work = asyncio.create_task(self._sampled(step, question, count, depth, told))
        work.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (one := await told.get()) is not None:
                yield one
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _sampled(self, step: Step, question: str, count: int, depth: int, told: "asyncio.Queue[Told | None]") -> None:
        request = self._request(step, (Message(role="user", content=question),), count, budget=0)
        samples = {index: Sample(step, self._name, depth) for index in range(count)}
        try:
            async with asyncio.TaskGroup() as group, aclosing(self._model.stream(request)) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        _tell(samples[event.index].heard(event), told)
                    elif isinstance(event, Restarted):
                        for index in event.indices:
                            samples[index].restarted()
                    elif isinstance(event, Completion):
                        if self._may_go_on(event, budget=0):
                            group.create_task(self._longer(step, request, event, samples[event.index], told))
                        else:
                            _tell(samples[event.index].ended(event), told)
        except* ModelError as failed:
            error = failed.exceptions[0]
            ended = "spent" if isinstance(error, BudgetSpent) else "failed"
            told.put_nowait(NoAnswer.model_validate({"author": self._name, "ended": ended, "why": str(error)}))

    async def _longer(
        self, step: Step, request: Request, cut: Completion, sample: Sample, told: "asyncio.Queue[Told | None]"
    ) -> None:
        """Larger budgets for a sample that was cut: the same trace goes on where the server can, else a new one starts."""
        prefix = ""
        for budget in range(1, len(self._preset.thinking)):
            messages = request.messages
            if self._continues:
                begun = continued(cut, prefix)
                prefix = begun.content
                messages = (*messages, begun)
            longer = self._request(step, messages, 1, budget)
            sample.restarted()
            async with aclosing(self._model.stream(longer)) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        _tell(sample.heard(event), told)
                    elif isinstance(event, Restarted):
                        sample.restarted()
                    elif isinstance(event, Completion):
                        cut = event
            if not self._may_go_on(cut, budget):
                break
        _tell(sample.ended(cut), told)

    def _may_go_on(self, cut: Completion, budget: int) -> bool:
        """A trace that was cut while thinking deserves the next budget; one that ended, or ran in a loop, does not."""
        return cut.finish == "length" and not cut.content.strip() and budget + 1 < len(self._preset.thinking)

    def _request(self, step: Step, messages: tuple[Message, ...], n: int, budget: int) -> Request:
        sampling = self._preset.sampling
        if self._preset.thinking:
            most = self._preset.thinking[budget]
            if messages[-1].prefix:
                most -= self._preset.thinking[budget - 1]
            sampling = Sampling.model_validate({**sampling.model_dump(), "max_tokens": sampling.max_tokens or most})
        return Request(messages=messages, sampling=sampling, n=n, seconds=self._plan.seconds, role=self._role, step=step.id)


def _tell(found: Told | None, told: "asyncio.Queue[Told | None]") -> None:
    if found is not None:
        told.put_nowait(found)
