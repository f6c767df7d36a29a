"""Tokens where a server sends no count.

One token is taken as 3.6 bytes of UTF-8. English prose has 4 to 4.5 characters a token in today's vocabularies, code 3 to 3.5,
digits 1 to 3, Chinese 1.3 to 2 characters of 3 bytes each: for a mixed conversation the estimate is within about 25 %.
Whatever is made of it is marked `estimated`.
"""

import json
import math

from soloist_agents.models.contract import Request, Usage

BYTES_A_TOKEN = 3.6
TURN = 4
"""Tokens that a chat template puts around one message."""


def estimated_tokens(text: str) -> int:
    """Tokens of a text, by its length. 0 for none."""
    return math.ceil(len(text.encode(errors="replace")) / BYTES_A_TOKEN)


def estimated_prompt(request: Request) -> int:
    """Tokens of everything that is sent: messages, tool calls in them, and tool descriptions."""
    said = sum(
        TURN
        + estimated_tokens(message.content)
        + sum(estimated_tokens(call.name + call.arguments) for call in message.tool_calls)
        for message in request.messages
    )
    tools = sum(estimated_tokens(tool.name + tool.description + json.dumps(tool.parameters)) for tool in request.tools)
    return said + tools


def estimated_usage(request: Request, thinking: str, answer: str) -> Usage:
    """What one attempt has cost, from what was sent and what came."""
    return Usage(
        prompt=estimated_prompt(request),
        thinking=estimated_tokens(thinking),
        answer=estimated_tokens(answer),
        estimated=True,
    )


def attributed(usage: Usage, thinking: str, answer: str) -> Usage:
    """Thinking and answer told apart by their lengths, where a server only counted them together. The sum stays the server's."""
    if usage.thinking or not thinking:
        return usage
    share = len(thinking) / (len(thinking) + len(answer))
    thought = round(usage.answer * share)
    return usage.model_copy(update={"thinking": thought, "answer": usage.answer - thought})
