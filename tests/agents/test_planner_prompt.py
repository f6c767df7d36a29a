"""What the planner is always told: short, the same byte for byte, and true."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from soloist.reasoning import tool_over
from soloist_agents.contract import Gathered, Situation, ToolCall
from soloist_agents.planner.conversation import conversation, specs
from soloist_agents.prompts import render
from soloist_sandbox.contract import PytestCheck
from soloist_tools.looking import looking_tools

MOST_BYTES = 8 * 1024


async def nobody(problem: Any) -> Any:
    raise AssertionError("not called")


def tools() -> Any:
    session: Any = None  # the tools are only described here
    return (*looking_tools(Path(), session, PytestCheck()), tool_over(nobody))


def situation(*calls: ToolCall) -> Situation:
    return Situation(goal="g", check=PytestCheck(), gathered=Gathered(calls=calls), tree={}, tools=tools())


def test_the_fixed_part_is_under_eight_kilobytes() -> None:
    """System message and all tool schemas, as they go over the wire."""
    functions = [{"type": "function", "function": dict(s) | {"parameters": dict(s.parameters)}} for s in specs(tools())]
    assert len(render("planner_system").encode()) + len(json.dumps(functions).encode()) < MOST_BYTES


def test_a_longer_conversation_begins_with_the_shorter_one() -> None:
    """Nothing before the last turn changes, so that a server's prefix cache serves it."""
    first = ToolCall(tool="files", answer="a.py (3)")
    read = ToolCall(tool="read", arguments={"path": "a.py"}, id="c1", turn=1, answer="a.py, lines 1-3 of 3")
    more = ToolCall(tool="search", arguments={"text": "x"}, id="c2", turn=2, answer="no line holds 'x'")
    short, long = conversation(situation(first, read)), conversation(situation(first, read, more))
    assert long[: len(short)] == short
    assert specs(situation(first).tools) == specs(situation(first, read, more).tools)


def test_what_the_check_means_is_said() -> None:
    """A check that fails now judges the task; the repository's own suite only guards it; without tests there is nothing."""
    base = situation()
    judged, guarded, none = (conversation(s)[1].content for s in (base, replace(base, implied=True), replace(base, check=None)))
    assert "It fails now" in judged
    assert '`{"task": true}` is not possible' in guarded
    assert "the repository has no tests" in none


@pytest.mark.parametrize("tool", ["files", "read", "search", "run", "try_edit", "reason", "submit_plan"])
def test_every_tool_is_described(tool: str) -> None:
    """With a line of text, and an object schema without references."""
    spec = next(s for s in specs(tools()) if s.name == tool)
    assert spec.description
    assert spec.parameters["type"] == "object"
    assert "$ref" not in json.dumps(dict(spec.parameters))
