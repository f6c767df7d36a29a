"""How suspicious the place of a change is, from the scores of the lines it touches."""

import math
import re
from collections.abc import Mapping

import libcst as cst

from soloist_agents.search.change import Splice
from soloist_agents.search.target import split_lines
from soloist_agents.search.tree import Tree

Suspicion = Mapping[int, float]
"""Line of the function's text, counted from 1 -> score 0 to 1. Empty: all lines are equal."""

SHARPNESS = 1.5
"""How strongly suspicion counts beside the operator's prior."""
FLOOR = 0.1
"""Score of a line that the failing tests never ran: it may still be where code is missing."""


class Suspects:
    """The lines of a function and how much of the likelihood each gets."""

    def __init__(self, tree: Tree, suspicion: Suspicion) -> None:
        self._lines = split_lines(tree.text)
        self._equal = not suspicion
        scores = [suspicion.get(line, 0.0) for line in range(len(self._lines) + 2)]
        for statement in tree.of(cst.SimpleStatementLine):  # as suspicious as the worst of its lines
            first, last = statement.lines
            scores[first : last + 1] = [max(scores[first : last + 1])] * (last + 1 - first)
        self._shares: list[float] = [math.pow(max(FLOOR, score), SHARPNESS) for score in scores]

    def share(self, splice: Splice, first: int, last: int) -> float:
        """Likelihood of a change that touches lines `first` to `last`; that of whole new lines is their neighbours'."""
        if self._equal:
            return 1.0
        if splice.start == splice.end and splice.new.endswith("\n"):
            return max(self._shares[self._neighbour(first, splice.new)], self._shares[first])
        return max(self._shares[first : last + 1])

    def _neighbour(self, line: int, new: str) -> int:
        """The line of the statement that new lines in front of `line` come behind, or of the block that they open."""
        depth = _indent(new)
        for above in range(line - 1, 0, -1):
            text = self._lines[above - 1]
            if text.strip() and _indent(text) <= depth:
                return above
        return 1


def _indent(line: str) -> int:
    match = re.match(r"[ \t]*", line)
    return len(match.group()) if match else 0
