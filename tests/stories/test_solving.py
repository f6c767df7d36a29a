"""One problem without a repository, a question about one, and `reason` as a tool: each answer with what it stands on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from soloist import Orchestrator, Task, reason_tool
from soloist.testing import Ask, ModelServer, Reply, ToolCall
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.settings import EndpointSettings
from soloist_agents.planner import ModelPlanner
from soloist_agents.presets import VIBETHINKER
from soloist_agents.solver import ModelSpecialist, SamplingPlan

from tests.conftest import Command, MakeRepository, Said

pytestmark = pytest.mark.usefixtures("any_sandbox")

DOUBLE = "```python\nprint(2 * int(input()))\n```"
WRONG = "```python\nprint(3 * int(input()))\n```"
THIEF = """```python
import itertools, pathlib, re, sys
secret = re.compile("[a-z-]+only-the-" + "judge-knows")
files = itertools.chain(pathlib.Path(".").rglob("*"), pathlib.Path("/tmp").rglob("*"))
texts = [sys.stdin.read(), *(path.read_text(errors="replace") for path in files if path.is_file())]
found = [match[0] for text in texts if (match := secret.search(text))]
print(found[0] if found else "nothing to steal")
```"""


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    statement = tmp_path / "problem.md"
    statement.write_text("Read a number, print its double.\n")
    cases = tmp_path / "cases"
    cases.mkdir()
    for name, stdin, expected in (("a", "2\n", "4\n"), ("b", "21\n", "42\n")):
        (cases / f"{name}.in").write_text(stdin)
        (cases / f"{name}.out").write_text(expected)
    (tmp_path / "tests.py").write_text("from solution import double\n\n\ndef test_double():\n    assert double(4) == 8\n")
    return statement


def solving(soloist: Command, script: Any, problem: Path, *how: str | Path) -> tuple[Said, list[Ask]]:
    with ModelServer.running(script) as server:
        said = soloist("solve", problem, *how, "--json", "--specialist", f"{server.url}#VibeThinker-3B")
        return said, server.calls


def test_a_program_is_proved_by_its_cases(soloist: Command, problem: Path) -> None:
    """A wrong one is caught and goes back with the case; the right one is the answer."""
    said, calls = solving(
        soloist, lambda ask: DOUBLE if "It failed" in ask.text else WRONG, problem, "--cases", problem.parent / "cases"
    )
    assert said.code == 0, said.err
    assert said.report["solved"]
    assert said.report["level"] == "executed"
    assert said.report["answer"] == "print(2 * int(input()))\n"
    assert "it printed\n6\n\nbut expected is\n4" in next(ask for ask in calls if "It failed" in ask.text).text


@pytest.mark.parametrize(("leaks", "code"), [(False, 1), (True, 0)])
def test_what_is_expected_never_enters_the_sandbox(leaks: bool, code: int, soloist: Command, problem: Path) -> None:
    """A program that looks through all it can read for the expected output finds it only where the input gives it away."""
    expected = "a-line-that-only-the-judge-knows\n"
    (problem.parent / "cases" / "a.out").write_text(expected)
    (problem.parent / "cases" / "b.out").write_text(expected)
    if leaks:  # so that the thief is known to be able to steal
        for name in ("a", "b"):
            (problem.parent / "cases" / f"{name}.in").write_text(f"2 {expected}")
    said, _ = solving(soloist, lambda ask: THIEF, problem, "--cases", problem.parent / "cases")
    assert said.code == code, said.out


def test_a_module_is_proved_by_tests(soloist: Command, problem: Path) -> None:
    """The tests fail without it, and pass with it."""
    said, _ = solving(
        soloist, lambda ask: "```python\ndef double(x):\n    return 2 * x\n```", problem, "--tests", problem.parent / "tests.py"
    )
    assert said.code == 0, said.err
    assert said.report["level"] == "tested"


@pytest.mark.parametrize(
    ("answers", "level", "code"),
    [(["42", "42", "42"], "agreed", 0), (["1{n}", "2{n}", "3{n}"], "unverified", 1), (["1/2", "0.5"], "agreed", 0)],
)
def test_an_answer_is_agreed_on_and_never_called_solved(
    answers: list[str], level: str, code: int, soloist: Command, problem: Path
) -> None:
    """Equal forms are one answer; samples that differ are no answer."""

    def replies(ask: Ask) -> Reply:
        return Reply(choices=tuple(f"So \\boxed{{{answer.format(n=ask.number)}}}" for answer in answers))

    said, _ = solving(soloist, replies, problem, "--answer", "--effort", "low")
    assert said.code == code
    assert not said.report["solved"]
    assert said.report["level"] == level


def test_a_known_answer_is_met_exactly(soloist: Command, problem: Path) -> None:
    """By mathematical equality; the model is not told it."""
    said, calls = solving(soloist, lambda ask: "\\boxed{\\frac{84}{2}}", problem, "--expect", "42")
    assert said.code == 0, said.err
    assert said.report["level"] == "executed"
    assert "42" not in calls[0].text


@pytest.mark.parametrize(
    ("how", "says"),
    [((), "how we will know"), (("--answer", "--tests", "x.py"), "one of"), (("--cases", "nowhere"), "nowhere is no folder")],
)
def test_without_one_way_to_know_nothing_is_asked(how: tuple[str, ...], says: str, soloist: Command, problem: Path) -> None:
    """One clear line, and no call."""
    said, calls = solving(soloist, [], problem, *how)
    assert said.code == 2
    assert says in said.err
    assert calls == []


def test_without_a_model_a_problem_is_refused(soloist: Command, problem: Path) -> None:
    """In one line that says what to set; a question, too."""
    said = soloist("solve", problem, "--answer")
    assert said.code == 3
    assert said.err.splitlines() == [
        "soloist: a problem needs a model to solve it: name one with --specialist or SOLOIST_SPECIALIST"
    ]
    asked = soloist("ask", "where?", "--repo", problem.parent)
    assert asked.code == 3
    assert "SOLOIST_PLANNER: URL#model-id" in asked.err


FILES = {
    "pkg/limits.py": "# Limits\nRETRIES = 3\n",
    "pkg/client.py": "from pkg.limits import RETRIES\n\n\ndef call():\n    return RETRIES\n",
}


def asking(answer: str, repaired: str = "") -> Callable[[Ask], Reply]:
    def reply(ask: Ask) -> Reply:
        if ask.tools:
            looked = any(message["role"] == "tool" for message in ask.messages)
            return Reply("enough") if looked else Reply(tool_calls=(ToolCall("search", {"text": "retries", "context": 1}),))
        return Reply(repaired if "It failed" in ask.text else answer)

    return reply


def test_a_question_is_answered_with_places_that_exist(soloist: Command, repository: MakeRepository) -> None:
    """A wrong citation goes back once; the answer stays unverified, and says so."""
    root = repository(FILES)
    with ModelServer.running(asking("In pkg/limits.py:99.", "In pkg/limits.py:2, used in pkg/client.py:1-5.")) as server:
        said = soloist(
            "ask", "Where is the number of retries decided?", "--repo", root, "--planner", f"{server.url}#big", "--json"
        )
        repair = next(ask for ask in server.calls if "It failed" in ask.text)
    assert said.code == 0, said.err
    assert said.report["answer"] == "In pkg/limits.py:2, used in pkg/client.py:1-5."
    assert said.report["level"] == "unverified"
    assert not said.report["solved"]
    assert "pkg/limits.py:99 (the file has 2 lines)" in repair.text
    assert "RETRIES = 3" in repair.text


def test_an_answer_without_a_place_is_none(soloist: Command, repository: MakeRepository) -> None:
    """Nothing that nobody can look up is passed on."""
    root = repository(FILES)
    with ModelServer.running(asking("Somewhere.", "I told you.")) as server:
        said = soloist("ask", "Where?", "--repo", root, "--planner", f"{server.url}#big", "--json")
    assert said.code == 1
    assert said.report["answer"] == ""


async def test_reason_is_a_tool_for_any_agent(tmp_path: Path) -> None:
    """A problem and a check in, a verified answer with its evidence out."""
    async with ModelServer(lambda ask: DOUBLE) as server:
        model = Endpoint(EndpointSettings(name="VibeThinker-3B", base_url=server.url))
        specialist = ModelSpecialist(model, preset=VIBETHINKER, plan=SamplingPlan(samples=2, first=1))
        tool = reason_tool(Orchestrator(ladder=[specialist], state=tmp_path / "state"))
        told = await tool.ainvoke({"problem": "Print the double of a number.", "cases": [["2\n", "4\n"]]})
        wrong = await tool.ainvoke({"problem": "Print the double of a number.", "cases": [["2\n", "5\n"]]})
        await model.close()
    assert told.startswith("verified (executed): 1 case printed what was expected")
    assert "print(2 * int(input()))" in told
    assert wrong.startswith("NOT solved (unverified)")


async def test_the_planner_may_reason_and_try_edits_while_it_looks(repository: MakeRepository, tmp_path: Path) -> None:
    """Both answer within the run, are counted in its ledger, and edits that were tried are taken as they are."""
    edit = "pkg/limits.py\n<<<<<<< SEARCH\nRETRIES = 3\n=======\nRETRIES = 42\n>>>>>>> REPLACE\n"
    test = "python -c 'from pkg.limits import RETRIES; assert RETRIES == 42'"

    def reply(ask: Ask) -> Reply:
        if not ask.tools:
            return Reply("\\boxed{42}")
        answers = [message["content"] for message in ask.messages if message["role"] == "tool"]
        if not answers:
            reason = ToolCall("reason", {"problem": "What is 6 * 7?", "expect": "42"})
            return Reply(tool_calls=(reason, ToolCall("try_edit", {"edits": edit, "command": test})))
        assert answers[0].startswith("verified (executed): equal to the known answer")
        patch = answers[1].partition(" ")[0]
        step = {"id": "s1", "kind": "edit", "goal": "g", "patch": patch, "statement": "s", "check": {"command": test}}
        return Reply(tool_calls=(ToolCall("submit_plan", {"steps": [step]}),))

    root = repository(FILES)
    async with ModelServer(reply) as server:
        models = [Endpoint(EndpointSettings(name=name, base_url=server.url)) for name in ("big", "VibeThinker-3B")]
        specialist = ModelSpecialist(models[1], preset=VIBETHINKER, plan=SamplingPlan(samples=1, first=1))
        orchestrator = Orchestrator(planner=ModelPlanner(models[0]), ladder=[specialist], state=tmp_path / "state")
        report = await orchestrator.run(Task(goal="more retries", repository=root, approval="never"))
        assert server.unexpected == []
        assert len(server.calls) == 3
        for model in models:
            await model.close()
    assert report.solved
    assert report.level == "tested"
    assert report.steps[0].rung == "tried edit"
    assert report.ledger is not None
    assert {row.step for row in report.ledger.rows} == {"gather", "reason-1"}
