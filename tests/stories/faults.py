"""The delegation story on a model server that fails, once or from some call on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from soloist import Budget, Orchestrator, Report, Task
from soloist.testing import (
    BadUtf8,
    Cut,
    Drip,
    Drop,
    ErrorEvent,
    Flood,
    Hang,
    Malformed,
    ModelServer,
    NoChoices,
    SlowStart,
    Status,
    WrongType,
)
from soloist.testing.faults import Fault
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.settings import EndpointSettings
from soloist_agents.planner import ModelPlanner
from soloist_agents.presets import VIBETHINKER
from soloist_agents.solver import ModelSpecialist, SamplingPlan
from soloist_sandbox.contract import Sandbox

from tests.stories import delegation as shop

FAULTS: Mapping[str, Fault] = {
    "429": Status(429, retry_after=0.2),
    "500": Status(500),
    "slow first byte": SlowStart(0.5),
    "slow drip": Drip(0.05),
    "cut stream": Cut(after=2),
    "connection dropped": Drop(),
    "error inside the stream": ErrorEvent(after=1),
    "malformed JSON": Malformed(),
    "wrong content type": WrongType(),
    "empty choices": NoChoices(),
    "40 MB answer": Flood(40),
    "invalid UTF-8": BadUtf8(),
    "hang": Hang(),
    "hang midway": Hang(after=1),
}
POSITIONS = range(1, shop.CALLS + 1)
SECONDS = 25.0
LAST_PROOF = 8.0
"""A proof that has begun is finished, also after the deadline."""


@dataclass(frozen=True)
class Ended:
    """How a run on a failing server ended."""

    report: Report
    seconds: float
    calls: int


async def run_with(
    root: Path, state: Path, fault: Fault, position: int, *, forever: bool, sandbox: Sandbox | None = None
) -> Ended:
    """The story, spoiled at one call, or at every call from that one on."""
    calls = range(position, position + 200) if forever else (position,)
    async with ModelServer(shop.story, faults=dict.fromkeys(calls, fault)) as server:
        models = [Endpoint(_settings(server, name)) for name in (shop.PLANNER, shop.SPECIALIST)]
        plan = SamplingPlan(samples=2, first=2, repair_rounds=0)
        orchestrator = Orchestrator(
            planner=ModelPlanner(models[0]),
            ladder=[ModelSpecialist(models[1], preset=VIBETHINKER.model_copy(update={"thinking": (8192,)}), plan=plan)],
            state=state,
            sandbox=sandbox,
        )
        start = time.monotonic()
        task = Task(goal=shop.GOAL, repository=root, approval="never", budget=Budget(seconds=SECONDS))
        report = await orchestrator.run(task)
        seconds = time.monotonic() - start
        for model in models:
            await model.close()
        return Ended(report, seconds, len(server.calls))


def broken_promises(ended: Ended) -> list[str]:
    """What must hold whatever the models do; each sentence is one promise that was broken."""
    report, wrong = ended.report, []
    if ended.seconds > SECONDS + 2 + LAST_PROOF:
        wrong.append(f"it took {ended.seconds:.1f} s")
    if report.solved and (report.level != "tested" or "bulk_factor(quantity)" not in report.diff):
        wrong.append("solved without its proof")
    if not report.solved and (not report.error or "\n" in report.error or not report.ended):
        wrong.append(f"no clear reason: {report.error!r}")
    if not report.solved and report.diff:
        wrong.append("an unproved diff is shown as the result")
    wrong += [f"step {s.id} solved without evidence" for s in report.steps if s.status == "solved" and s.level == "unverified"]
    wrong += [f"step {s.id} lost what was verified" for s in report.steps if s.status == "solved" and not s.text]
    return wrong


def _settings(server: ModelServer, name: str) -> EndpointSettings:
    return EndpointSettings(
        name=name, base_url=server.url, retries=2, backoff_seconds=0.05, first_seconds=2, stall_seconds=2, connect_seconds=2
    )
