"""Planning, sharing the budget out over the steps, and choosing among solutions."""

from collections.abc import Sequence
from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import Send
from soloist_agents.contract import Gathered, Plan, Step, StepResult, Verdict

from soloist.graph.state import GatherState, Progress, State, Update
from soloist.graph.trouble import ends_the_run, within
from soloist.live import Live

FIRST_SHARE = 64
"""Candidates for the most suspicious step in its first wave; every wave doubles what was tried."""
LEAST_SHARE = 16
STEEPNESS = 3
"""How much a step's share falls with its suspicion."""
SETTLED = ("solved", "answered")


async def plan(state: State, runtime: Runtime[Live]) -> Update:
    """Have the planner break the task into steps. What earlier plans have solved stays, unless the planner drops it."""
    live = runtime.context
    gathered = live.gathered(state.get("gathered_ref"))
    if ends_the_run(state.get("trouble")) or _passes_already(gathered, live):
        return _kept(live, state, Plan(steps=()))
    history = history_of(state, live)
    made = await within(live.seconds_left, live.planner.plan(live.situation(gathered, history, state.get("planned_turn", 0))))
    if isinstance(made, dict):
        live.journal.emit("trouble", made["text"])
        return {**_kept(live, state, Plan(steps=())), "trouble": made}
    live.journal.emit("plan", _told(made), steps=[step.id for step in made.steps])
    return _kept(live, state, made)


def _kept(live: Live, state: State, made: Plan) -> Update:
    known = state.get("steps", {})
    ref = live.run.put(Plan, made)
    return {
        "plan_ref": ref,
        "plan_refs": [*state.get("plan_refs", []), ref],
        "planned_turn": last_turn(live.gathered(state.get("gathered_ref"))),
        "plans": state.get("plans", 0) + 1,
        "steps": {step.id: known.get(step.id, Progress().model_dump()) for step in made.steps},
        "chosen": [],
    }


def history_of(state: State | GatherState, live: Live) -> tuple[StepResult, ...]:
    """What became of the steps of all earlier plans."""
    found: dict[str, StepResult] = {}
    for ref in state.get("plan_refs", []):
        for step in live.run.get(Plan, ref).steps:
            progress = Progress.model_validate(state["steps"][step.id])
            verdict = live.run.get(Verdict, progress.verdict) if progress.verdict else None
            done = progress.status in SETTLED
            text = verdict.candidate.text if verdict else ""
            why = progress.why or (verdict.why if verdict else "")
            found[step.id] = StepResult(
                step=live.posed(step, progress), solved=done, why=_with_miss(why, progress, live), text=text
            )
    return tuple(found.values())


def last_turn(gathered: Gathered) -> int:
    """The number of the last turn of looking around."""
    return max((call.turn for call in gathered.calls), default=0)


def _with_miss(why: str, progress: Progress, live: Live) -> str:
    misses = [] if progress.status in SETTLED else live.misses(progress.misses)
    return f"{why}\nThe best candidate:\n{misses[0].candidate.text}\nfailed:\n{misses[0].why}" if misses else why


def shares(state: State, runtime: Runtime[Live]) -> list[Send]:
    """A worker for every open step whose needs are met, each with its share of the budget."""
    live = runtime.context
    made = live.run.get(Plan, state["plan_ref"])
    progress = {step.id: Progress.model_validate(state["steps"][step.id]) for step in made.steps}
    ready = [s for s in made.steps if progress[s.id].status == "open" and all(progress[n].status in SETTLED for n in s.needs)]
    left = live.task.budget.samples - _tried(state)
    top = max((step.suspicion for step in ready), default=0.0)
    sends = []
    for step in ready:
        share = min(_share(step, progress[step.id], top), left)
        if share > 0:
            left -= share
            sends.append(
                Send(
                    "solve",
                    {
                        "step": step.id,
                        "plan_ref": state["plan_ref"],
                        "gathered_ref": state["gathered_ref"],
                        "progress": progress[step.id].model_dump(),
                        "needed": {need: state["steps"][need] for need in live.all_needs(made, step.id)},
                        "allowance": share,
                    },
                )
            )
    return sends


def after_plan(state: State, runtime: Runtime[Live]) -> Sequence[Send] | Literal["nothing to try"]:
    """Try the steps, or report that there is nothing to try."""
    return shares(state, runtime) or "nothing to try"


async def choose(state: State, runtime: Runtime[Live]) -> Update:
    """Pick the solutions to stitch: all steps', or the smallest edit among alternatives."""
    live = runtime.context
    live.solved.clear()
    made = live.run.get(Plan, state["plan_ref"])
    settled = [(s, p) for s in made.steps if (p := Progress.model_validate(state["steps"][s.id])).status in SETTLED]
    if made.mode == "all":
        return {"chosen": [s.id for s, _ in settled] if len(settled) == len(made.steps) else []}
    best = min(settled, key=lambda sp: (sp[1].size, -sp[0].suspicion), default=None)
    return {"chosen": [best[0].id] if best else []}


def after_choose(state: State, runtime: Runtime[Live]) -> Sequence[Send] | Literal["solved", "answered", "replan", "give up"]:
    """Stitch what is solved; otherwise another wave, another plan, or the report."""
    live = runtime.context
    if state["chosen"]:
        return "solved" if live.changes_files(state["plan_ref"], state["chosen"]) else "answered"
    if ends_the_run(state.get("trouble")) or live.seconds_left <= 0 or _tried(state) >= live.task.budget.samples:
        return "give up"
    return shares(state, runtime) or replan_or_give_up(state, runtime)


def replan_or_give_up(state: State, runtime: Runtime[Live]) -> Literal["replan", "give up"]:
    """Another plan while the budget allows one."""
    live = runtime.context
    may = state.get("plans", 0) <= live.task.budget.replans and live.seconds_left > 0 and not ends_the_run(state.get("trouble"))
    return "replan" if may else "give up"


def _share(step: Step, progress: Progress, top: float) -> int:
    """Twice what was tried so far, at first a share that falls steeply with suspicion."""
    weight = (step.suspicion / top) ** STEEPNESS if top else 1.0
    return max(progress.tried, LEAST_SHARE, round(FIRST_SHARE * weight))


def _tried(state: State) -> int:
    return sum(int(progress["tried"]) for progress in state["steps"].values())


def _passes_already(gathered: Gathered, live: Live) -> bool:
    """The user's own check passes: there is nothing to do. The repository's own suite is expected to."""
    return gathered.baseline is not None and gathered.baseline.exit_code == 0 and not live.implied


def _told(made: Plan) -> str:
    if not made.steps:
        return f"no step to try{': ' if made.note else ''}{made.note}"
    how = "alternatives, most suspicious first" if made.mode == "any" else "all needed"
    more = ", …" if len(made.steps) > 3 else ""
    return f"{len(made.steps)} steps ({how}): {', '.join(step.target or step.id for step in made.steps[:3])}{more}"
