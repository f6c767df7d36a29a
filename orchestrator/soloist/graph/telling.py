"""From the state of a run to its report."""

import time

from soloist_agents.contract import Plan, Step, Verdict
from soloist_agents.selection.tally import Tally
from soloist_sandbox.integrity import judge
from soloist_tools.workspace import Patch

from soloist.graph.state import Progress, State
from soloist.live import Live
from soloist.report import CheckRun, Ledger, Report, StepReport


def tell(state: State, live: Live) -> Report:
    """The report of a run that ended."""
    gathered = live.gathered(state.get("gathered_ref"))
    progress = {step: Progress.model_validate(p) for step, p in state.get("steps", {}).items()}
    whole = live.run.get(Verdict, state["verdict_ref"]) if state.get("verdict_ref") else None
    verdict = whole if whole is not None else _answer(state, progress, live)
    solved = verdict is not None and verdict.passed
    patch = live.run.get(Patch, state["patch_ref"]) if solved and whole is not None else None
    trouble = state.get("trouble") or {}
    check = live.task.check
    outcome = Report(
        run=live.run.id,
        goal=state["goal"],
        check=str(check or (live.task.problem.check if live.task.problem else "")),
        solved=solved,
        level=verdict.level if verdict else "unverified",
        why=verdict.why if verdict else _why_not(state, progress, live),
        answer=verdict.candidate.whole if verdict is not None and whole is None else "",
        diff=patch.diff() if patch else "",
        applied=state.get("decision") == "applied",
        alternatives=_alternatives(state, progress, live) if solved else 0,
        before=CheckRun.of(gathered.baseline) if gathered.baseline else None,
        after=CheckRun.of(whole.outcome) if whole and whole.outcome else None,
        flaky=gathered.flaky,
        notes=_notes(state, live),
        left_out=tuple(state.get("left_out", [])),
        steps=_steps(state, progress, live),
        sandbox=live.sandbox.name,
        ledger=_ledger(state, progress, live),
        error=_error(state, solved=solved),
    )
    if not solved and trouble:
        outcome = Report.model_validate({**dict(outcome), "ended": trouble["kind"]})
    if gathered.baseline is not None and gathered.baseline.exit_code == 0 and check is not None and not live.implied:
        judgement = judge(check, None, gathered.baseline)
        why = f"the check passes already, nothing was changed: {judgement.why}"
        return outcome.model_copy(update={"solved": judgement.passed, "level": judgement.level, "why": why})
    return outcome


def _error(state: State, *, solved: bool) -> str:
    decision = state.get("decision")
    if decision not in (None, "applied", "not applied"):
        return decision
    return "" if solved else (state.get("trouble") or {}).get("text", "")


def _answer(state: State, progress: dict[str, Progress], live: Live) -> Verdict | None:
    """The verdict on the last step of a run whose result is text."""
    made = _plan(state, live)
    settled = [s for s in made.steps if s.id in state.get("chosen", []) or live.task.problem is not None]
    known = [progress[s.id].verdict for s in settled if s.id in progress and progress[s.id].verdict]
    if not known or live.changes_files(state["plan_ref"], [s.id for s in settled]):
        return None
    return live.run.get(Verdict, known[-1])


def _notes(state: State, live: Live) -> tuple[str, ...]:
    """What the planner has to say to the person who asked."""
    said = [live.run.get(Plan, ref).note.strip() for ref in state.get("plan_refs", [])]
    return tuple(dict.fromkeys(note for note in said if note))


def _plan(state: State, live: Live) -> Plan:
    return live.run.get(Plan, state["plan_ref"]) if state.get("plan_ref") else Plan(steps=())


def _alternatives(state: State, progress: dict[str, Progress], live: Live) -> int:
    """Other plausible candidates of searched steps; a model's samples are stopped at the first that passes."""
    any_mode = _plan(state, live).mode == "any"
    return max(0, sum(p.plausible for p in progress.values()) - 1) if any_mode else 0


def _all_steps(state: State, live: Live) -> dict[str, Step]:
    found: dict[str, Step] = {}
    for ref in state.get("plan_refs", []):
        found |= {step.id: step for step in live.run.get(Plan, ref).steps}
    return found


def _steps(state: State, progress: dict[str, Progress], live: Live) -> tuple[StepReport, ...]:
    steps = _all_steps(state, live)
    return tuple(_step(live.posed(steps[step], p), p, live) for step, p in progress.items() if step in steps)


def _step(step: Step, progress: Progress, live: Live) -> StepReport:
    verdict = live.run.get(Verdict, progress.verdict) if progress.verdict else None
    rungs = live.rungs(step)
    return StepReport(
        id=step.id,
        kind=step.kind,
        target=step.target or "",
        goal=step.goal,
        suspicion=step.suspicion,
        status=progress.status,
        level=verdict.level if verdict else "unverified",
        rung=rungs[min(progress.rung, len(rungs) - 1)].name,
        route=step.routed,
        reason=step.reason or f"a step of kind {step.kind}",
        check=str(step.check or ""),
        tried=progress.tried,
        near_misses=progress.near_misses,
        plausible=progress.plausible,
        no_answers=progress.no_answers,
        check_rewrites=progress.check_rewrites,
        suspect=progress.suspect,
        mutants=progress.mutants,
        weak=progress.weak,
        note=verdict.candidate.note if verdict and progress.status == "solved" else progress.why,
        text=verdict.candidate.whole if verdict else "",
        selection=live.run.get(Tally, progress.tally) if progress.tally else None,
    )


def _ledger(state: State, progress: dict[str, Progress], live: Live) -> Ledger:
    calls = live.gathered(state.get("gathered_ref")).calls
    clean = sum(call.tool in ("run_check", "trace_check") for call in calls) + sum(p.proved_runs for p in progress.values())
    ledger = live.ledger
    return Ledger(
        seconds=round(time.monotonic() - live.started, 2),
        candidates=sum(p.tried for p in progress.values()),
        clean_runs=clean + bool(state.get("verdict_ref")),
        planner=live.planner.name,
        planner_tokens=ledger.used("planner").total,
        specialist_tokens=ledger.used("specialist").total,
        usage=ledger.used(),
        calls=len(ledger.calls),
        money=ledger.money(),
        planner_alone=ledger.planner_alone(live.planner.name),
        rows=ledger.rows(),
    )


def _why_not(state: State, progress: dict[str, Progress], live: Live) -> str:
    """Why there is no solution, in one sentence."""
    if text := (state.get("trouble") or {}).get("text"):
        return text
    if not progress:
        return _plan(state, live).note or "no function of the repository could be named as a suspect"
    tried = sum(p.tried for p in progress.values())
    if live.seconds_left <= 0:
        end = f"the time of {live.task.budget.seconds:g} s was used up"
    elif tried >= live.task.budget.samples:
        end = f"the budget of {live.task.budget.samples} candidates was used up"
    else:
        end = "every specialist has run out of candidates"
    if live.ledger.calls:
        done = sum(p.status in ("solved", "answered") for p in progress.values())
        return f"{done} of {len(progress)} steps were done, {tried} candidates tried: {end}"
    return f"{tried} candidates in {len(progress)} functions were tried and none passed: {end}"
