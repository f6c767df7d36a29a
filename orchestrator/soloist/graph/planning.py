"""Planning, sharing the budget out over the steps, and choosing among solutions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import Send
from soloist_agents.contract import Gathered, Plan, Step

from soloist.graph.gather import CHECK
from soloist.graph.state import Progress, State, Update
from soloist.live import Live

FIRST_SHARE = 64
"""Candidates for the most suspicious step in its first wave; every wave doubles what was tried."""
LEAST_SHARE = 16
STEEPNESS = 3
"""How much a step's share falls with its suspicion."""


async def plan(state: State, runtime: Runtime[Live]) -> Update:
    """Have the planner break the task into steps."""
    live = runtime.context
    gathered = live.gathered(state.get("gathered_ref"))
    if state["check"] is None:
        raise ValueError("a task needs a --check: without one nobody knows when it is done")
    check = CHECK.validate_python(state["check"])
    known = {step: Progress.model_validate(p) for step, p in state.get("steps", {}).items()}
    failed = [step for step, progress in known.items() if progress.status == "given up"]
    made = (
        Plan(steps=())
        if _passes_already(gathered)
        else await live.planner.plan(state["goal"], check, gathered, _sources(live.run.tree, gathered), failed)
    )
    live.journal.emit("plan", _told(made), steps=[step.id for step in made.steps])
    return {
        "plan_ref": live.run.put(Plan, made),
        "plans": state.get("plans", 0) + 1,
        "steps": {step.id: known.get(step.id, Progress()).model_dump() for step in made.steps},
        "chosen": [],
    }


def shares(state: State, runtime: Runtime[Live]) -> list[Send]:
    """A worker for every open step whose needs are met, each with its share of the budget."""
    live = runtime.context
    made = live.run.get(Plan, state["plan_ref"])
    progress = {step.id: Progress.model_validate(state["steps"][step.id]) for step in made.steps}
    ready = [s for s in made.steps if progress[s.id].status == "open" and all(progress[n].status == "solved" for n in s.needs)]
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
    solved = [(s, p) for s in made.steps if (p := Progress.model_validate(state["steps"][s.id])).status == "solved"]
    if made.mode == "all":
        return {"chosen": [s.id for s, _ in solved] if len(solved) == len(made.steps) else []}
    best = min(solved, key=lambda sp: (sp[1].size, -sp[0].suspicion), default=None)
    return {"chosen": [best[0].id] if best else []}


def after_choose(state: State, runtime: Runtime[Live]) -> Sequence[Send] | Literal["solved", "replan", "give up"]:
    """Stitch what is solved; otherwise another wave, another plan, or the report."""
    live = runtime.context
    if state["chosen"]:
        return "solved"
    if live.seconds_left <= 0 or _tried(state) >= live.task.budget.samples:
        return "give up"
    return shares(state, runtime) or replan_or_give_up(state, runtime)


def replan_or_give_up(state: State, runtime: Runtime[Live]) -> Literal["replan", "give up"]:
    """Another plan while the budget allows one."""
    live = runtime.context
    may = state.get("plans", 0) <= live.task.budget.replans and live.seconds_left > 0
    return "replan" if may else "give up"


def _share(step: Step, progress: Progress, top: float) -> int:
    """Twice what was tried so far, at first a share that falls steeply with suspicion."""
    weight = (step.suspicion / top) ** STEEPNESS if top else 1.0
    return max(progress.tried, LEAST_SHARE, round(FIRST_SHARE * weight))


def _tried(state: State) -> int:
    return sum(int(progress["tried"]) for progress in state["steps"].values())


def _passes_already(gathered: Gathered) -> bool:
    return gathered.baseline is not None and gathered.baseline.exit_code == 0


def _sources(tree: Path, gathered: Gathered) -> dict[str, bytes]:
    return {path: (tree / path).read_bytes() for path in {suspect.path for suspect in gathered.suspects}}


def _told(made: Plan) -> str:
    if not made.steps:
        return "no step to try"
    how = "alternatives, most suspicious first" if made.mode == "any" else "all needed"
    return (
        f"{len(made.steps)} steps ({how}): {', '.join(step.id for step in made.steps[:3])}{', …' if len(made.steps) > 3 else ''}"
    )
