"""Gathering: the planner says what to look at, read-only tools look, until the planner knows enough."""

from typing import Any, Literal

from langgraph.runtime import Runtime
from pydantic import TypeAdapter
from soloist_agents.contract import Gathered, ToolCall
from soloist_sandbox.contract import Check
from soloist_tools.evidence import Found

from soloist.graph.state import GatherState
from soloist.live import Live

MOST_CALLS = 30
"""Tool calls after which gathering ends, whatever the planner wants."""

CHECK: TypeAdapter[Check] = TypeAdapter(Check)


async def look(state: GatherState, runtime: Runtime[Live]) -> GatherState:
    """Ask the planner what to look at next."""
    live = runtime.context
    gathered = live.gathered(state.get("gathered_ref"))
    if len(gathered.calls) >= MOST_CALLS:
        return {"calls": []}
    check = state.get("check")
    calls = await live.planner.look(state["goal"], CHECK.validate_python(check) if check else None, gathered)
    return {"calls": [call.model_dump(mode="json") for call in calls]}


def enough_known(state: GatherState) -> Literal["look closer", "enough"]:
    """Are there tools to use, or does the planner know enough?"""
    return "look closer" if state.get("calls") else "enough"


async def use(state: GatherState, runtime: Runtime[Live]) -> GatherState:
    """Use the tools that the planner asked for."""
    live = runtime.context
    gathered = live.gathered(state.get("gathered_ref"))
    for asked in state.get("calls", []):
        call = ToolCall.model_validate(asked)
        found = await _use_one(live, call)
        merged = gathered.merged(found)
        gathered = Gathered.model_validate({**dict(merged), "calls": (*gathered.calls, call)})
    return {"gathered_ref": live.run.put(Gathered, gathered), "calls": []}


async def _use_one(live: Live, call: ToolCall) -> Found:
    tool = next((t for t in live.tools if t.name == call.tool), None)
    if tool is None:
        raise ValueError(f"planner {live.planner.name} asked for a tool that there isn't: {call.tool}")
    request: dict[str, Any] = {"type": "tool_call", "id": call.tool, "name": call.tool, "args": dict(call.arguments)}
    message = await tool.ainvoke(request)
    live.journal.emit("gather.tool", _told(call, message.artifact), tool=call.tool, arguments=dict(call.arguments))
    found: Found = message.artifact
    return found


def _told(call: ToolCall, found: Found) -> str:
    if call.tool == "run_check" and found.baseline is not None:
        report = found.baseline.report
        failing = len(report.ids("failed", "error")) if report else 0
        tests = f", {failing} of {len(report.tests)} tests fail" if report and report.tests else ""
        ended = f"limit {found.baseline.limit}" if found.baseline.limit else f"exit code {found.baseline.exit_code}"
        return f"check run before any change: {ended}{tests}"
    if call.tool == "trace_check":
        top = ", ".join(f"{s.name} {s.score:.2f}" for s in found.suspects[:3])
        return f"fault located in {len(found.suspects)} suspects: {top}" if found.suspects else "no suspect was found"
    return f"{call.tool} {dict(call.arguments)}"
