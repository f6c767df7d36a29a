"""From the state of a run to its report."""

import time

from soloist_agents.contract import Plan, Verdict
from soloist_sandbox.integrity import judge
from soloist_tools.workspace import Patch

from soloist.graph.gather import CHECK
from soloist.graph.state import Progress, State
from soloist.live import Live
from soloist.report import CheckRun, Ledger, Report, StepReport


def tell(state: State, live: Live) -> Report:
    """The report of a run that ended."""
    check = CHECK.validate_python(state["check"]) if state.get("check") else None
    gathered = live.gathered(state.get("gathered_ref"))
    progress = {step: Progress.model_validate(p) for step, p in state.get("steps", {}).items()}
    verdict = live.run.get(Verdict, state["verdict_ref"]) if state.get("verdict_ref") else None
    solved = verdict is not None and verdict.passed
    patch = live.run.get(Patch, state["patch_ref"]) if solved else None
    outcome = Report(
        run=live.run.id,
        goal=state["goal"],
        check=str(check or ""),
        solved=solved,
        level=verdict.level if verdict else "unverified",
        why=verdict.why if verdict else _why_not(progress, live),
        diff=patch.diff() if patch else "",
        applied=state.get("decision") == "applied",
        alternatives=sum(p.plausible for p in progress.values()) - 1 if solved else 0,
        before=CheckRun.of(gathered.baseline) if gathered.baseline else None,
        after=CheckRun.of(verdict.outcome) if verdict else None,
        flaky=gathered.flaky,
        steps=_steps(state, progress, live),
        sandbox=live.sandbox.name,
        ledger=_ledger(state, progress, live),
        error=state.get("decision", "") if state.get("decision") not in (None, "applied", "not applied") else "",
    )
    if gathered.baseline is not None and gathered.baseline.exit_code == 0 and check is not None:
        judgement = judge(check, None, gathered.baseline)
        why = f"the check passes already, nothing was changed: {judgement.why}"
        return outcome.model_copy(update={"solved": judgement.passed, "level": judgement.level, "why": why})
    return outcome


def _steps(state: State, progress: dict[str, Progress], live: Live) -> tuple[StepReport, ...]:
    made = live.run.get(Plan, state["plan_ref"]) if state.get("plan_ref") else Plan(steps=())
    suspicion = {step.id: step.suspicion for step in made.steps}
    return tuple(
        StepReport(
            id=step,
            suspicion=suspicion.get(step, 0.0),
            status=p.status,
            rung=live.ladder[p.rung].name,
            tried=p.tried,
            near_misses=p.near_misses,
            plausible=p.plausible,
            note=live.run.get(Verdict, p.verdict).candidate.note if p.verdict else p.why,
        )
        for step, p in progress.items()
    )


def _ledger(state: State, progress: dict[str, Progress], live: Live) -> Ledger:
    calls = live.gathered(state.get("gathered_ref")).calls
    clean = sum(call.tool in ("run_check", "trace_check") for call in calls) + sum(p.proved_runs for p in progress.values())
    return Ledger(
        seconds=round(time.monotonic() - live.started, 2),
        candidates=sum(p.tried for p in progress.values()),
        clean_runs=clean + bool(state.get("verdict_ref")),
        planner=live.planner.name,
    )


def _why_not(progress: dict[str, Progress], live: Live) -> str:
    """Why there is no solution, in one sentence."""
    if not progress:
        return "no function of the repository could be named as a suspect"
    tried = sum(p.tried for p in progress.values())
    if live.seconds_left <= 0:
        end = f"the time of {live.task.budget.seconds:g} s was used up"
    elif tried >= live.task.budget.samples:
        end = f"the budget of {live.task.budget.samples} candidates was used up"
    else:
        end = "every specialist has run out of candidates"
    return f"{tried} candidates in {len(progress)} functions were tried and none passed: {end}"
