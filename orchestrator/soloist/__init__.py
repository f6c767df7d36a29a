"""Soloist: a planner and a specialist; nothing is trusted until it has run and passed a check.

The public names are loaded when first used, so that `import soloist` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soloist_agents.contract import PlannerNeeded
    from soloist_agents.models.contract import ModelError
    from soloist_agents.models.endpoint import Endpoint
    from soloist_agents.models.langchain import ChatModel
    from soloist_agents.models.settings import EndpointSettings
    from soloist_agents.planner import ModelPlanner
    from soloist_agents.presets import preset_named
    from soloist_agents.search.specialist import Search
    from soloist_agents.solver import ModelSpecialist
    from soloist_sandbox.checks import parse_check
    from soloist_sandbox.contract import SandboxUnavailable

    from soloist.events import Event
    from soloist.orchestrator import Orchestrator
    from soloist.reasoning import reason_tool
    from soloist.report import Report
    from soloist.task import Budget, Problem, Task

__version__ = "0.1.0"

__all__ = [
    "Budget",
    "ChatModel",
    "Endpoint",
    "EndpointSettings",
    "Event",
    "ModelError",
    "ModelPlanner",
    "ModelSpecialist",
    "Orchestrator",
    "PlannerNeeded",
    "Problem",
    "Report",
    "SandboxUnavailable",
    "Search",
    "Task",
    "parse_check",
    "preset_named",
    "reason_tool",
]

_HOMES = {
    "Budget": "soloist.task",
    "ChatModel": "soloist_agents.models.langchain",
    "Endpoint": "soloist_agents.models.endpoint",
    "EndpointSettings": "soloist_agents.models.settings",
    "Event": "soloist.events",
    "ModelError": "soloist_agents.models.contract",
    "ModelPlanner": "soloist_agents.planner",
    "ModelSpecialist": "soloist_agents.solver",
    "Orchestrator": "soloist.orchestrator",
    "PlannerNeeded": "soloist_agents.contract",
    "Problem": "soloist.task",
    "Report": "soloist.report",
    "SandboxUnavailable": "soloist_sandbox.contract",
    "Search": "soloist_agents.search.specialist",
    "Task": "soloist.task",
    "parse_check": "soloist_sandbox.checks",
    "preset_named": "soloist_agents.presets",
    "reason_tool": "soloist.reasoning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'soloist' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
