"""A plan as the model writes it is taken, or refused in words that the model can act on."""

import json
from typing import Any

import pytest
from soloist.testing import Ask, ModelServer, Reply, ToolCall
from soloist_agents.contract import Gathered, Plan, Situation, Step, StepResult
from soloist_agents.contract import ToolCall as Asked
from soloist_agents.models.contract import ModelMisbehaved
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.settings import EndpointSettings
from soloist_agents.planner import ModelPlanner
from soloist_agents.planner.draft import PlanDraft
from soloist_agents.planner.drafting import PlanRefused, make_plan
from soloist_agents.step_check import TestsCheck
from soloist_sandbox.contract import CommandCheck, PytestCheck

CHECK = PytestCheck(args=("-q",))
TREE = {
    "pkg/m.py": b"class A:\n    def f(self):\n        pass\n\n\ndef g():\n    pass\n",
    "tests/test_m.py": b"",
    "extra/test_x.py": b"",
    "tests/test_n.py": b"",
}
TESTS = "def test_it():\n    from pkg.m import g\n\n    assert g() == 1\n"


def situation(**more: Any) -> Situation:
    return Situation(**{"goal": "the goal", "check": CHECK, "gathered": Gathered(), "tree": TREE, **more})


def step(**more: Any) -> dict[str, Any]:
    return {
        "id": "s1",
        "kind": "function",
        "goal": "g",
        "target": "pkg/m.py::g",
        "statement": "Return 1.",
        "check": {"task": True},
        **more,
    }


def plan(*steps: dict[str, Any], **more: Any) -> Plan:
    return make_plan(PlanDraft.model_validate({"steps": steps}), situation(**more))


def test_a_plan_becomes_typed_steps() -> None:
    """Checks, needs, route and reason are kept; written tests go beside most of the repository's own, under a free name."""
    made = plan(
        step(check={"tests": TESTS}), step(id="s2", needs=["s1"], target="pkg/m.py::A.new", route="planner", reason="glue")
    )
    first, second = made.steps
    assert first.check == TestsCheck(files={"tests/test_g.py": TESTS})
    assert first.routed == "specialist"
    assert second.check == CHECK
    assert second.needs == ("s1",)
    assert (second.routed, second.reason) == ("planner", "glue")


def test_an_edit_waits_for_earlier_steps_on_its_files() -> None:
    """Also where the model forgot to say so: it must see what it edits."""
    made = plan(step(), step(id="s2", kind="edit", target="", files=["pkg/m.py:1-3"], check={"command": "false"}))
    assert made.steps[1].needs == ("s1",)
    assert made.steps[1].check == CommandCheck(command="false")


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([step(target="pkg/nowhere.py::A.g")], None),
        ([step(target="m.py::g")], "is it pkg/m.py?"),
        ([step(target="g")], "should look like"),
        ([step(target="pkg/m.py::B.f")], "no class|neither"),
        ([step(target="README.md::g")], "no Python file"),
        ([step(target="tests/test_m.py::test_it")], "can't be changed"),
        ([step(needs=["s2"]), step(id="s2", needs=["s1"])], "cycle"),
        ([step(needs=["s9"])], "there is no such step"),
        ([step(), step()], "used twice"),
        ([step(check={})], "no check"),
        ([step(check={"task": True, "command": "x"})], "more than one"),
        ([step(check={"tests": "def test_it(:\n"})], "not valid Python"),
        ([step(check={"tests": "x = 1\n"})], "no function whose name begins with test_"),
        ([step(statement="x" * 12_001)], "12001 characters"),
        ([step(statement=" ")], "no statement"),
        ([step(kind="edit", files=[])], "names its files"),
        ([step(kind="edit", files=["../x"])], "no path relative"),
        ([step(kind="knowledge", files=["pkg/gone.py"])], "no file pkg/gone.py"),
        ([step(id="1 2")], "should look like s1"),
    ],
)
def test_a_faulty_plan_is_refused_with_its_fault(steps: list[dict[str, Any]], says: str | None) -> None:
    """Unknown targets, cycles, missing checks, oversized statements, tests that are none."""
    if says is None:
        assert plan(*steps).steps
        return
    with pytest.raises(PlanRefused, match=says):
        plan(*steps)


