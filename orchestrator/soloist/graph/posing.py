"""Putting a step before the specialists: completed with what they must see, and its check tried before any candidate is."""

import asyncio

from soloist_agents.checking import fault_of_check
from soloist_agents.contract import CheckWriter, Plan, Step
from soloist_agents.models.contract import ModelError
from soloist_agents.selection.choosing import Selection, chosen
from soloist_agents.selection.tally import Voting
from soloist_agents.step_check import TestsCheck
from soloist_agents.trials import make_trial
from soloist_sandbox.contract import Outcome
from soloist_tools.tree import Tree

from soloist.graph.judging import votes_of
from soloist.graph.state import Progress, SolveState
from soloist.ladder import Nobody, samples_of
from soloist.live import Live

MOST_REWRITES = 1
"""How often a check that can't be used, or is suspected, is written anew."""


async def pose_step(state: SolveState, live: Live) -> Progress:
    """The step's progress, its trial made; given up, with the reason, where it can't be tried."""
    progress = Progress.model_validate(state["progress"])
    if state["step"] in live.trials:
        return progress
    step = live.step(state["plan_ref"], state["step"])
    try:
        return await _posed(state, live, step, progress)
    except (OSError, ValueError) as unfit:
        return progress.model_copy(update={"status": "given up", "why": str(unfit)})


async def _posed(state: SolveState, live: Live, step: Step, progress: Progress) -> Progress:
    plan = live.run.get(Plan, state["plan_ref"])
    gathered = live.gathered(state["gathered_ref"])
    needed = state.get("needed", {})
    tree = Tree(live.run.tree, await asyncio.to_thread(live.changed, state["plan_ref"], needed))
    if not progress.step:
        step = await asyncio.to_thread(live.completed, step, tree, needed, plan, gathered)
        if isinstance(live.rungs(step)[0], Nobody):
            raise ValueError(f"nobody can do a step of kind {step.kind}: it needs a model")
        step = step.model_copy(update={"selection": _selection(live, step)})
    else:
        step = live.posed(step, progress)
    before = await live.baseline(step, tree, gathered)
    if before is not None and before is not gathered.baseline:
        progress = progress.model_copy(update={"proved_runs": progress.proved_runs + 1})
    step, before, progress = await _checked(live, step, tree, before, progress)
    trial = await asyncio.to_thread(make_trial, step, tree, live.session, before, live.task.budget.check_limits)
    if isinstance(trial, Voting):  # what was cast before a run was interrupted
        await trial.restore(votes_of(live, progress))
        trial.absent(progress.absent)
    live.trials[step.id] = trial
    return progress.model_copy(update={"step": live.run.put(Step, step)})


def _selection(live: Live, step: Step) -> Selection:
    """What the task asks for, as far as it suits this step. In a repository's run a value is a side question: it is not worth the
    many calls that high effort spends on one that is asked for itself."""
    wanted = live.task.selection
    if live.task.problem is None and wanted.effort == "high":
        wanted = wanted.model_copy(update={"effort": "normal"})
    try:
        strategy = chosen(wanted, step.kind, step.check)
    except ValueError:
        strategy = chosen(wanted.model_copy(update={"strategy": None}), step.kind, step.check)
    samples = wanted.samples or samples_of(live.rungs(step))
    authors = wanted.authors or (live.history.shares() if strategy == "weighted" else {})
    return wanted.model_copy(update={"strategy": strategy, "samples": samples, "authors": authors})


async def mend_suspect(state: SolveState, live: Live, progress: Progress) -> Progress | None:
    """The step with its suspected check written anew and its trial made again; None where that can't be."""
    step = live.posed(live.step(state["plan_ref"], state["step"]), progress)
    if progress.check_rewrites >= MOST_REWRITES:
        return None
    tree = Tree(live.run.tree, await asyncio.to_thread(live.changed, state["plan_ref"], state.get("needed", {})))
    try:
        rewritten = await _rewritten(live, step, progress.suspect)
        if rewritten is None:
            return None
        progress = progress.model_copy(update={"check_rewrites": progress.check_rewrites + 1})
        before = await live.baseline(rewritten, tree, live.gathered(None))
        if before is None or fault_of_check(rewritten.check, before) is not None:
            return None
        limits = live.task.budget.check_limits
        live.trials[step.id] = await asyncio.to_thread(make_trial, rewritten, tree, live.session, before, limits)
    except ValueError:
        return None  # the old check stays, and is told as suspected
    return progress.model_copy(update={"step": live.run.put(Step, rewritten)})


async def _checked(
    live: Live, step: Step, tree: Tree, before: Outcome | None, progress: Progress
) -> tuple[Step, Outcome | None, Progress]:
    """The step with a check that runs and fails on the present code; one that does not is written anew, once.

    Raises ValueError when there is none.
    """
    own = live.task.check is None or step.check != live.task.check
    while own and before is not None and (fault := fault_of_check(step.check, before)) is not None:
        live.journal.emit("step.check", f"{step.id}: its check can't be used: {fault}", step=step.id)
        rewritten = await _rewritten(live, step, fault) if progress.check_rewrites < MOST_REWRITES else None
        if rewritten is None:
            raise ValueError(f"its check can't be used: {fault}")
        progress = progress.model_copy(update={"check_rewrites": progress.check_rewrites + 1})
        step, before = rewritten, await live.baseline(rewritten, tree, live.gathered(None))
    return step, before, progress


async def _rewritten(live: Live, step: Step, fault: str) -> Step | None:
    if not isinstance(live.planner, CheckWriter) or not isinstance(step.check, TestsCheck):
        return None
    try:
        async with asyncio.timeout(live.seconds_left):
            return await live.planner.rewrite_check(step, fault)
    except ModelError as error:
        raise ValueError(f"its check can't be used ({fault}), and was not mended: {error}") from error
    except TimeoutError:
        raise ValueError(f"its check can't be used ({fault}), and there was no time to mend it") from None
