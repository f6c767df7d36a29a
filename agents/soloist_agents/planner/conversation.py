"""The planner's conversation, made anew from what was gathered: the fixed parts first and byte for byte the same, so that a
server's prefix cache serves them."""

import json
from collections.abc import Sequence
from itertools import groupby

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from soloist_agents.contract import Situation, ToolCall
from soloist_agents.models.contract import Message, ToolRequest, ToolSpec
from soloist_agents.planner.draft import compact, plan_schema
from soloist_agents.posing import shortened
from soloist_agents.prompts import render

SUBMIT = "submit_plan"
LONGEST_ANSWER = 16_000
"""Characters of one tool's answer that the planner is shown."""
TITLES = {
    "files": "Its files, with their numbers of lines",
    "run_check": "The check, run before any change",
    "trace_check": "Functions that may be at fault, by what failing and passing tests execute",
}


def specs(tools: Sequence[BaseTool], *, submits: bool = True) -> tuple[ToolSpec, ...]:
    """The tools as a model is told of them, `submit_plan` last where there is a plan to submit.

    Without those that are used by rule at the beginning: nothing would have changed since.
    """
    found = [_spec(tool) for tool in tools if tool.name not in TITLES or tool.name == "files"]
    if not submits:
        return tuple(found)
    submit = ToolSpec(name=SUBMIT, description="Submit the plan; this ends looking around.", parameters=plan_schema())
    return (*found, submit)


def conversation(situation: Situation) -> tuple[Message, ...]:
    """System message, the task with what was found by rule, then each turn with its tools' answers."""
    own = [_shown(call) for call in situation.gathered.calls if call.turn == 0]
    check, implied = str(situation.check or ""), situation.implied
    failing = situation.gathered.baseline is not None and situation.gathered.baseline.exit_code != 0
    task = render(
        "planner_task",
        goal=situation.goal,
        check=check,
        implied=implied,
        failing=failing,
        asks=situation.asks,
        calls=own,
        titles=TITLES,
    )
    system = "asker_system" if situation.asks else "planner_system"
    messages = [Message(role="system", content=render(system)), Message(role="user", content=task)]
    asked = [call for call in situation.gathered.calls if call.turn > 0]
    replanned = not situation.history
    for number, turn in groupby(asked, key=lambda call: call.turn):
        calls = list(turn)
        if number > situation.planned_turn and not replanned:
            messages.append(_what_became(situation))
            replanned = True
        requests = tuple(ToolRequest(id=c.id, name=c.tool, arguments=json.dumps(dict(c.arguments))) for c in calls)
        messages.append(Message(role="assistant", content=calls[0].said, tool_calls=requests))
        messages += [Message(role="tool", tool_call_id=c.id, content=_shown(c).answer or "submitted") for c in calls]
    return tuple(messages if replanned else [*messages, _what_became(situation)])


def _what_became(situation: Situation) -> Message:
    return Message(role="user", content=render("planner_replan", history=situation.history))


def _shown(call: ToolCall) -> ToolCall:
    return call.model_copy(update={"answer": shortened(call.answer, LONGEST_ANSWER)})


def _spec(tool: BaseTool) -> ToolSpec:
    function = convert_to_openai_tool(tool)["function"]
    return ToolSpec(name=tool.name, description=tool.description, parameters=compact(function.get("parameters", {})))