def test_the_suite_of_the_repository_is_no_check_of_a_step() -> None:
    """It passes without the step being done."""
    with pytest.raises(PlanRefused, match="no check of its own"):
        plan(step(), implied=True)
    with pytest.raises(PlanRefused, match="no check"):
        plan(step(kind="edit", files=["pkg/m.py"], check={}), implied=True)


def test_done_steps_of_earlier_plans_are_built_on() -> None:
    """New steps need what is done, unless it is dropped; used ids are not used again."""
    done = StepResult(step=Step(id="s1", goal="g", kind="edit", files=("a",)), solved=True, why="w")
    made = plan(step(id="s2"), history=[done])
    assert [s.id for s in made.steps] == ["s1", "s2"]
    assert made.steps[1].needs == ("s1",)
    dropped = make_plan(PlanDraft.model_validate({"steps": [step(id="s2")], "drop": ["s1"]}), situation(history=[done]))
    assert dropped.steps[0].needs == ()
    with pytest.raises(PlanRefused, match="was used by an earlier plan"):
        plan(step(), history=[done])


def submitted(*steps: dict[str, Any]) -> Reply:
    return Reply(tool_calls=(ToolCall("submit_plan", json.dumps({"steps": steps})),))


async def planned(script: list[Reply | str], **more: Any) -> tuple[Plan, list[Ask]]:
    async with ModelServer(script) as server:
        model = Endpoint(EndpointSettings(name="big", base_url=server.url))
        try:
            return await ModelPlanner(model).plan(situation(**more)), server.calls
        finally:
            await model.close()


async def test_a_refused_plan_is_mended_by_the_model() -> None:
    """The faults go back, all of them, and the next plan is taken."""
    made, calls = await planned([submitted(step(target="m.py::g", check={})), submitted(step())])
    assert [s.target for s in made.steps] == ["pkg/m.py::g"]
    assert "is it pkg/m.py?" in calls[1].last
    assert "it has no check" in calls[1].last


async def test_a_plan_in_plain_text_is_taken_too() -> None:
    """A model without tool calls may answer with the JSON in a fence."""
    made, _ = await planned([f"Here:\n```json\n{json.dumps({'steps': [step()]})}\n```"])
    assert len(made.steps) == 1


async def test_still_looking_around_is_answered_not_misread() -> None:
    """A tool call in the place of the plan is told that looking has ended; it is not taken for an empty plan."""
    made, calls = await planned([Reply(tool_calls=(ToolCall("read", {"path": "pkg/m.py"}),)), submitted(step())])
    assert len(made.steps) == 1
    assert calls[1].messages[-1]["role"] == "tool"
    assert "looking around has ended" in calls[1].last


async def test_a_planner_without_a_usable_plan_is_told_in_one_line() -> None:
    """After three attempts the run ends with what was wrong."""
    with pytest.raises(ModelMisbehaved, match="no usable plan in 3 attempts"):
        await planned([submitted(step(check={}))] * 3)


async def test_malformed_arguments_of_a_tool_are_answered() -> None:
    """The call is not made; the model hears why and keeps its turn."""
    reply = Reply(tool_calls=(ToolCall("read", '{"path": '),))
    async with ModelServer([reply]) as server:
        model = Endpoint(EndpointSettings(name="big", base_url=server.url))
        (call,) = await ModelPlanner(model).look(situation(gathered=Gathered(calls=(Asked(tool="files", answer="x"),))))
        await model.close()
    assert call.tool == "read"
    assert "no JSON object" in call.answer
