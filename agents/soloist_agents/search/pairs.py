"""Pairs of edits, the likeliest first, without making them all."""

import heapq
from collections.abc import Iterator, Sequence

from soloist_agents.search.change import Edit


def pairs(edits: Sequence[Edit]) -> Iterator[Edit]:
    """Every compatible pair of edits (sorted by cost), in order of its summed cost."""
    if len(edits) < 2:
        return
    frontier = [(edits[0].cost + edits[1].cost, 0, 1)]
    while frontier:
        _, i, j = heapq.heappop(frontier)
        if not edits[i].touches(edits[j]):
            yield edits[i].joined(edits[j])
        if j + 1 < len(edits):
            heapq.heappush(frontier, (edits[i].cost + edits[j + 1].cost, i, j + 1))
        if j == i + 1 and j + 1 < len(edits):
            heapq.heappush(frontier, (edits[j].cost + edits[j + 1].cost, j, j + 1))
