"""Each step's check is tried before any candidate is: it must run and fail, and it is told when it is suspect or weak."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from soloist import Orchestrator, Report, Task
from soloist.testing import Ask, ModelServer, Reply, ToolCall
from soloist_agents.contract import Plan, Situation, Step
from soloist_agents.contract import ToolCall as ToolCallAsked
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.settings import EndpointSettings
from soloist_agents.planner import ModelPlanner
from soloist_agents.presets import VIBETHINKER
from soloist_agents.solver import ModelSpecialist, SamplingPlan

from tests.conftest import MakeRepository

pytestmark = pytest.mark.usefixtures("any_sandbox")

FILES = {"m.py": "def old():\n    return 0\n", "test_m.py": "def test_old():\n    from m import old\n\n    assert old() == 0\n"}
GOOD = "def test_triple():\n    from m import triple\n\n    assert triple(2) == 6\n    assert triple(-1) == -3\n"
PASSES = "def test_triple():\n    assert True\n"
CRASHES = "def test_triple():\n    from m import triple\n\n    assert tripel(2) == 6\n"
IMPOSSIBLE = "def test_triple():\n    from m import triple\n\n    assert triple(2) == 7\n"
LOOSE = "def test_triple():\n    from m import triple\n\n    assert triple(2) is not None\n"
RIGHT = "```python\ndef triple(x):\n    return 3 * x\n```"


def fenced(tests: str) -> str:
    return f"```python\n{tests}```"


def script(tests: str, *, rewritten: str = "", answers: Callable[[Ask], str] = lambda ask: RIGHT) -> Callable[[Ask], Reply]:
    """A planner that submits one step with these tests, and a specialist."""

    def reply(ask: Ask) -> Reply:
        if ask.tools:
            plan = {
                "steps": [
                    {
                        "id": f"s{ask.number}",
                        "kind": "function",
                        "goal": "triple",
                        "target": "m.py::triple",
                        "statement": "Return three times x.",
                        "check": {"tests": tests},
                    }
                ]
            }
            return Reply(tool_calls=(ToolCall("submit_plan", json.dumps(plan)),))
        if "You wrote this check" in ask.text:
            return Reply(fenced(rewritten))
        return Reply(answers(ask))

    return reply


async def ran(root: Path, state: Path, answering: Any, plan: SamplingPlan | None = None, **task: Any) -> tuple[Report, list[Ask]]:
    async with ModelServer(answering) as server:
        models = [Endpoint(EndpointSettings(name=name, base_url=server.url)) for name in ("planner", "VibeThinker-3B")]
        specialist = ModelSpecialist(
            models[1], preset=VIBETHINKER, plan=plan or SamplingPlan(samples=1, first=1, repair_rounds=0)
        )
        orchestrator = Orchestrator(planner=ModelPlanner(models[0]), ladder=[specialist], state=state)
        try:
            return await orchestrator.run(Task(goal="add triple", repository=root, approval="never", **task)), server.calls
        finally:
            for model in models:
                await model.close()


@pytest.mark.parametrize("bad", [PASSES, CRASHES])
async def test_a_useless_check_is_written_anew_once(bad: str, repository: MakeRepository, tmp_path: Path) -> None:
    """One that passes on the present code or crashes by itself goes back with the fault; the new one is kept with the change."""
    report, calls = await ran(repository(FILES), tmp_path / "state", script(bad, rewritten=GOOD))
    assert report.solved
    (step,) = report.steps
    assert step.check_rewrites == 1
    (rewriting,) = [ask for ask in calls if "You wrote this check" in ask.text]
    assert ("passes on the present code" if bad == PASSES else "crashes by itself") in rewriting.text
    assert "triple(-1) == -3" in report.diff


async def test_a_check_that_stays_useless_gives_the_step_up(repository: MakeRepository, tmp_path: Path) -> None:
    """No candidate is tried on it: it would prove nothing."""
    report, calls = await ran(repository(FILES), tmp_path / "state", script(PASSES, rewritten=PASSES))
    assert not report.solved
    assert all(step.tried == 0 and "passes on the present code" in step.note for step in report.steps)
    assert not [ask for ask in calls if ask.model == "VibeThinker-3B"]


async def test_a_check_that_all_candidates_fail_alike_is_suspected_and_mended(repository: MakeRepository, tmp_path: Path) -> None:
    """Three different programs agree with each other: the check is shown, written anew once, and they are judged again."""
    plan = SamplingPlan(samples=3, first=3, repair_rounds=0)
    report, _ = await ran(repository(FILES), tmp_path / "state", _three_ways(script(IMPOSSIBLE, rewritten=GOOD)), plan)
    assert report.solved
    assert "different candidates agree" in report.steps[0].suspect
    assert "assert 6 == 7" in report.steps[0].suspect
    assert report.steps[0].check_rewrites == 1
    assert any("suspected" in line for line in report.warnings())


def _three_ways(answering: Callable[[Ask], Reply]) -> Callable[[Ask], Reply]:
    """Every choice of the specialist's call is another right program."""

    def reply(ask: Ask) -> Reply:
        if ask.model != "VibeThinker-3B":
            return answering(ask)
        bodies = ["x * 3", "x + x + x", "3 * x"]
        return Reply(choices=tuple(f"```python\ndef triple(x):\n    return {body}\n```" for body in bodies))

    return reply


