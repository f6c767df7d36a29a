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
    from soloist_agents.selection.choosing import Selection
    from soloist_agents.selection.verifying import ClaimVerifier, Verified
    from soloist_agents.solver import ModelSpecialist
    from soloist_agents.step_check import AgreementCheck, AnswerCheck, TestsCheck
    from soloist_sandbox.checks import parse_check
    from soloist_sandbox.contract import (
        Call,
        Case,
        CommandCheck,
        FunctionCheck,
        Limits,
        Outcome,
        ProgramCheck,
        PytestCheck,
        Sandbox,
        SandboxUnavailable,
        Session,
    )
    from soloist_sandbox.integrity import judge

    from soloist.engine import open_session
    from soloist.events import Event
    from soloist.orchestrator import Orchestrator
    from soloist.reasoning import reason_tool
    from soloist.report import Report
    from soloist.task import Budget, Problem, Task

__version__ = "0.1.0"

__all__ = [
    "AgreementCheck",
    "AnswerCheck",
    "Budget",
    "Call",
    "Case",
    "ChatModel",
    "ClaimVerifier",
    "CommandCheck",
    "Endpoint",
    "EndpointSettings",
    "Event",
    "FunctionCheck",
    "Limits",
    "ModelError",
    "ModelPlanner",
    "ModelSpecialist",
    "Orchestrator",
    "Outcome",
    "PlannerNeeded",
    "Problem",
    "ProgramCheck",
    "PytestCheck",
    "Report",
    "Sandbox",
    "SandboxUnavailable",
    "Search",
    "Selection",
    "Session",
    "Task",
    "TestsCheck",
    "Verified",
    "judge",
    "open_session",
    "parse_check",
    "preset_named",
    "reason_tool",
]

_HOMES = {
    "AgreementCheck": "soloist_agents.step_check",
    "AnswerCheck": "soloist_agents.step_check",
    "Budget": "soloist.task",
    "Call": "soloist_sandbox.contract",
    "Case": "soloist_sandbox.contract",
    "ChatModel": "soloist_agents.models.langchain",
    "ClaimVerifier": "soloist_agents.selection.verifying",
    "CommandCheck": "soloist_sandbox.contract",
    "Endpoint": "soloist_agents.models.endpoint",
    "EndpointSettings": "soloist_agents.models.settings",
    "Event": "soloist.events",
    "FunctionCheck": "soloist_sandbox.contract",
    "Limits": "soloist_sandbox.contract",
    "ModelError": "soloist_agents.models.contract",
    "ModelPlanner": "soloist_agents.planner",
    "ModelSpecialist": "soloist_agents.solver",
    "Orchestrator": "soloist.orchestrator",
    "Outcome": "soloist_sandbox.contract",
    "PlannerNeeded": "soloist_agents.contract",
    "Problem": "soloist.task",
    "ProgramCheck": "soloist_sandbox.contract",
    "PytestCheck": "soloist_sandbox.contract",
    "Report": "soloist.report",
    "Sandbox": "soloist_sandbox.contract",
    "SandboxUnavailable": "soloist_sandbox.contract",
    "Search": "soloist_agents.search.specialist",
    "Selection": "soloist_agents.selection.choosing",
    "Session": "soloist_sandbox.contract",
    "Task": "soloist.task",
    "TestsCheck": "soloist_agents.step_check",
    "Verified": "soloist_agents.selection.verifying",
    "judge": "soloist_sandbox.integrity",
    "open_session": "soloist.engine",
    "parse_check": "soloist_sandbox.checks",
    "preset_named": "soloist_agents.presets",
    "reason_tool": "soloist.reasoning",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'soloist' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
