"""A specialist of one's own: it proposes candidates, and Soloist finds out which of them pass.

PYTHONPATH=examples soloist run "fix it" --repo examples/timetable --check "pytest -q" --specialist own_specialist:Boundaries
"""

import re
from collections.abc import AsyncIterator, Sequence

from soloist_agents.contract import Candidate, NearMiss, Step
from soloist_tools.functions import function_source

COMPARISON = re.compile(r" ([<>])(=?) ")


class Boundaries:
    """Knows one mistake only: a boundary that is left out, or counted in, where it should be the other way round."""

    name = "boundaries"

    async def propose(self, step: Step) -> AsyncIterator[Candidate]:
        """The function once for each of its comparisons, with that one turned."""
        source = function_source(step.source, step.name)
        for found in COMPARISON.finditer(source):
            turned = f" {found[1]}{'' if found[2] else '='} "
            text = source[: found.start()] + turned + source[found.end() :]
            yield Candidate(author=self.name, text=text, note=f"`{found[0].strip()}` became `{turned.strip()}`", size=1)

    async def repair(self, step: Step, misses: Sequence[NearMiss]) -> AsyncIterator[Candidate]:
        """It has no second idea."""
        for _ in ():
            yield _
