"""Planner and specialist from Python, here played by a scripted model server, so that it runs without a model.

python examples/delegate.py
"""

import asyncio
import tempfile
from pathlib import Path

from soloist import Endpoint, EndpointSettings, ModelPlanner, ModelSpecialist, Orchestrator, Report, Task, preset_named
from soloist.testing import Ask, ModelServer, Reply, ToolCall

TESTS = (
    "def test_median():\n    from stats import median\n\n    assert median([3, 1, 2]) == 2\n    assert median([4, 1]) == 2.5\n"
)
STEP = {
    "id": "s1",
    "kind": "function",
    "goal": "the median",
    "target": "stats.py::median",
    "statement": "`median(values: list[float]) -> float`: the middle value; of an even number the mean of the middle two.",
    "check": {"tests": TESTS},
}
ANSWER = """```python
def median(values):
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2
```"""


def script(ask: Ask) -> Reply:
    """The planner submits a plan of one step; the specialist writes the function."""
    return Reply(tool_calls=(ToolCall("submit_plan", {"steps": [STEP]}),)) if ask.model == "planner" else Reply(ANSWER)


async def delegate(repository: Path, url: str) -> Report:
    """Any OpenAI-compatible servers will do; give them real names and real addresses."""
    planner = Endpoint(EndpointSettings(name="planner", base_url=url))
    specialist = Endpoint(EndpointSettings(name="VibeThinker-3B", base_url=url))
    orchestrator = Orchestrator(
        planner=ModelPlanner(planner), ladder=[ModelSpecialist(specialist, preset=preset_named("vibethinker"))]
    )
    try:
        return await orchestrator.run(Task(goal="add a median", repository=repository, approval="never"))
    finally:
        await planner.close()
        await specialist.close()


async def main() -> None:
    """A repository with an almost empty module."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "stats.py").write_text('"""Statistics."""\n', encoding="utf-8")  # noqa: ASYNC240 - a small example
        async with ModelServer(script) as server:
            report = await delegate(Path(folder), server.url)
    print(f"solved: {report.solved} ({report.level}), because {report.why}")
    print(report.diff)


if __name__ == "__main__":
    asyncio.run(main())
