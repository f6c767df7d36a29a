"""A planner of one's own: it knows where the last change was, and looks nowhere else.

PYTHONPATH=examples soloist run "fix it" --repo examples/timetable --check "pytest -q" --planner own_planner:times_only
"""

from collections.abc import Mapping, Sequence

from soloist_agents.contract import Gathered, Plan, ToolCall
from soloist_agents.playbook import Playbook
from soloist_sandbox.contract import Check


class Focused:
    """The playbook, kept to some files."""

    name = "focused"

    def __init__(self, *paths: str) -> None:
        """`paths`: files that may be repaired, relative to the repository."""
        self._paths = paths
        self._playbook = Playbook()

    async def look(self, goal: str, check: Check | None, gathered: Gathered) -> Sequence[ToolCall]:
        """Look as the playbook does: run the check, then trace it."""
        return await self._playbook.look(goal, check, gathered)

    async def plan(
        self, goal: str, check: Check, gathered: Gathered, sources: Mapping[str, bytes], failed: Sequence[str]
    ) -> Plan:
        """One step for each suspect in the chosen files."""
        near = tuple(suspect for suspect in gathered.suspects if suspect.path in self._paths)
        return await self._playbook.plan(goal, check, gathered.model_copy(update={"suspects": near}), sources, failed)


def times_only() -> Focused:
    """What `--planner` calls."""
    return Focused("timetable/times.py")
