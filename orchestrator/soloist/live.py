"""The live objects of a run: they travel beside the state, never in it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.tools import BaseTool
from soloist_agents.contract import (
    Author,
    Gathered,
    Given,
    NearMiss,
    Plan,
    Planner,
    Shown,
    Situation,
    Specialist,
    Step,
    StepResult,
    Verdict,
)
from soloist_agents.excerpts import excerpt, path_of
from soloist_agents.models.ledger import Ledger
from soloist_agents.step_check import ANSWER_FILE, runnable, test_files
from soloist_agents.stitching import stitcher
from soloist_agents.trials import Trial
from soloist_sandbox.contract import Outcome, Sandbox, Session
from soloist_tools.failing_tests import sources_of_tests
from soloist_tools.functions import functions
from soloist_tools.tree import Tree

from soloist.events import Journal
from soloist.evidence import evidence_for_answer
from soloist.graph.state import Progress
from soloist.history import History
from soloist.ladder import Ladder, Nobody
from soloist.rundir import RunDir
from soloist.streams import Streams
from soloist.task import Task

MOST_GIVEN = 6_000
"""Characters of an earlier step's result that a later step is shown."""


@dataclass
class Live:
    """What the nodes work with. One for each run and process."""

    task: Task
    run: RunDir
    sandbox: Sandbox
    session: Session
    planner: Planner
    ladder: Ladder
    journal: Journal
    ledger: Ledger
    history: History
    tools: tuple[BaseTool, ...]
    deadline: float
    """By `time.monotonic()`."""
    implied: bool = False
    """The check is the repository's own suite: it must still pass, but it does not tell when the task is done."""
    started: float = field(default_factory=time.monotonic)
    solved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when one of several alternative steps is solved, so that the others stop."""
    streams: Streams = field(default_factory=Streams)
    trials: dict[str, Trial] = field(default_factory=dict)
    """By step id; a trial learns how long candidates take."""
    _there: dict[str, bool] = field(default_factory=dict)
    """By step id: the function to be written exists already."""

    @property
    def seconds_left(self) -> float:
        """Until the search must end; never negative."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def keeps_tests(self) -> bool:
        """Whether tests that the planner wrote become part of the change: where the user gave no check of their own."""
        return self.implied or self.task.check is None

    def gathered(self, ref: str | None) -> Gathered:
        """What was gathered so far."""
        return self.run.get(Gathered, ref) if ref else Gathered()

    def situation(self, gathered: Gathered, history: Sequence[StepResult] = (), planned_turn: int = 0) -> Situation:
        """All that the planner may know."""
        check = self.task.check
        return Situation(
            goal=self.task.goal,
            check=check,
            gathered=gathered,
            tree=Tree(self.run.tree),
            tools=self.tools,
            implied=self.implied,
            history=history,
            planned_turn=planned_turn,
            asks=self.task.asks,
        )

    def step(self, plan_ref: str, step: str) -> Step:
        """A step of the plan, by id."""
        return next(s for s in self.run.get(Plan, plan_ref).steps if s.id == step)

    def posed(self, step: Step, progress: Progress) -> Step:
        """The step as it was put before the specialists, once it was."""
        return self.run.get(Step, progress.step) if progress.step else step

    def all_needs(self, plan: Plan, step: str) -> tuple[str, ...]:
        """The ids that a step needs, directly or through others, in the plan's order."""
        by_id = {s.id: s for s in plan.steps}
        wanted, waiting = set[str](), [step]
        while waiting:
            fresh = set(by_id[waiting.pop()].needs) - wanted
            wanted |= fresh
            waiting += fresh
        return tuple(s.id for s in plan.steps if s.id in wanted)

    def changed(self, plan_ref: str, solved: Mapping[str, Any]) -> dict[str, bytes]:
        """The files that solved steps have changed, each on top of those before it. `solved`: id -> progress as JSON.

        Raises ValueError when one doesn't fit on top of the others.
        """
        tree = Tree(self.run.tree)
        for step in self.run.get(Plan, plan_ref).steps:
            progress = Progress.model_validate(solved[step.id]) if step.id in solved else Progress()
            if progress.verdict:
                candidate = self.run.get(Verdict, progress.verdict).candidate
                tree = tree.over(stitcher(self.posed(step, progress), tree)(candidate))
        return {path: content for path, content in tree.changes.items() if path != ANSWER_FILE}

    def changes_files(self, plan_ref: str, chosen: Sequence[str]) -> bool:
        """Whether the chosen steps' solutions go into the repository."""
        kinds = {step.kind for step in self.run.get(Plan, plan_ref).steps if step.id in chosen}
        return self.task.problem is None and bool(kinds & {"function", "edit", "program"})

    def completed(self, step: Step, tree: Tree, needed: Mapping[str, Any], plan: Plan, gathered: Gathered) -> Step:
        """The step with everything that its solver must see."""
        givens = [self._given(s, Progress.model_validate(needed[s.id])) for s in plan.steps if s.id in needed]
        if step.kind == "knowledge":
            own = {path_of(file): tree.read(path_of(file)) for file in step.files}
            givens += [Given(title=path, text=_numbered(raw)) for path, raw in own.items() if raw is not None]
            givens += evidence_for_answer([e for e in gathered.evidence if e.source.partition(":")[0] not in own])
        source = tree.read(step.path) if step.kind == "function" else None
        shown = _shown(step, tree) if step.kind == "edit" else ()
        return step.model_copy(
            update={
                "givens": (*step.givens, *givens),
                "shown": shown,
                "source": step.source or _text(source) or "",
                "tests": step.tests or self._failing_tests(step, gathered),
                "task": step.task or self.task.goal,
            }
        )

    def rungs(self, step: Step) -> tuple[Specialist, ...]:
        """Who may work on a step, cheapest first."""
        author = self.planner.author if isinstance(self.planner, Author) else None
        if step.id not in self._there:
            self._there[step.id] = step.kind == "function" and step.name in {s.qualname for s in _functions(step.source)}
        return self.ladder.rungs(step, there=self._there[step.id], author=author) or (Nobody(),)

    async def baseline(self, step: Step, tree: Tree, gathered: Gathered) -> Outcome | None:
        """The step's check before any candidate: run, unless it is the task's own on the unchanged tree."""
        check = runnable(step.check)
        if check is None:
            return None
        files = test_files(step.check)
        if check == self.task.check and not tree.changes and not files and gathered.baseline is not None:
            return gathered.baseline
        return await self.session.run(check, changes={**tree.changes, **files}, limits=self.task.budget.check_limits)

    def misses(self, ref: str) -> Sequence[NearMiss]:
        """Kept near misses."""
        return self.run.get(tuple[NearMiss, ...], ref) if ref else ()

    def _failing_tests(self, step: Step, gathered: Gathered) -> str:
        """What a step that is judged by the task's check must turn green."""
        report = gathered.baseline.report if gathered.baseline and step.check == self.task.check else None
        if report is None:
            return ""
        failing = report.ids("failed", "error")
        return "\n\n".join(sources_of_tests(failing, Tree(self.run.tree), numbers=False))

    def _given(self, step: Step, progress: Progress) -> Given:
        verdict = self.run.get(Verdict, progress.verdict) if progress.verdict else None
        if verdict is None:
            return Given(title=step.goal, text="")
        text = verdict.candidate.text
        if step.kind == "command" and verdict.outcome is not None:
            text = f"$ {text}\n{verdict.outcome.stdout}{verdict.outcome.stderr}"
        where = f" (in {step.target})" if step.target else ""
        return Given(title=f"{step.goal}{where}", text=text[:MOST_GIVEN])


