"""The check of the whole: the task's own, or the repository's suite with the planner's tests in it; and each step's again."""

import asyncio

from soloist_agents.contract import Candidate, Plan, Verdict
from soloist_agents.step_check import TestsCheck, runnable, test_files
from soloist_sandbox.contract import Outcome, PytestCheck, RepositoryCheck, Session
from soloist_sandbox.integrity import Judgement, judge
from soloist_tools.workspace import Patch

from soloist.graph.state import Progress, State
from soloist.live import Live, planner_tests

NOTHING_CHECKED = Judgement(passed=False, level="unverified", why="there was no check to run on the whole")
MOST_LEFT_OUT = 50
"""Tests that failed before and are no business of the task: left out of the suite, and named in the report."""


async def verify_whole(state: State, live: Live, patch: Patch) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict on the patch, from the clean copy that it was applied to, and the tests that were left out of it."""
    session = await live.sandbox.open(live.run.clean)
    try:
        outcome, judgement, left_out = await _judged(state, live, session)
    finally:
        await session.close()
    candidate = Candidate(author="stitch", text=patch.diff(), note=", ".join(state["chosen"]))
    verdict = Verdict(candidate=candidate, outcome=outcome, passed=judgement.passed, why=judgement.why, level=judgement.level)
    return verdict, left_out


async def _judged(state: State, live: Live, session: Session) -> tuple[Outcome | None, Judgement, tuple[str, ...]]:
    check, before, left_out = await _whole(state, live)
    limits = live.task.budget.check_limits
    outcome, judgement = None, NOTHING_CHECKED
    if check is not None:
        outcome = await session.run(check, limits=limits)
        judgement = judge(check, before, outcome)
        if not judgement.passed:
            return outcome, judgement, left_out
    for step, own, files in _own_checks(state, live, check):
        again = await session.run(own, changes=files, limits=limits)
        again_judged = judge(own, None, again)
        if not again_judged.passed:
            why = f"the check of {step} fails on the whole: {again_judged.why}"
            return again, again_judged.model_copy(update={"why": why}), left_out
        if judgement.level != "tested":  # this one was seen to fail before any candidate was tried
            so_far = f"{judgement.why}; " if judgement.passed else ""
            why = f"{so_far}the check of {step}, which failed before, passed"
            outcome, judgement = outcome or again, Judgement(passed=True, level="tested", why=why)
    return outcome, judgement, left_out


def _without(test: str) -> str:
    """A test, or a file that can't be collected, left out of a pytest run."""
    return f"--deselect={test}" if "::" in test else f"--ignore={test}"


async def _whole(state: State, live: Live) -> tuple[RepositoryCheck | None, Outcome | None, tuple[str, ...]]:
    """The check (None: only the steps' own), its run before the change, and what was left out of it.

    What failed before is no business of the task.
    """
    chosen = {step: state["steps"][step] for step in state["chosen"]}
    baseline = live.gathered(state["gathered_ref"]).baseline
    check = live.task.check
    if not live.keeps_tests and check is not None:
        return check, baseline, ()
    tests = await asyncio.to_thread(planner_tests, live, state["plan_ref"], chosen)
    if check is None:
        if not tests:
            return None, None, ()
        check = PytestCheck(args=tuple(tests), as_module=True)
    limits = live.task.budget.check_limits
    before = await live.session.run(check, changes=tests, limits=limits)
    left_out: tuple[str, ...] = ()
    while live.implied and isinstance(check, PytestCheck) and len(left_out) <= MOST_LEFT_OUT:
        failing = before.report.ids("failed", "error") if before.report else ()
        more = tuple(test for test in failing if test.partition("::")[0] not in tests)
        if not more:
            break
        left_out += more  # a file that can't be collected hides the tests behind it: look again without it
        check = check.model_copy(update={"args": (*check.args, *(_without(test) for test in more))})
        before = await live.session.run(check, changes=tests, limits=limits)
    return check, before, left_out


def _own_checks(state: State, live: Live, whole: RepositoryCheck | None) -> list[tuple[str, RepositoryCheck, dict[str, bytes]]]:
    """The steps' own checks, but those that the check of the whole has run already."""
    found = []
    for step in live.run.get(Plan, state["plan_ref"]).steps:
        if step.id not in state["chosen"]:
            continue
        posed = live.posed(step, Progress.model_validate(state["steps"][step.id]))
        own = runnable(posed.check)
        covered = isinstance(posed.check, TestsCheck) and live.keeps_tests
        if own is not None and own != whole and posed.check != live.task.check and not covered:
            found.append((step.id, own, test_files(posed.check)))
    return found
