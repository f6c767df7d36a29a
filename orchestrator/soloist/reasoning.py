"""`reason`: one verified delegation as a tool. Pose, sample, execute, select, repair; the answer comes with its evidence.

The same tool is used by the planner inside a run, and by any LangChain agent through `reason_tool`.
"""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field
from soloist_agents.contract import Gathered, Plan, Step, Verdict
from soloist_agents.step_check import AgreementCheck, AnswerCheck, Case, CasesCheck, StepCheck, TestsCheck
from soloist_sandbox.contract import Level, Value

from soloist.graph.state import Progress
from soloist.graph.wiring import solving
from soloist.live import Live
from soloist.task import Budget, Problem, Task

if TYPE_CHECKING:
    from soloist.orchestrator import Orchestrator

DESCRIPTION = (
    "Have the specialist solve one hard, self-contained problem now (minutes); it sees only `problem`. With `tests` (importing "
    "from `solution`) or `cases` it writes a program that is run on them; else it gives a value on which its samples must agree."
)
ALLOWANCE = 64
"""Candidates that one call inside a run may have judged."""


class ReasonInput(BaseModel):
    """What the tool takes."""

    problem: str
    tests: str = Field(default="", description="a pytest file")
    cases: list[list[str]] = Field(default=[], description="pairs: standard input, output")
    expect: str = Field(default="", description="the exact answer, where it is known")


class Reasoned(Value):
    """An answer and what it stands on."""

    passed: bool
    """It has passed its check. False for an answer that samples only agree on."""
    level: Level
    why: str
    answer: str

    def __str__(self) -> str:
        head = "verified" if self.passed else "agreed, not verified" if self.level == "agreed" else "NOT solved"
        return f"{head} ({self.level}): {self.why}\n\n{self.answer}".strip()


Solve = Callable[[Problem], Awaitable[Reasoned]]


def reason_tool(orchestrator: "Orchestrator", *, budget: Budget | None = None) -> BaseTool:
    """The tool, for any LangChain agent: each call is a run of its own, within `budget`."""

    async def solve(problem: Problem) -> Reasoned:
        report = await orchestrator.run(Task(goal="reason", problem=problem, budget=budget or Budget(), approval="never"))
        return Reasoned(passed=report.solved, level=report.level, why=report.why, answer=report.answer)

    return tool_over(solve)


def tool_in(live: Live) -> BaseTool:
    """The tool inside a run: same sandbox, same specialists, same ledger and deadline."""
    numbers = itertools.count(1)

    async def solve(problem: Problem) -> Reasoned:
        return await _solve_in(live, problem, f"reason-{next(numbers)}")

    return tool_over(solve)


def tool_over(solve: Solve) -> BaseTool:
    """The tool, whoever solves."""

    async def reason(
        problem: str, tests: str = "", cases: Sequence[Sequence[str]] = (), expect: str = ""
    ) -> tuple[str, Reasoned]:
        reasoned = await solve(problem_of(problem, tests=tests, cases=cases, expect=expect))
        return str(reasoned), reasoned

    return StructuredTool.from_function(
        coroutine=reason,
        name="reason",
        description=DESCRIPTION,
        args_schema=ReasonInput,
        response_format="content_and_artifact",
    )


def problem_of(problem: str, *, tests: str = "", cases: Sequence[Sequence[str]] = (), expect: str = "") -> Problem:
    """The problem with its one check. `cases`: pairs of input and output. Raises `ValueError` when there are several checks."""
    if any(len(case) != 2 for case in cases):
        raise ValueError("each of cases should be a pair: standard input and expected standard output")
    if sum((bool(tests.strip()), bool(cases), bool(expect.strip()))) > 1:
        raise ValueError("give one of tests, cases and expect")
    if tests.strip():
        return Problem(text=problem, kind="program", check=TestsCheck(files={"test_solution.py": tests}))
    if cases:
        known = tuple(Case(stdin=stdin, expected=expected) for stdin, expected in cases)
        return Problem(text=problem, kind="program", check=CasesCheck(cases=known))
    check: StepCheck = AnswerCheck(expected=expect) if expect.strip() else AgreementCheck()
    return Problem(text=problem, kind="answer", check=check)


async def _solve_in(live: Live, problem: Problem, name: str) -> Reasoned:
    step = Step(id=name, goal="reason", kind=problem.kind, target=problem.target, problem=problem.text, check=problem.check)
    result = await solving().ainvoke(
        {
            "step": name,
            "plan_ref": live.run.put(Plan, Plan(steps=(step,))),
            "gathered_ref": live.run.put(Gathered, Gathered()),
            "progress": Progress().model_dump(),
            "needed": {},
            "allowance": ALLOWANCE,
        },
        {"configurable": {"thread_id": name}, "recursion_limit": 10_000},
        context=live,
    )
    progress = Progress.model_validate(result["steps"][name])
    if not progress.verdict:
        return Reasoned(passed=False, level="unverified", why=progress.why or "no candidate passed", answer="")
    verdict = live.run.get(Verdict, progress.verdict)
    return Reasoned(passed=verdict.passed, level=verdict.level, why=verdict.why, answer=verdict.candidate.whole)