async def test_a_check_that_wrong_variants_pass_is_called_weak(repository: MakeRepository, tmp_path: Path) -> None:
    """The solution stands, and the report says that its check pins little down."""
    report, _ = await ran(repository(FILES), tmp_path / "state", script(LOOSE))
    assert report.solved
    assert report.steps[0].weak
    assert any("weak check" in line for line in report.warnings())
    strong, _ = await ran(repository(FILES, "strong"), tmp_path / "state", script(GOOD))
    assert strong.solved
    assert not strong.steps[0].weak
    assert strong.steps[0].mutants


async def test_a_failed_candidate_goes_back_with_what_was_seen(repository: MakeRepository, tmp_path: Path) -> None:
    """The repair sees the assertion with its values, and the next candidate is proved."""

    def answers(ask: Ask) -> str:
        return RIGHT if "It failed" in ask.text else "```python\ndef triple(x):\n    return 2 * x\n```"

    plan = SamplingPlan(samples=1, first=1, repair_rounds=2)
    report, calls = await ran(repository(FILES), tmp_path / "state", script(GOOD, answers=answers), plan)
    assert report.solved
    assert report.steps[0].note == "written by vibethinker, repaired 1x"
    assert "assert 4 == 6" in next(ask for ask in calls if "It failed" in ask.text).text


async def test_a_replan_sees_what_failed_and_keeps_what_is_done(repository: MakeRepository, tmp_path: Path) -> None:
    """The second plan is asked for with the first one's failure; its step is solved."""

    def answers(ask: Ask) -> str:
        return RIGHT if "say it better" in ask.text else "I do not know."

    def replying(ask: Ask) -> Reply:
        made = script(GOOD, answers=answers)(ask)
        if ask.tools and "What became of its steps" in ask.text:
            plan = json.loads(made.tool_calls[0].arguments)  # type: ignore[arg-type]
            plan["steps"][0]["statement"] = "say it better"
            return Reply(tool_calls=(ToolCall("submit_plan", json.dumps(plan)),))
        return made

    report, calls = await ran(repository(FILES), tmp_path / "state", replying)
    assert report.solved
    assert [step.status for step in report.steps] == ["given up", "solved"]
    again = next(ask for ask in calls if "What became of its steps" in ask.text)
    assert "every specialist has run out of candidates" in again.text


async def test_tests_that_failed_before_are_left_out_and_named(repository: MakeRepository, tmp_path: Path) -> None:
    """A suite that was red, or can't be collected, does not stop a change that breaks nothing."""
    files = {
        **FILES,
        "test_red.py": "def test_red():\n    assert False\n",
        "test_broken.py": "import nowhere_to_be_found\n",
    }
    report, _ = await ran(repository(files), tmp_path / "state", script(GOOD))
    assert report.solved, report.why
    assert set(report.left_out) == {"test_red.py::test_red", "test_broken.py"}
    assert any("left out" in line for line in report.warnings())


class Unchecked:
    """A planner of a user's own that forgets to say how anybody will know."""

    name = "unchecked"

    async def look(self, situation: Situation) -> Sequence[ToolCallAsked]:
        return ()

    async def plan(self, situation: Situation) -> Plan:
        edit = "m.py\n<<<<<<< SEARCH\n    return 0\n=======\n    return 1\n>>>>>>> REPLACE\n"
        return Plan(steps=() if situation.history else (Step(id="s1", goal="g", kind="edit", files=("m.py",), proposal=edit),))


async def test_what_nobody_has_checked_is_never_solved(repository: MakeRepository, tmp_path: Path) -> None:
    """An edit without a check, in a repository without tests: it fits, and that is all that is known."""
    root = repository({"m.py": FILES["m.py"]})
    orchestrator = Orchestrator(planner=Unchecked(), state=tmp_path / "state")
    report = await orchestrator.run(Task(goal="change it", repository=root, approval="always"))
    assert not report.solved
    assert report.why == "there was no check to run on the whole"
    assert report.diff == ""
    assert (root / "m.py").read_text() == FILES["m.py"]
