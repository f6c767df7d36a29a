"""Soloist: a planner and a specialist; nothing is trusted until it has run and passed a check.

The public names are loaded when first used, so that `import soloist` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soloist_agents.contract import PlannerNeeded
    from soloist_sandbox.checks import parse_check
    from soloist_sandbox.contract import SandboxUnavailable

    from soloist.events import Event
    from soloist.orchestrator import Orchestrator
    from soloist.reasoning import reason_tool
    from soloist.report import Report
    from soloist.task import Budget, Task

__version__ = "0.1.0"

__all__ = [
    "Budget",
    "Event",
    "Orchestrator",
    "PlannerNeeded",
    "Report",
    "SandboxUnavailable",
    "Task",
    "parse_check",
    "reason_tool",
]

_HOMES = {
    "Budget": "soloist.task",
    "Event": "soloist.events",
    "Orchestrator": "soloist.orchestrator",
    "PlannerNeeded": "soloist_agents.contract",
    "Report": "soloist.report",
    "SandboxUnavailable": "soloist_sandbox.contract",
    "Task": "soloist.task",
    "parse_check": "soloist_sandbox.checks",
    "reason_tool": "soloist.reasoning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'soloist' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
