"""Stitching the solutions into a patch, verifying it on a clean copy, applying it, telling about it."""

import asyncio
import shutil
from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import interrupt
from soloist_agents.checking import failure_of
from soloist_agents.contract import Verdict
from soloist_agents.posing import shortened
from soloist_tools.workspace import Patch, TreeMoved, apply, make_patch

from soloist.graph.planning import replan_or_give_up
from soloist.graph.state import Progress, State, Update
from soloist.graph.telling import tell
from soloist.graph.whole import verify_whole
from soloist.live import Live, planner_tests

MOST_TOLD = 3_000
"""Characters of a failed check that the planner is told."""


async def stitch(state: State, runtime: Runtime[Live]) -> Update:
    """Put the chosen solutions into their places. No model is needed: it is a replacement in the syntax tree."""
    patch = await asyncio.to_thread(_stitched, state, runtime.context)
    runtime.context.journal.emit("stitch", f"stitched into {', '.join(change.path for change in patch.changes)}")
    return {"patch_ref": runtime.context.run.put(Patch, patch)}


async def verify(state: State, runtime: Runtime[Live]) -> Update:
    """Run the whole check once more, and each step's own, on a clean copy with the patch."""
    live = runtime.context
    patch = live.run.get(Patch, state["patch_ref"])
    await asyncio.to_thread(_clean_copy, live, patch)
    verdict, left_out = await verify_whole(state, live, patch)
    live.journal.emit("verify", f"on a clean copy: {verdict.why}", passed=verdict.passed, level=verdict.level)
    update: Update = {"verdict_ref": live.run.put(Verdict, verdict), "left_out": list(left_out)}
    if not verdict.passed:
        told = shortened(failure_of(live.task.check, verdict.outcome, verdict.why), MOST_TOLD)
        why = f"it passed its own check, but with it the check of the whole did not pass: {told}"
        update["steps"] = {step: _given_up(state, step, why) for step in state["chosen"]}
    return update


def after_verify(state: State, runtime: Runtime[Live]) -> Literal["proved", "replan", "give up"]:
    """Only a patch that passed on the clean copy may be applied."""
    if runtime.context.run.get(Verdict, state["verdict_ref"]).passed:
        return "proved"
    return replan_or_give_up(state, runtime)


async def apply_patch(state: State, runtime: Runtime[Live]) -> Update:
    """Write the patch to the user's tree, where that is allowed; all of it or nothing."""
    live = runtime.context
    patch = live.run.get(Patch, state["patch_ref"])
    await asyncio.to_thread(live.run.patch.write_text, patch.model_dump_json())
    repository, approval = live.task.repository, live.task.approval
    if approval == "ask":
        approval = "always" if interrupt({"question": "apply", "diff": patch.diff()}) is True else "never"
    if approval == "never" or repository is None:
        return {"decision": "not applied"}
    writing = asyncio.create_task(asyncio.to_thread(apply, repository, patch, live.run.journal))
    try:
        await asyncio.shield(writing)
    except TreeMoved as moved:
        return {"decision": str(moved)}
    except asyncio.CancelledError:
        await asyncio.wait([writing])  # a patch is applied or not, never left halfway by an interrupt
        raise
    live.journal.emit("apply", f"applied to {repository}; take it back with: soloist undo {live.run.id}")
    return {"decision": "applied"}


async def report(state: State, runtime: Runtime[Live]) -> Update:
    """Say what was done, on what evidence, and what it cost."""
    live = runtime.context
    told = await asyncio.to_thread(tell, state, live)
    told = type(told).model_validate_json(live.journal.scrub(told.model_dump_json()))
    await asyncio.to_thread(live.run.report.write_text, told.model_dump_json(indent=2))
    return {"report": told.model_dump(mode="json")}


def _stitched(state: State, live: Live) -> Patch:
    chosen = {step: state["steps"][step] for step in state["chosen"]}
    contents = live.changed(state["plan_ref"], chosen)
    if live.keeps_tests:
        contents |= planner_tests(live, state["plan_ref"], chosen)
    return make_patch(live.run.tree, contents)


def _clean_copy(live: Live, patch: Patch) -> None:
    live.run.remove_clean()
    shutil.copytree(live.run.tree, live.run.clean, symlinks=True)
    journal = live.run.folder / "clean-journal"
    shutil.rmtree(journal, ignore_errors=True)
    apply(live.run.clean, patch, journal)


def _given_up(state: State, step: str, why: str) -> dict[str, object]:
    progress = Progress.model_validate(state["steps"][step])
    return progress.model_copy(update={"status": "given up", "why": why}).model_dump()
