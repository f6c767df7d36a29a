"""A planner of one's own: it knows where the last change was, and looks nowhere else.

PYTHONPATH=examples soloist run "fix it" --repo examples/timetable --check "pytest -q" --planner own_planner:times_only
"""

from collections.abc import Sequence
from dataclasses import replace

from soloist_agents.contract import Plan, Situation, ToolCall
from soloist_agents.playbook import Playbook


class Focused:
    """The playbook, kept to some files."""

    name = "focused"

    def __init__(self, *paths: str) -> None:
        """`paths`: files that may be repaired, relative to the repository."""
        self._paths = paths
        self._playbook = Playbook()

    async def look(self, situation: Situation) -> Sequence[ToolCall]:
        """Look as the playbook does: run the check, then trace it."""
        return await self._playbook.look(situation)

    async def plan(self, situation: Situation) -> Plan:
        """One step for each suspect in the chosen files."""
        near = tuple(suspect for suspect in situation.gathered.suspects if suspect.path in self._paths)
        gathered = situation.gathered.model_copy(update={"suspects": near})
        return await self._playbook.plan(replace(situation, gathered=gathered))


def times_only() -> Focused:
    """What `--planner` calls."""
    return Focused("timetable/times.py")
