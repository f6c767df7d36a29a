"""Is a check weak? Wrong variants of a proved function are tried on it: a check that lets most of them pass pins little down."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from soloist_agents.contract import Candidate, Step
from soloist_agents.search.specialist import Search
from soloist_agents.stitching import stitcher
from soloist_agents.trials.workspace import WorkspaceTrial
from soloist_tools.tree import Tree

from soloist.live import Live

MUTANTS = 8
SPREAD = 4
"""Variants drawn for each that is tried: neighbours in the search's order are much alike."""
MOST_SECONDS = 20.0


async def weakness(live: Live, step: Step, solution: Candidate) -> dict[str, object]:
    """What to note in the progress. Equivalent variants pass any check, so only a majority that passes counts as weak."""
    trial = live.trials.get(step.id)
    if step.kind != "function" or not isinstance(trial, WorkspaceTrial):
        return {}
    try:
        async with asyncio.timeout(min(MOST_SECONDS, live.seconds_left)):
            passing, tried = await _surviving(live.run.tree, trial, step, solution)
    except (TimeoutError, ValueError):
        return {}
    if not tried:
        return {}
    weak = 2 * passing > tried
    text = f"{tried - passing} of {tried} wrong variants of the solution fail its check"
    if weak:
        live.journal.emit("step.weak", f"{step.id}: a weak check: only {text}", step=step.id)
    return {"mutants": text, "weak": weak}


async def _surviving(root: Path, trial: WorkspaceTrial, step: Step, solution: Candidate) -> tuple[int, int]:
    changed = trial.changes(solution)[step.path]
    mutated = step.model_copy(update={"source": changed.decode("utf-8"), "lines": ()})
    variants: list[Candidate] = []
    async with aclosing(Search().mutants(mutated)) as proposals:
        async for candidate in proposals:
            variants.append(candidate)
            if len(variants) >= SPREAD * MUTANTS:
                break
    chosen = variants[:: max(1, len(variants) // MUTANTS)][:MUTANTS]
    fresh = replace(trial, stitch=stitcher(mutated, Tree(root, {step.path: changed})))
    screening = await fresh.screen(chosen)
    return len(screening.survivors), screening.judged
