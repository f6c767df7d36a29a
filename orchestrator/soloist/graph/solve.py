"""One step's loop: pose -> sample -> execute -> select -> (sample | repair | escalate | done).

The loop ends when the step is solved, its share of the budget is used, or every specialist has run out of ideas.
"""

import asyncio
from collections.abc import Sequence
from typing import Literal

from langgraph.runtime import Runtime
from soloist_agents.contract import Candidate, NearMiss, Plan, Step, Verdict
from soloist_agents.trial import Screening, Trial

from soloist.graph.state import Progress, SolveOutput, SolveState, SolveUpdate
from soloist.live import Live

BATCH = 48
"""Candidates judged between two checkpoints, at most."""
FIRST_BATCH = 16
"""The first batch is small: most faults that can be repaired at all are among the likeliest candidates."""
KEPT_MISSES = 20
FRESH_BEFORE_REPAIR = 400
"""Fresh candidates judged before near misses are built on, and between two such rounds."""
REPAIRS_A_ROUND = 300
MOST_PROVED = 5
"""Survivors of one batch that get a clean container of their own."""


async def pose(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Put the step before the specialists; one that can't be tried at all is given up, and says why."""
    progress = _progress(state)
    live = runtime.context
    live.journal.emit("step.start", f"{state['step']}: {state['allowance']} candidates", step=state["step"], tried=progress.tried)
    try:
        live.trial(live.step(state["plan_ref"], state["step"]), state["gathered_ref"])
    except (OSError, ValueError) as unfit:
        progress = progress.model_copy(update={"status": "given up", "why": str(unfit)})
    return {"spent": 0, "batch": 0, "progress": progress.model_dump()}


async def sample(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Draw the next candidates from the specialist at work."""
    live, progress = runtime.context, _progress(state)
    step = live.step(state["plan_ref"], state["step"])
    idle = live.solved.is_set() or progress.status != "open"
    wanted = 0 if idle else _batch_size(progress, state["allowance"] - state["spent"])
    try:
        batch, taken = await live.draw(step, progress, wanted) if wanted else ((), 0)
    except ValueError as unfit:
        progress = progress.model_copy(update={"status": "given up", "why": str(unfit)})
        return {"progress": progress.model_dump(), "batch": 0, "batch_ref": live.run.put(tuple[Candidate, ...], ())}
    if progress.phase == "repair":
        progress = progress.model_copy(update={"repair_drawn": progress.repair_drawn + taken})
    else:
        progress = progress.model_copy(update={"drawn": progress.drawn + taken, "exhausted": len(batch) < wanted})
    return {
        "progress": progress.model_dump(),
        "batch_ref": live.run.put(tuple[Candidate, ...], batch),
        "batch": len(batch),
    }


async def execute(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Judge the candidates in the sandbox."""
    live, progress = runtime.context, _progress(state)
    batch = live.run.get(tuple[Candidate, ...], state["batch_ref"])
    if not batch:
        return {}
    step = live.step(state["plan_ref"], state["step"])
    trial = live.trial(step, state["gathered_ref"])
    screening = await _screen(trial, batch, live)
    verdict, runs = await _prove(trial, screening.survivors, live, step)
    misses = _best([*live.misses(progress.misses), *screening.misses])
    update: dict[str, object] = {
        "tried": progress.tried + screening.judged,
        "plausible": progress.plausible + len(screening.survivors),
        "proved_runs": progress.proved_runs + runs,
        "near_misses": progress.near_misses + len(screening.misses),
        "misses": live.run.put(tuple[NearMiss, ...], misses),
    }
    if verdict is not None:
        update |= {
            "status": "solved",
            "verdict": live.run.put(Verdict, verdict),
            "size": verdict.candidate.size,
            "why": verdict.why,
        }
    progress = progress.model_copy(update=update)
    live.journal.emit("step.batch", _told(step, progress), step=step.id, tried=progress.tried, plausible=progress.plausible)
    return {"progress": progress.model_dump(), "spent": state["spent"] + len(batch)}


async def select(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Settle what the last batch means for the step."""
    live, progress = runtime.context, _progress(state)
    if progress.status == "solved" and _alternatives(live, state):
        live.solved.set()
    ended = state["batch"] == 0 or progress.repair_drawn >= REPAIRS_A_ROUND
    if progress.phase == "repair" and ended:
        progress = progress.model_copy(update={"phase": "fresh"})
    out_of_ideas = progress.exhausted and progress.phase == "fresh" and not _worth_repair(progress)
    if progress.status == "open" and out_of_ideas and progress.rung + 1 >= len(live.ladder):
        progress = progress.model_copy(update={"status": "given up", "why": "every specialist has run out of candidates"})
    stop = live.solved.is_set() or live.seconds_left <= 0 or state["spent"] >= state["allowance"]
    return {"progress": progress.model_dump(), "stop": stop}


def next_move(state: SolveState) -> Literal["more", "near misses", "out of ideas", "done"]:
    """Go on sampling, build on near misses, hand over to the next specialist, or end."""
    progress = _progress(state)
    if progress.status != "open" or state["stop"]:
        return "done"
    if progress.phase == "repair":
        return "more"
    due = progress.drawn >= FRESH_BEFORE_REPAIR * (progress.repair_round + 1)
    if _worth_repair(progress) and (progress.exhausted or due):
        return "near misses"
    return "out of ideas" if progress.exhausted else "more"


async def repair(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Build on the nearest misses."""
    progress = _progress(state)
    update = {
        "phase": "repair",
        "repair_round": progress.repair_round + 1,
        "repair_drawn": 0,
        "repair_misses": progress.misses,
    }
    runtime.context.journal.emit(
        "step.repair", f"{state['step']}: building on {progress.near_misses} near misses", step=state["step"]
    )
    return {"progress": progress.model_copy(update=update).model_dump()}


async def escalate(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Hand the step to the next specialist of the ladder."""
    progress = _progress(state)
    progress = progress.model_copy(update={"rung": progress.rung + 1, "phase": "fresh", "drawn": 0, "exhausted": False})
    name = runtime.context.ladder[progress.rung].name
    runtime.context.journal.emit("step.escalate", f"{state['step']}: handed to {name}", step=state["step"], rung=name)
    return {"progress": progress.model_dump()}


async def done(state: SolveState) -> SolveOutput:
    """Give the step's progress back."""
    return {"steps": {state["step"]: state["progress"]}}


def _progress(state: SolveState) -> Progress:
    return Progress.model_validate(state["progress"])


def _batch_size(progress: Progress, left: int) -> int:
    return min(max(FIRST_BATCH, progress.tried), BATCH, max(1, left))


def _alternatives(live: Live, state: SolveState) -> bool:
    """Whether one solved step is enough for the whole plan."""
    return live.run.get(Plan, state["plan_ref"]).mode == "any"


def _worth_repair(progress: Progress) -> bool:
    """Near misses that no repair round has built on yet."""
    return bool(progress.near_misses) and progress.misses != progress.repair_misses


async def _screen(trial: Trial, batch: Sequence[Candidate], live: Live) -> Screening:
    """Screen the batch, until the deadline or until another step is solved: what that cuts off has not passed."""
    screening = asyncio.ensure_future(trial.screen(batch))
    elsewhere = asyncio.ensure_future(live.solved.wait())
    try:
        await asyncio.wait((screening, elsewhere), timeout=live.seconds_left, return_when=asyncio.FIRST_COMPLETED)
        return screening.result() if screening.done() else Screening(survivors=(), misses=(), judged=0)
    finally:
        elsewhere.cancel()
        screening.cancel()
        await asyncio.gather(screening, elsewhere, return_exceptions=True)


async def _prove(trial: Trial, survivors: Sequence[Candidate], live: Live, step: Step) -> tuple[Verdict | None, int]:
    """The likeliest survivor that passes in a clean container.

    Not the smallest: on HumanEvalFix the first in the specialist's order was right on unseen inputs in 71 of 75 cases, the
    smallest of the next 150 in 68 (the order weighs size already).
    """
    runs = 0
    for candidate in survivors[:MOST_PROVED]:
        verdict = await trial.prove(candidate)
        runs += 1
        live.journal.emit(
            "step.verdict",
            f"{step.id}: {candidate.note}: {'passed' if verdict.passed else 'failed'} in a clean container ({verdict.why})",
            step=step.id,
            passed=verdict.passed,
            level=verdict.level,
        )
        if verdict.passed:
            return verdict, runs
    return None, runs


def _best(misses: Sequence[NearMiss]) -> tuple[NearMiss, ...]:
    ranked = sorted(misses, key=lambda m: (-m.passed, -m.reached, m.candidate.depth, m.candidate.size))
    return tuple(ranked[:KEPT_MISSES])


def _told(step: Step, progress: Progress) -> str:
    parts = [f"{progress.tried} tried", f"{progress.near_misses} near misses"]
    if progress.plausible:
        parts.append(f"{progress.plausible} passed the trial")
    return f"{step.id}: {', '.join(parts)}"
