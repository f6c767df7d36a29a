"""Gathering: the planner says what to look at, read-only tools look, until the planner knows enough."""

import asyncio
from typing import Any, Literal

from langgraph.runtime import Runtime
from soloist_agents.contract import Gathered, ToolCall
from soloist_tools.evidence import Found

from soloist.graph.planning import history_of
from soloist.graph.state import GatherState
from soloist.graph.trouble import within
from soloist.live import Live

MOST_CALLS = 60
"""Tool calls after which gathering ends, whatever the planner wants."""
LONGEST_ANSWER = 20_000
"""Characters kept of one tool's answer."""


async def look(state: GatherState, runtime: Runtime[Live]) -> GatherState:
    """Ask the planner what to look at next."""
    live = runtime.context
    gathered = live.gathered(state.get("gathered_ref"))
    if len(gathered.calls) >= MOST_CALLS:
        return {"calls": []}
    calls = await within(
        live.seconds_left, live.planner.look(live.situation(gathered, history_of(state, live), state.get("planned_turn", 0)))
    )
    if isinstance(calls, dict):
        return {"calls": [], "trouble": calls, "gathered_ref": live.run.put(Gathered, gathered)}
    update: GatherState = {"calls": [call.model_dump(mode="json") for call in calls]}
    if not calls and not state.get("gathered_ref"):
        update["gathered_ref"] = live.run.put(Gathered, gathered)
    return update


def enough_known(state: GatherState) -> Literal["look closer", "enough"]:
    """Are there tools to use, or does the planner know enough?"""
    return "look closer" if state.get("calls") else "enough"


async def use(state: GatherState, runtime: Runtime[Live]) -> GatherState:
    """Use the tools that the planner asked for."""
    live = runtime.context
    gathered = live.gathered(state.get("gathered_ref"))
    for asked in state.get("calls", []):
        call, found = await _use_one(live, ToolCall.model_validate(asked))
        merged = gathered.merged(found)
        gathered = Gathered.model_validate({**dict(merged), "calls": (*gathered.calls, call)})
    return {"gathered_ref": live.run.put(Gathered, gathered), "calls": []}


async def _use_one(live: Live, call: ToolCall) -> tuple[ToolCall, Found]:
    """The call with its answer. What goes wrong is an answer too: the planner can ask better."""
    tool = next((t for t in live.tools if t.name == call.tool), None)
    if tool is None or call.answer:
        return (call if tool or call.answer else _unknown(live, call)), Found()
    request: dict[str, Any] = {"type": "tool_call", "id": call.id or call.tool, "name": call.tool, "args": dict(call.arguments)}
    try:
        async with asyncio.timeout(live.seconds_left):
            message = await tool.ainvoke(request)
    except TimeoutError:
        return call.model_copy(update={"answer": "error: the time for looking is used up"}), Found()
    except (ValueError, OSError) as error:
        return call.model_copy(update={"answer": f"error: {error}"}), Found()
    found: Found = message.artifact if isinstance(message.artifact, Found) else Found()
    live.journal.emit("gather.tool", _told(call, found), tool=call.tool, arguments=dict(call.arguments))
    return call.model_copy(update={"answer": str(message.content)[:LONGEST_ANSWER]}), found


def _unknown(live: Live, call: ToolCall) -> ToolCall:
    """A planner's own call, such as its plan, is kept as it is; for any other, the answer says what there is."""
    if call.tool in getattr(live.planner, "own_calls", ()):
        return call
    there = ", ".join(tool.name for tool in live.tools)
    return call.model_copy(update={"answer": f"error: there is no tool {call.tool}; there are {there}"})


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
    return " ".join((call.tool, *(f"{value}" for value in call.arguments.values())))
