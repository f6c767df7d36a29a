"""One step's loop: pose -> sample -> execute -> select -> (sample | repair | escalate | done).

The loop ends when the step is settled, its share of the budget is used, or every specialist has run out of ideas.
"""

import asyncio
from collections.abc import Sequence
from typing import Literal

from langgraph.runtime import Runtime
from soloist_agents.checking import suspicious
from soloist_agents.contract import Candidate, NoAnswer, Pace, Plan, Specialist, Step, Verdict
from soloist_agents.selection.tally import Tally, Voting

from soloist.graph.judging import judge_batch, settled_vote
from soloist.graph.posing import mend_suspect, pose_step
from soloist.graph.state import Progress, SolveOutput, SolveState, SolveUpdate
from soloist.graph.trouble import trouble
from soloist.ladder import pace_of
from soloist.live import Live
from soloist.streams import Drawn


async def pose(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Put the step before the specialists; one that can't be tried at all is given up, and says why."""
    live, progress = runtime.context, _progress(state)
    live.journal.emit("step.start", f"{state['step']}: {state['allowance']} candidates", step=state["step"], tried=progress.tried)
    return {"spent": 0, "batch": 0, "progress": (await pose_step(state, live)).model_dump()}


async def sample(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Draw the next candidates from the specialist at work."""
    live, progress = runtime.context, _progress(state)
    wanted = 0 if _idle(live, progress) else _wanted(live, state, progress)
    try:
        drawn = await _drawn(live, state, progress, wanted) if wanted else Drawn((), 0, (), False)
    except ValueError as unfit:
        progress = progress.model_copy(update={"exhausted": True, "why": str(unfit)})
        return {"progress": progress.model_dump(), "batch": 0, "batch_ref": live.run.put(tuple[Candidate, ...], ())}
    for none in drawn.none:
        live.journal.emit(
            "step.none", f"{state['step']}: no answer from {none.author}: {none.ended}: {none.why}", step=state["step"]
        )
    absent = sum(none.ended not in ("failed", "spent") for none in drawn.none)
    if isinstance(trial := live.trials.get(state["step"]), Voting):
        trial.absent(absent)
    update: dict[str, object] = {"no_answers": progress.no_answers + len(drawn.none), "absent": progress.absent + absent}
    if progress.phase == "repair":
        update["repair_drawn"] = progress.repair_drawn + drawn.taken
    else:
        update |= {"drawn": progress.drawn + drawn.taken, "exhausted": drawn.ended}
    progress = progress.model_copy(update=update)
    return {
        "progress": progress.model_dump(),
        "batch_ref": live.run.put(tuple[Candidate, ...], drawn.candidates),
        "batch": len(drawn.candidates),
        "trouble": _failed(state["step"], drawn.none),
    }


async def execute(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Judge the candidates in the sandbox."""
    live = runtime.context
    batch = live.run.get(tuple[Candidate, ...], state["batch_ref"])
    if not batch:
        return {}
    step = _step(live, state)
    if step.id not in live.trials:  # a run that was interrupted goes on here
        await pose_step(state, live)
    progress = await judge_batch(live, step, _progress(state), batch, thorough=pace_of(_specialist(live, state)).thorough)
    live.journal.emit("step.batch", _told(step, progress), step=step.id, tried=progress.tried, plausible=progress.plausible)
    return {"progress": progress.model_dump(), "spent": state["spent"] + len(batch)}


async def select(state: SolveState, runtime: Runtime[Live]) -> SolveUpdate:
    """Settle what the last batch means for the step."""
    live, progress = runtime.context, _progress(state)
    if progress.status == "solved" and live.run.get(Plan, state["plan_ref"]).mode == "any":
        live.solved.set()
    pace = pace_of(_specialist(live, state))
    ended = state["batch"] == 0 or progress.repair_drawn >= pace.repairs_a_round
    if progress.phase == "repair" and ended:
        progress = progress.model_copy(update={"phase": "fresh"})
    progress = await _with_suspicion(live, state, progress)
    out_of_ideas = progress.exhausted and progress.phase == "fresh" and not worth_repair(progress, pace)
    last = progress.rung + 1 >= len(live.rungs(_step(live, state)))
    if progress.status == "open" and ((out_of_ideas and last) or live.seconds_left <= 0):
        progress = await _last_word(live, state, progress, over=out_of_ideas and last)
    stop = live.solved.is_set() or live.seconds_left <= 0 or state["spent"] >= state["allowance"]
    return {"progress": progress.model_dump(), "stop": stop}


Move = Literal["more", "near misses", "out of ideas", "done"]


def next_move(state: SolveState, runtime: Runtime[Live]) -> Move:
    """Go on sampling, build on near misses, hand over to the next specialist, or end."""
    return move(_progress(state), pace_of(_specialist(runtime.context, state)), stop=state["stop"])


def move(progress: Progress, pace: Pace, *, stop: bool) -> Move:
    """The decision itself."""
    if progress.status != "open" or stop:
        return "done"
    if progress.phase == "repair":
        return "more"
    due = progress.drawn >= pace.fresh_before_repair * (progress.repair_round + 1)
    if worth_repair(progress, pace) and (progress.exhausted or due):
        return "near misses"
    return "out of ideas" if progress.exhausted else "more"


def worth_repair(progress: Progress, pace: Pace) -> bool:
    """Near misses that no repair round has built on yet."""
    fresh = bool(progress.near_misses) and progress.misses != progress.repair_misses
    return fresh and progress.repair_round < pace.repair_rounds


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
    live, progress = runtime.context, _progress(state)
    update = {"rung": progress.rung + 1, "phase": "fresh", "drawn": 0, "exhausted": False, "repair_round": 0}
    progress = progress.model_copy(update=update)
    name = live.rungs(_step(live, state))[progress.rung].name
    live.journal.emit("step.escalate", f"{state['step']}: handed to {name}", step=state["step"], rung=name)
    return {"progress": progress.model_dump()}


async def done(state: SolveState, runtime: Runtime[Live]) -> SolveOutput:
    """Give the step's progress back; whoever still thinks about it is stopped."""
    live, progress = runtime.context, _progress(state)
    over = progress.status != "open" or live.solved.is_set() or live.seconds_left <= 0
    if over:
        await live.streams.end(state["step"])
    return {
        "steps": {state["step"]: state["progress"]},
        "trouble": state.get("trouble", {}) if progress.status != "solved" else {},
    }


def _progress(state: SolveState) -> Progress:
    return Progress.model_validate(state["progress"])


def _step(live: Live, state: SolveState) -> Step:
    return _posed_step(live, state, _progress(state))


def _posed_step(live: Live, state: SolveState, progress: Progress) -> Step:
    return live.posed(live.step(state["plan_ref"], state["step"]), progress)


def _specialist(live: Live, state: SolveState) -> Specialist:
    rungs = live.rungs(_step(live, state))
    return rungs[min(_progress(state).rung, len(rungs) - 1)]


def _idle(live: Live, progress: Progress) -> bool:
    return live.solved.is_set() or progress.status != "open" or live.seconds_left <= 0


def _wanted(live: Live, state: SolveState, progress: Progress) -> int:
    pace, left = pace_of(_specialist(live, state)), state["allowance"] - state["spent"]
    return min(max(pace.first_batch, min(progress.tried, pace.batch)), pace.batch, max(1, left))


async def _drawn(live: Live, state: SolveState, progress: Progress, wanted: int) -> Drawn:
    """The next candidates, unless the time is over or another step is solved first."""
    misses = live.misses(progress.repair_misses)
    draw = asyncio.ensure_future(live.streams.draw(_specialist(live, state), _step(live, state), progress, misses, wanted))
    elsewhere = asyncio.ensure_future(live.solved.wait())
    try:
        await asyncio.wait((draw, elsewhere), timeout=live.seconds_left, return_when=asyncio.FIRST_COMPLETED)
        return draw.result() if draw.done() else Drawn((), 0, (), True)
    finally:
        elsewhere.cancel()
        draw.cancel()
        await asyncio.gather(draw, elsewhere, return_exceptions=True)


def _failed(step: str, none: Sequence[NoAnswer]) -> dict[str, str]:
    """A specialist that can't serve does not end the run, but where the step stays unsolved, it is told as the reason."""
    failed = [told for told in none if told.ended in ("failed", "spent")]
    if not failed:
        return {}
    return trouble("spent" if failed[-1].ended == "spent" else "unavailable", failed[-1].why, step)


async def _last_word(live: Live, state: SolveState, progress: Progress, *, over: bool) -> Progress:
    """Every specialist has run out (`over`), or the time has: a vote names whoever leads."""
    trial = live.trials.get(state["step"])
    if isinstance(trial, Voting):
        update: dict[str, object] = {"tally": live.run.put(Tally, trial.tally())}
        if (settled := await settled_vote(trial)) is not None:
            update |= {"status": "solved" if settled.passed else "answered", "verdict": live.run.put(Verdict, settled)}
            return progress.model_copy(update=update | {"why": settled.why})
        progress = progress.model_copy(update=update)
        if (leader := await trial.leader()) is not None and over:
            update = {"status": "given up", "verdict": live.run.put(Verdict, leader), "why": leader.why}
            return progress.model_copy(update=update)
    if not over:
        return progress
    none = f"; {progress.no_answers} samples gave no answer" if progress.no_answers else ""
    why = progress.why or f"every specialist has run out of candidates{none}"
    return progress.model_copy(update={"status": "given up", "why": why})


async def _with_suspicion(live: Live, state: SolveState, progress: Progress) -> Progress:
    """When different candidates fail in the same way the check is the suspect; one that the planner wrote is mended, once."""
    if progress.status != "open" or progress.suspect or not pace_of(_specialist(live, state)).thorough:
        return progress
    suspect = suspicious(live.misses(progress.misses))
    if suspect is None:
        return progress
    live.journal.emit("step.suspect", f"{state['step']}: its check is suspected: {suspect}", step=state["step"])
    progress = progress.model_copy(update={"suspect": suspect})
    mended = await mend_suspect(state, live, progress)
    if mended is None:
        return progress
    failed = [miss.candidate for miss in live.misses(progress.misses)]
    progress = mended.model_copy(update={"misses": "", "repair_misses": "", "near_misses": 0})
    return await judge_batch(live, _posed_step(live, state, progress), progress, failed, thorough=True)


def _told(step: Step, progress: Progress) -> str:
    parts = [f"{progress.tried} tried", f"{progress.near_misses} near misses"]
    if progress.plausible:
        parts.append(f"{progress.plausible} passed the trial")
    return f"{step.id}: {', '.join(parts)}"
