"""Our request as the body of a chat completions call."""

from collections.abc import Mapping
from typing import Any

from soloist_agents.models.contract import Message, Request, ToolSpec
from soloist_agents.models.settings import Continues, EndpointSettings

Body = dict[str, Any]


def body_of(request: Request, settings: EndpointSettings, *, n: int, shift: int, usage: bool, logprobs: bool) -> Body:
    """The call's JSON body, always streaming.

    `shift` is the first choice's index: choices that are asked for one by one must not share a seed. `usage`, `logprobs`: ask
    for the count of tokens, and for their logprobs. Raises `ValueError` for a prefix that the server can't continue.
    """
    sampling = request.sampling
    fields: Body = {
        "model": settings.name,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True} if usage else None,
        "n": n if n > 1 else None,
        "logprobs": True if logprobs else None,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "seed": None if sampling.seed is None else sampling.seed + shift,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": request.tool_choice if request.tools else None,
        "response_format": _response_format(request),
    }
    return {
        **{key: value for key, value in fields.items() if value is not None},
        **_continuing(request, settings.continues),
        **sampling.extra,
    }


def _message(message: Message) -> Body:
    told: Body = {"role": message.role, "content": message.content}
    if message.tool_calls:
        told["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
        told["content"] = message.content or None
    if message.role == "tool":
        told["tool_call_id"] = message.tool_call_id
    return told


def _tool(tool: ToolSpec) -> Body:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
    }


def _response_format(request: Request) -> Mapping[str, Any] | None:
    if request.schema_ is None:
        return None
    return {"type": "json_schema", "json_schema": {"name": request.schema_.name, "schema": dict(request.schema_.schema_)}}


def _continuing(request: Request, continues: Continues) -> Body:
    if not request.messages[-1].prefix:
        return {}
    if continues == "none":
        raise ValueError("this endpoint can't continue an answer: set `continues` to vllm or prefill if its server can")
    return {"continue_final_message": True, "add_generation_prompt": False} if continues == "vllm" else {}
