"""Trial of changes to the workspace: screened cheaply, and what survives is proved in a clean container.

Three stages, each on what the one before let through:

1. the tests that failed before the change, in a warm container (most candidates end here);
2. the whole check, in a warm container, stopped at the first failure;
3. `prove`: the whole check in a clean container of its own. Only this makes a `Verdict`.
"""

import contextlib
from collections.abc import AsyncGenerator, Container, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import cast

from soloist_sandbox.contract import Changes, Check, Limits, Outcome, PytestCheck, Screened, Session, TestReport
from soloist_sandbox.integrity import judge, refuse_changes
from soloist_tools.localise import FAILING

from soloist_agents.contract import Candidate, NearMiss, Verdict
from soloist_agents.stitching import Stitch
from soloist_agents.trials.contract import Screening

SLACK_SECONDS = 1.0
"""Room for a busy machine on top of what a trial is expected to take."""
TIMES_EXPECTED = 6
MANY_FAILING = 8
"""Of more failing tests than this, an even selection is run in the first stage."""


@dataclass
class WorkspaceTrial:
    """Tries candidates that change files, over a session whose workspace is unchanged."""

    check: Check
    session: Session
    stitch: Stitch
    """A candidate's own changes."""
    existing: Container[str]
    """The files that the workspace has."""
    base: Changes
    """Laid under every candidate: what earlier steps have changed, and the step's own tests."""
    baseline: Outcome
    """The check on the workspace with `base`, before any candidate."""
    limits: Limits
    _seen_seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        report = self.baseline.report or TestReport()
        failing = [t.id for t in report.tests if t.status in FAILING and "::" in t.id]
        self._failing = tuple(failing[:: -(-len(failing) // MANY_FAILING) or 1])
        self._reached = _reached(report, self._failing)

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """The files with the candidate stitched in. Raises ValueError when it doesn't fit, or touches what it may not."""
        changed = self.stitch(candidate)
        refuse_changes(changed, self.check, self.existing)
        return changed

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """Stages one and two."""
        variants: list[tuple[Candidate, Mapping[str, bytes]]] = []
        for candidate in candidates:
            with contextlib.suppress(ValueError):  # not one function of that name: it has failed, and costs nothing
                variants.append((candidate, {**self.base, **self.changes(candidate)}))
        misses: list[NearMiss] = []
        check = self.check
        if isinstance(check, PytestCheck) and self._failing:
            variants, misses = await self._first_stage(check.narrowed(self._failing), variants)
            check = check.narrowed((), fail_fast=True)
        return await self._second_stage(check, variants, misses, len(candidates))

    async def prove(self, candidate: Candidate) -> Verdict:
        """The whole check in a clean container, compared with the run before the change."""
        changes = {**self.base, **self.changes(candidate)}
        outcome = await self.session.run(self.check, changes=changes, limits=self.limits)
        judgement = judge(self.check, self.baseline, outcome)
        return Verdict(candidate=candidate, outcome=outcome, passed=judgement.passed, why=judgement.why, level=judgement.level)

    async def _first_stage(
        self, check: PytestCheck, variants: Sequence[tuple[Candidate, Mapping[str, bytes]]]
    ) -> tuple[list[tuple[Candidate, Mapping[str, bytes]]], list[NearMiss]]:
        passed, misses = [], []
        for candidate, changes, seen in await self._screened(check, variants, self._first_limits()):
            if _all_passed(seen, self._failing):
                passed.append((candidate, changes))
            else:
                misses += self._near_miss(candidate, seen.report)
            if seen.limit is None:
                self._seen_seconds.append(seen.seconds)
        return passed, misses

    async def _second_stage(
        self, check: Check, variants: Sequence[tuple[Candidate, Mapping[str, bytes]]], misses: Sequence[NearMiss], judged: int
    ) -> Screening:
        survivors, near = [], list(misses)
        for candidate, _, seen in await self._screened(check, variants, self.limits):
            if seen.exit_code == 0 and seen.limit is None:
                survivors.append(candidate)
            elif self._failing:
                near.append(NearMiss(candidate=candidate, passed=len(self._failing), why="breaks other tests"))
        return Screening(survivors=tuple(survivors), misses=tuple(near), judged=judged)

    async def _screened(
        self, check: Check, variants: Sequence[tuple[Candidate, Mapping[str, bytes]]], limits: Limits
    ) -> list[tuple[Candidate, Mapping[str, bytes], Screened]]:
        """Trial results in the order of the variants, so that a run does not depend on the machine's speed."""
        if not variants:
            return []
        results = cast("AsyncGenerator[Screened, None]", self.session.screen(check, [v for _, v in variants], limits=limits))
        async with contextlib.aclosing(results):
            found = {seen.index: seen async for seen in results}
        return [(candidate, changes, found[i]) for i, (candidate, changes) in enumerate(variants) if i in found]

    def _first_limits(self) -> Limits:
        """A deadline close to what these tests take, so that an endless loop is cut early."""
        expected = median(self._seen_seconds) if len(self._seen_seconds) >= 8 else self._expected_seconds()
        seconds = min(self.limits.seconds, SLACK_SECONDS + TIMES_EXPECTED * expected)
        return self.limits.model_copy(update={"seconds": seconds})

    def _expected_seconds(self) -> float:
        """Before anything was tried: start-up of the check plus its failing tests at the speed of its passing ones."""
        tests = (self.baseline.report or TestReport()).tests
        start = max(0.0, self.baseline.seconds - sum(t.seconds for t in tests))
        passing = [t.seconds for t in tests if t.status == "passed"]
        return start + len(self._failing) * (median(passing) if passing else 0.02)

    def _near_miss(self, candidate: Candidate, report: TestReport | None) -> list[NearMiss]:
        if report is None:
            return []
        passed = sum(1 for test in report.tests if test.status == "passed" and test.id in self._failing)
        reached = _reached(report, self._failing)
        if not passed and reached <= self._reached:
            return []
        why = next((t.message for t in report.tests if t.status in FAILING), "")
        return [NearMiss(candidate=candidate, passed=passed, reached=reached, why=why)]


def _all_passed(seen: Screened, ids: Sequence[str]) -> bool:
    if seen.exit_code != 0 or seen.limit is not None or seen.report is None:
        return False
    return set(ids) <= set(seen.report.ids("passed"))


def _reached(report: TestReport, ids: Sequence[str]) -> int:
    """Where in its own file the first of these tests failed: a test of many assertions shows progress by it."""
    for test in report.tests:
        if test.id in ids and test.status in FAILING and test.frames:
            own = test.frames[0].path
            return [frame.line for frame in test.frames if frame.path == own][-1]
    return 0
