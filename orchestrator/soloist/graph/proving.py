"""Stitching the solutions into a patch, verifying it on a clean copy, applying it, telling about it."""

import asyncio
import shutil
from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import interrupt
from soloist_agents.contract import Candidate, Plan, Verdict
from soloist_sandbox.integrity import judge, refuse_changes
from soloist_tools.functions import replace_function
from soloist_tools.workspace import Patch, TreeMoved, apply, make_patch

from soloist.graph.gather import CHECK
from soloist.graph.planning import replan_or_give_up
from soloist.graph.state import Progress, State, Update
from soloist.graph.telling import tell
from soloist.live import Live


async def stitch(state: State, runtime: Runtime[Live]) -> Update:
    """Put the chosen solutions into their places. No model is needed: it is a replacement in the syntax tree."""
    patch = await asyncio.to_thread(_stitched, state, runtime.context)
    runtime.context.journal.emit("stitch", f"stitched into {', '.join(change.path for change in patch.changes)}")
    return {"patch_ref": runtime.context.run.put(Patch, patch)}


async def verify(state: State, runtime: Runtime[Live]) -> Update:
    """Run the whole check once more, on a clean copy with the patch."""
    live = runtime.context
    patch = live.run.get(Patch, state["patch_ref"])
    check = CHECK.validate_python(state["check"])
    await asyncio.to_thread(_clean_copy, live, patch)
    session = await live.sandbox.open(live.run.clean)
    try:
        outcome = await session.run(check, limits=live.task.budget.check_limits)
    finally:
        await session.close()
    judgement = judge(check, live.gathered(state["gathered_ref"]).baseline, outcome)
    candidate = Candidate(author="stitch", text=patch.diff(), note=", ".join(state["chosen"]))
    verdict = Verdict(candidate=candidate, outcome=outcome, passed=judgement.passed, why=judgement.why, level=judgement.level)
    live.journal.emit("verify", f"on a clean copy: {judgement.why}", passed=judgement.passed, level=judgement.level)
    update: Update = {"verdict_ref": live.run.put(Verdict, verdict)}
    if not verdict.passed:
        update["steps"] = {step: _given_up(state, step, judgement.why) for step in state["chosen"]}
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
    approval = live.task.approval
    if approval == "ask":
        approval = "always" if interrupt({"question": "apply", "diff": patch.diff()}) is True else "never"
    if approval == "never":
        return {"decision": "not applied"}
    writing = asyncio.create_task(asyncio.to_thread(apply, live.task.repository, patch, live.run.journal))
    try:
        await asyncio.shield(writing)
    except TreeMoved as moved:
        return {"decision": str(moved)}
    except asyncio.CancelledError:
        await asyncio.wait([writing])  # a patch is applied or not, never left halfway by an interrupt
        raise
    live.journal.emit("apply", f"applied to {live.task.repository}; take it back with: soloist undo {live.run.id}")
    return {"decision": "applied"}


async def report(state: State, runtime: Runtime[Live]) -> Update:
    """Say what was done, on what evidence, and what it cost."""
    told = await asyncio.to_thread(tell, state, runtime.context)
    await asyncio.to_thread(runtime.context.run.report.write_text, told.model_dump_json(indent=2))
    return {"report": told.model_dump(mode="json")}


def _stitched(state: State, live: Live) -> Patch:
    made = live.run.get(Plan, state["plan_ref"])
    contents: dict[str, bytes] = {}
    for step in made.steps:
        if step.id in state["chosen"]:
            verdict = live.run.get(Verdict, Progress.model_validate(state["steps"][step.id]).verdict)
            before = contents.get(step.path) or (live.run.tree / step.path).read_bytes()
            contents[step.path] = replace_function(before, step.name, verdict.candidate.text)
    refuse_changes(contents, CHECK.validate_python(state["check"]), set(contents))
    return make_patch(live.run.tree, contents)


def _clean_copy(live: Live, patch: Patch) -> None:
    live.run.remove_clean()
    shutil.copytree(live.run.tree, live.run.clean, symlinks=True)
    for path, content in patch.as_changes().items():
        file = live.run.clean / path
        mode = file.stat().st_mode
        file.chmod(mode | 0o200)
        file.write_bytes(content)
        file.chmod(mode)


def _given_up(state: State, step: str, why: str) -> dict[str, object]:
    progress = Progress.model_validate(state["steps"][step])
    return progress.model_copy(update={"status": "given up", "why": why}).model_dump()
