"""The embedded planner: one play, and honest about everything else."""

from typing import Any

import pytest
from soloist_agents.contract import Gathered, PlannerNeeded, Situation, Step, StepResult, ToolCall
from soloist_agents.playbook import STEPS_PER_PLAN, Playbook
from soloist_sandbox.contract import Check, CommandCheck, Outcome, PytestCheck, TestReport, TestResult
from soloist_tools.localise import Suspect, SuspectLine

CHECK = PytestCheck(args=("-q",))


def baseline(exit_code: int, *tests: TestResult, stdout: str = "") -> Outcome:
    return Outcome(exit_code=exit_code, stdout=stdout, report=TestReport(tests=tests, complete=True, exit_code=exit_code))


def failing(name: str = "test_m.py::test_a") -> TestResult:
    return TestResult(id=name, status="failed", message="assert 1 == 2")


def suspect(name: str, score: float = 1.0) -> Suspect:
    return Suspect(path="m.py", name=name, first_line=1, last_line=2, score=score, lines=(SuspectLine(line=2, score=1),), why="w")


def looked(*tools: str, found: Outcome | None = None) -> Gathered:
    return Gathered(calls=tuple(ToolCall(tool=tool) for tool in tools), baseline=found)


def situation(goal: str, check: Check | None, gathered: Gathered, **more: Any) -> Situation:
    return Situation(goal=goal, check=check, gathered=gathered, tree=more.pop("tree", {}), **more)


def given_up(target: str) -> StepResult:
    step = Step(id=target, goal="g", kind="function", target=target, check=CHECK)
    return StepResult(step=step, solved=False, why="no candidate passed")


async def test_first_the_check_then_the_trace_then_enough() -> None:
    """The play is run_check, trace_check, plan."""
    planner = Playbook()
    fails = baseline(1, failing())
    assert [c.tool for c in await planner.look(situation("fix it", CHECK, Gathered()))] == ["run_check"]
    assert [c.tool for c in await planner.look(situation("fix it", CHECK, looked("run_check", found=fails)))] == ["trace_check"]
    assert not await planner.look(situation("fix it", CHECK, looked("run_check", "trace_check", found=fails)))


async def test_a_passing_check_and_a_command_are_not_traced() -> None:
    """There is nothing to locate in a check that passes, and no test to trace in a command."""
    planner = Playbook()
    assert not await planner.look(situation("fix it", CHECK, looked("run_check", found=baseline(0))))
    command = CommandCheck(command="make check")
    assert not await planner.look(situation("fix it", command, looked("run_check", found=Outcome(exit_code=2))))


@pytest.mark.parametrize("goal", ["write the documentation", "rename Foo to Bar", "what does this do?"])
async def test_goals_beyond_the_play_are_refused(goal: str) -> None:
    """It says that a planner model is needed, and how to set one."""
    with pytest.raises(PlannerNeeded, match="--planner"):
        await Playbook().look(situation(goal, CHECK, Gathered()))
    with pytest.raises(PlannerNeeded, match="--check"):
        await Playbook().look(situation("fix it", None, Gathered()))


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (baseline(5), "no tests"),
        (baseline(3, stdout="INTERNALERROR> Traceback\nINTERNALERROR> ValueError: setrlimit"), "setrlimit"),
        (baseline(4, stdout="usage: pytest\nERROR: unrecognized arguments: --cov"), "--cov"),
        (
            baseline(2, TestResult(id="test_m.py", status="error"), stdout="E   ModuleNotFoundError: No module named 'attrs9'"),
            "attrs9",
        ),
    ],
)
async def test_an_unusable_check_is_refused_with_its_reason(found: Outcome, says: str) -> None:
    """A check that can't do its work is bad input, not a bug to repair."""
    with pytest.raises(ValueError, match=says):
        await Playbook().look(situation("fix it", CHECK, looked("run_check", found=found)))


async def test_one_function_step_per_suspect_most_suspicious_first() -> None:
    """Steps are alternatives; what was given up is not planned again; an empty plan says that no idea is left."""
    suspects = tuple(suspect(f"f{n}", 1 - n / 100) for n in range(STEPS_PER_PLAN + 3))
    gathered = Gathered(suspects=suspects, baseline=baseline(1, failing()))
    plan = await Playbook().plan(situation("fix it", CHECK, gathered, tree={"m.py": b"x = 1\n"}, history=[given_up("m.py::f0")]))
    assert plan.mode == "any"
    assert [s.target for s in plan.steps] == [f"m.py::f{n}" for n in range(1, STEPS_PER_PLAN + 1)]
    assert all(step.kind == "function" and step.source == "x = 1\n" for step in plan.steps)
    none = await Playbook().plan(
        situation("fix it", CHECK, gathered, tree={"m.py": b""}, history=[given_up(s.target) for s in suspects])
    )
    assert none.steps == ()


async def test_a_file_in_another_encoding_is_read_by_its_own_declaration() -> None:
    """A latin-1 file reaches the specialist as text, not as mojibake."""
    source = "# -*- coding: latin-1 -*-\ns = 'é'\n".encode("latin-1")
    plan = await Playbook().plan(situation("fix it", CHECK, Gathered(suspects=(suspect("f"),)), tree={"m.py": source}))
    assert "é" in plan.steps[0].source
