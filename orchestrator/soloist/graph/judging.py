"""Judging a batch of candidates: many cheap ones are screened and the survivors proved; few dear ones are each run by itself."""

import asyncio
from collections.abc import Sequence

from soloist_agents.checking import failure_of
from soloist_agents.contract import Candidate, NearMiss, Step, Verdict
from soloist_agents.trials import Screening, Trial
from soloist_agents.trials.answers import AgreementTrial

from soloist.graph.state import Progress
from soloist.graph.weakness import weakness
from soloist.live import Live

KEPT_MISSES = 20
MOST_PROVED = 5
"""Survivors of one batch that get a clean container of their own."""
ENOUGH_VOTES = 3
CLEAR_MAJORITY = 0.75
"""Share of the votes at which no further sample is asked for."""


async def judge_batch(live: Live, step: Step, progress: Progress, batch: Sequence[Candidate], *, thorough: bool) -> Progress:
    """The step's progress after these candidates."""
    trial = live.trials[step.id]
    if thorough:
        screening = await trial.screen(batch) if step.check is None else Screening(tuple(batch), (), len(batch))
    else:
        screening = await _screened(trial, batch, live)
    verdicts, failed = await _proved(live, trial, step, screening.survivors, thorough=thorough)
    misses = best_misses([*live.misses(progress.misses), *screening.misses, *failed])
    update: dict[str, object] = {
        "tried": progress.tried + screening.judged,
        "plausible": progress.plausible + (sum(v.passed for v in verdicts) if thorough else len(screening.survivors)),
        "proved_runs": progress.proved_runs + sum(v.outcome is not None for v in verdicts),
        "near_misses": progress.near_misses + len(screening.misses) + len(failed),
        "misses": live.run.put(tuple[NearMiss, ...], misses),
    }
    if isinstance(trial, AgreementTrial):
        update["votes"] = live.run.put(tuple[Candidate, ...], trial.cast())
    settled = _settled(step, trial, verdicts)
    if settled is not None:
        update |= {
            "status": "solved" if settled.passed else "answered",
            "verdict": live.run.put(Verdict, settled),
            "size": settled.candidate.size,
            "why": settled.why,
        }
        if settled.passed and thorough:
            update |= await weakness(live, step, settled.candidate)
    return progress.model_copy(update=update)


def best_misses(misses: Sequence[NearMiss]) -> tuple[NearMiss, ...]:
    """The nearest first; among equals the fresher, then the smaller."""
    ranked = sorted(misses, key=lambda m: (-m.passed, -m.reached, m.candidate.depth, m.candidate.size))
    return tuple(ranked[:KEPT_MISSES])


def _settled(step: Step, trial: Trial, verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict that ends the step: one that passed, or for a step that nothing can prove the best there is."""
    if passed := next((verdict for verdict in verdicts if verdict.passed), None):
        return passed
    if isinstance(trial, AgreementTrial):
        leader = trial.leader()
        clear = leader is not None and leader.level == "agreed" and trial.share() >= CLEAR_MAJORITY
        return leader if clear and trial.votes() >= ENOUGH_VOTES else None
    return verdicts[0] if verdicts and step.check is None and step.kind != "command" else None


async def _screened(trial: Trial, batch: Sequence[Candidate], live: Live) -> Screening:
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


async def _proved(
    live: Live, trial: Trial, step: Step, survivors: Sequence[Candidate], *, thorough: bool
) -> tuple[list[Verdict], list[NearMiss]]:
    """Verdicts up to the first that passed, and what a repair can learn from the others.

    The likeliest survivor is taken, not the smallest: on HumanEvalFix the first in the specialist's order was right on unseen
    inputs in 71 of 75 cases, the smallest of the next 150 in 68 (the order weighs size already).
    """
    verdicts: list[Verdict] = []
    failed: list[NearMiss] = []
    for candidate in survivors if thorough else survivors[:MOST_PROVED]:
        try:
            verdict = await trial.prove(candidate)
        except ValueError as unfit:
            failed.append(NearMiss(candidate=candidate, passed=0, why=str(unfit)))
            _tell(live, step, candidate, passed=False, why=f"does not fit: {unfit}")
            continue
        verdicts.append(verdict)
        if step.check is not None or step.kind == "command":
            _tell(live, step, candidate, passed=verdict.passed, why=verdict.why)
        if verdict.passed:
            break
        if thorough and not isinstance(trial, AgreementTrial):
            failed.append(_miss(step, verdict))
    return verdicts, failed


def _miss(step: Step, verdict: Verdict) -> NearMiss:
    report = verdict.outcome.report if verdict.outcome else None
    passed = len(report.ids("passed")) if report else 0
    return NearMiss(candidate=verdict.candidate, passed=passed, why=failure_of(step.check, verdict.outcome, verdict.why))


def _tell(live: Live, step: Step, candidate: Candidate, *, passed: bool, why: str) -> None:
    ended = "passed" if passed else "failed"
    text = f"{step.id}: {candidate.note}: {ended} in a clean container ({why})"
    live.journal.emit("step.verdict", text, step=step.id, passed=passed)
