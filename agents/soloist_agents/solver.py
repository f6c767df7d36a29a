"""A specialist that is a model: a self-contained question in, a stream of candidates out.

Samples run side by side. A candidate is told as soon as its program stands complete in the stream, while others still think; a
sample that was cut, went round in circles or is empty is a `NoAnswer`, never a wrong answer. Nothing of a trace leaves this file.
"""

import asyncio
from collections import Counter
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
from soloist_agents.step_check import AgreementCheck

NOT_SERVED = ("failed", "spent")
COOLER = (0.0, 1.0, 0.5, 0.25, 0.75)
"""How far each of five samples lies between the preset's temperature and the coolest, where a spread is asked for."""
MOST_AT_ONCE = 64
"""Samples of one wave: beyond that a vote should have its say before more are paid for."""
LEAST_VOTES = 3
"""Samples of a vote's first wave: fewer can't settle it."""
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

    @property
    def samples(self) -> int:
        """Of one step, where the step does not say."""
        return self._plan.samples

    async def propose(self, step: Step) -> AsyncIterator[Candidate | NoAnswer]:
        """Waves of fresh samples, in order of completion within each."""
        total = (step.selection.samples if step.selection else None) or self._plan.samples
        voting = isinstance(step.check, AgreementCheck)
        left, wave_size = total, max(self._plan.first, LEAST_VOTES) if voting else self._plan.first
        while left > 0:
            count = min(left, wave_size)
            first = total - left
            left, wave_size = left - count, min(2 * wave_size, MOST_AT_ONCE)
            async with aclosing(self._wave(step, pose(step), range(first, first + count), depth=1)) as wave:
                async for told in wave:
                    yield told
                    if isinstance(told, NoAnswer) and told.ended in NOT_SERVED:
                        left = 0  # no further wave

    async def repair(self, step: Step, misses: Sequence[NearMiss]) -> AsyncIterator[Candidate | NoAnswer]:
        """Fresh traces that see the best failed candidate and why it failed."""
        for miss in misses[:REPAIRED_AT_ONCE]:
            depth = miss.candidate.depth + 1
            async with aclosing(self._wave(step, pose_repair(step, miss), range(self._plan.repairs), depth)) as wave:
                async for told in wave:
                    yield told

    async def _wave(self, step: Step, question: str, numbers: range, depth: int) -> AsyncGenerator[Told, None]:
        """Samples side by side; closing it ends those that still think. `numbers`: theirs among the samples of the step."""
        told: asyncio.Queue[Told | None] = asyncio.Queue()
        work = asyncio.create_task(self._sampled(step, question, numbers, depth, told))
        work.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (one := await told.get()) is not None:
                yield one
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _sampled(self, step: Step, question: str, numbers: range, depth: int, told: "asyncio.Queue[Told | None]") -> None:
        temperatures = Counter(self._temperature(step, number) for number in numbers)
        try:
            async with asyncio.TaskGroup() as group:
                for temperature, count in temperatures.items():
                    request = self._request(step, (Message(role="user", content=question),), count, 0, temperature)
                    group.create_task(self._streamed(step, request, depth, group, told))
        except* ModelError as failed:
            error = failed.exceptions[0]
            ended = "spent" if isinstance(error, BudgetSpent) else "failed"
            told.put_nowait(NoAnswer.model_validate({"author": self._name, "ended": ended, "why": str(error)}))

    async def _streamed(
        self, step: Step, request: Request, depth: int, group: asyncio.TaskGroup, told: "asyncio.Queue[Told | None]"
    ) -> None:
        """The choices of one request; those that were cut go on in tasks of the group."""
        samples = {index: Sample(step, self._name, depth) for index in range(request.n)}
        async with aclosing(self._model.stream(request)) as events:
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
            longer = self._request(step, messages, 1, budget, request.sampling.temperature)
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

    def _temperature(self, step: Step, number: int) -> float | None:
        """Of the sample with this number, the same in every run."""
        hottest = self._preset.sampling.temperature
        spread = step.selection.spread if step.selection else 0.0
        if not spread:
            return hottest
        return max(0.0, round((1.0 if hottest is None else hottest) - spread * COOLER[number % len(COOLER)], 3))

    def _request(self, step: Step, messages: tuple[Message, ...], n: int, budget: int, temperature: float | None) -> Request:
        sampling = self._preset.sampling.model_copy(update={"temperature": temperature})
        if self._preset.thinking:
            most = self._preset.thinking[budget]
            if messages[-1].prefix:
                most -= self._preset.thinking[budget - 1]
            sampling = Sampling.model_validate({**sampling.model_dump(), "max_tokens": sampling.max_tokens or most})
        weighted = step.selection is not None and step.selection.strategy == "weighted"
        return Request(
            messages=messages,
            sampling=sampling,
            n=n,
            logprobs=weighted and isinstance(step.check, AgreementCheck),
            seconds=self._plan.seconds,
            role=self._role,
            step=step.id,
        )


def _tell(found: Told | None, told: "asyncio.Queue[Told | None]") -> None:
    if found is not None:
        told.put_nowait(found)