def planner_tests(live: Live, plan_ref: str, solved: Mapping[str, Any]) -> dict[str, bytes]:
    """The tests that the planner wrote for these steps. `solved`: id -> progress as JSON."""
    files: dict[str, bytes] = {}
    for step in live.run.get(Plan, plan_ref).steps:
        if step.id in solved:
            files |= test_files(live.posed(step, Progress.model_validate(solved[step.id])).check)
    return files


def _functions(source: str) -> Sequence[Any]:
    try:
        return functions(source) if source else ()
    except ValueError:
        return ()


def _shown(step: Step, tree: Tree) -> tuple[Shown, ...]:
    """The files of an edit; of long ones the parts that it speaks of."""
    found = []
    for path in dict.fromkeys(path_of(file) for file in step.files):
        text = _text(tree.read(path))
        if text is None:
            found.append(Shown(path=path, text=None))
            continue
        part = excerpt(text, [file for file in step.files if path_of(file) == path], f"{step.goal}\n{step.problem}")
        found.append(Shown(path=path, text=part.text, whole=part.whole))
    return tuple(found)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("utf-8", "replace")


def _numbered(raw: bytes) -> str:
    lines = raw.decode("utf-8", "replace").splitlines()
    return "\n".join(f"{number:5d}  {line}" for number, line in enumerate(lines, 1))[:MOST_GIVEN]
