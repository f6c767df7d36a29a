"""Judging a batch of candidates: many cheap ones are screened and the survivors proved; few dear ones are each run by itself."""

import asyncio
from collections.abc import Sequence

from soloist_agents.checking import failure_of
from soloist_agents.contract import Candidate, NearMiss, Step, Verdict
from soloist_agents.selection.tally import Tally, Voting
from soloist_agents.step_check import AgreementCheck
from soloist_agents.trials import Screening, Trial

from soloist.graph.state import Cast, Progress
from soloist.graph.weakness import weakness
from soloist.ladder import REASONED
from soloist.live import Live

KEPT_MISSES = 20
MOST_PROVED = 5
"""Survivors of one batch that get a clean container of their own."""


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
    if isinstance(trial, Voting):
        settled, counted = await _counted(live, step, progress, trial)
        update |= counted
    else:
        settled = _settled(step, verdicts)
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


async def _counted(live: Live, step: Step, progress: Progress, trial: Voting) -> tuple[Verdict | None, dict[str, object]]:
    """What ends a vote, if anything does, and what is kept of it. One that is over and names nobody leaves the step to the next
    specialist."""
    tally = trial.tally()
    settled = await settled_vote(trial) if tally.stopped else None
    update: dict[str, object] = {
        "votes": live.run.put(Cast, Cast(before=progress.votes, votes=trial.fresh_votes())),
        "tally": live.run.put(Tally, tally),
        "exhausted": progress.exhausted or (tally.stopped and settled is None),
    }
    if settled is not None and settled.outcome is not None and isinstance(step.check, AgreementCheck):
        update["proved_runs"] = progress.proved_runs + 1  # the given examples
    return settled, update


async def settled_vote(trial: Voting) -> Verdict | None:
    """The leader, where it has passed or is agreed on."""
    leader = await trial.leader()
    return leader if leader is not None and (leader.passed or leader.level == "agreed") else None


def votes_of(live: Live, progress: Progress) -> tuple[Candidate, ...]:
    """All votes that were cast, in their order."""
    found: list[tuple[Candidate, ...]] = []
    ref = progress.votes
    while ref:
        cast = live.run.get(Cast, ref)
        found.append(cast.votes)
        ref = cast.before
    return tuple(vote for votes in reversed(found) for vote in votes)


def _settled(step: Step, verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict that ends the step: one that passed, or for a step that nothing can prove the best there is."""
    if passed := next((verdict for verdict in verdicts if verdict.passed), None):
        return passed
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
        if step.kind == "command" or not isinstance(step.check, AgreementCheck | None):  # a vote neither passes nor fails
            _tell(live, step, candidate, passed=verdict.passed, why=verdict.why)
        if thorough and candidate.depth == 1 and step.kind in REASONED and not isinstance(step.check, AgreementCheck):
            live.history.note(candidate.author, passed=verdict.passed)
        if verdict.passed and not isinstance(trial, Voting):
            break
        if thorough and not verdict.passed and not isinstance(step.check, AgreementCheck):
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
