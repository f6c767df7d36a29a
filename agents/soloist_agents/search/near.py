"""Second edits on top of near misses: failed candidates that turned some test green, or got further than before."""

import asyncio
import difflib
import heapq
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from soloist_agents.contract import Candidate, NearMiss
from soloist_agents.search.change import Edit, apply
from soloist_agents.search.drafts import Drafts
from soloist_agents.search.ranking import rank
from soloist_agents.search.suspicion import Suspicion
from soloist_agents.search.target import Target, split_lines

MOST = 20
"""Misses that are built on; the rest are too far off to be worth the time."""
STEP_DOWN = 1.0
"""How much less is expected of each further miss."""


async def second_edits(
    target: Target, suspicion: Suspicion, misses: Sequence[NearMiss]
) -> AsyncGenerator[Candidate | None, None]:
    """Edits of the misses merged by cost; what a single edit of the original already says is left out."""
    best = sorted(misses, key=lambda m: (-m.passed, -m.reached, m.candidate.size))[:MOST]
    if not best:
        return
    singles = await asyncio.to_thread(rank, target, suspicion)
    drafts = Drafts(target.text, *(m.candidate.text for m in best))
    drafts.skip(apply(target.text, edit.splices) for edit in singles)
    bases = [replace(target, text=_ended(m.candidate.text, target.newline)) for m in best]
    async with aclosing(_merged(target, bases, suspicion)) as merged:
        async for place, edit in merged:
            yield next(drafts.of(bases[place].text, (edit,), target.first_line, best[place].candidate))


async def _merged(target: Target, bases: Sequence[Target], suspicion: Suspicion) -> AsyncGenerator[tuple[int, Edit], None]:
    """(base, edit), cheapest first. A base is parsed only when its turn may have come."""
    heap: list[tuple[float, int, int]] = []
    ranked: list[list[Edit]] = []
    lowest = 0.0
    while heap or len(ranked) < len(bases):
        offset = STEP_DOWN * math.log(1 + len(ranked))
        if len(ranked) < len(bases) and (not heap or heap[0][0] >= lowest + offset):
            base = bases[len(ranked)]
            ranked.append(await asyncio.to_thread(rank, base, moved(suspicion, target.text, base.text)))
            if ranked[-1]:
                lowest = lowest or ranked[-1][0].cost
                heapq.heappush(heap, (ranked[-1][0].cost + offset, len(ranked) - 1, 0))
            continue
        cost, place, at = heapq.heappop(heap)
        yield place, ranked[place][at]
        if at + 1 < len(ranked[place]):
            step = ranked[place][at + 1].cost - ranked[place][at].cost
            heapq.heappush(heap, (cost + step, place, at + 1))


def moved(suspicion: Suspicion, old: str, new: str) -> Suspicion:
    """Suspicion of the old text's lines, given to the lines of the new text; a new line gets that of the line it replaces."""
    if not suspicion:
        return {}
    found: dict[int, float] = {}
    matcher = difflib.SequenceMatcher(None, split_lines(old), split_lines(new), autojunk=False)
    for _, a, b, c, d in matcher.get_opcodes():
        highest = max((suspicion.get(line + 1, 0.0) for line in range(a, max(b, a + 1))), default=0.0)
        for k in range(d - c):
            found[c + k + 1] = suspicion.get(a + k + 1, 0.0) if d - c == b - a else highest
    return found


def _ended(text: str, newline: str) -> str:
    return text if text.endswith("\n") else text + newline
