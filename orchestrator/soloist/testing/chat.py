"""The form of `POST /v1/chat/completions`."""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from soloist.testing.answer import Answer, Choice, Streamed, as_bytes
from soloist.testing.reply import ToolCall, Usage


def whole(answer: Answer) -> Mapping[str, Any]:
    """The body of an answer in one piece."""
    choices = [
        {"index": index, "message": _message(choice), "finish_reason": choice.finish_reason, "logprobs": _logprobs(choice.told())}
        for index, choice in enumerate(answer.choices)
    ]
    body = _envelope(answer, "chat.completion") | {"choices": choices}
    return body | {"usage": _usage(answer.usage)} if answer.usage else body


def streamed(answer: Answer) -> Streamed:
    """The events of an answer in pieces, the choices taking turns."""
    envelope = _envelope(answer, "chat.completion.chunk")

    def event(**fields: Any) -> bytes:
        return b"data: %b\n\n" % as_bytes({**envelope, **fields})

    def delta(index: int, fields: Mapping[str, Any], finish: str | None = None, told: Any = None) -> bytes:
        return event(choices=[{"index": index, "delta": fields, "finish_reason": finish, "logprobs": _logprobs([told])}])

    def of_choice(index: int, choice: Choice) -> Iterator[bytes]:
        for fields, told in zip_longest(_deltas(choice), choice.told()):
            yield delta(index, fields, told=told)
        yield delta(index, {}, choice.finish_reason)

    opening = b"".join(delta(index, {"role": "assistant", "content": ""}) for index in range(len(answer.choices)))
    rounds = zip_longest(*(of_choice(index, choice) for index, choice in enumerate(answer.choices)), fillvalue=b"")
    closing = b"data: [DONE]\n\n"
    if answer.usage and (answer.ask.body.get("stream_options") or {}).get("include_usage"):
        closing = event(choices=[], usage=_usage(answer.usage)) + closing
    if not answer.choices:
        closing = event(choices=[]) + closing
    return Streamed(opening, [b"".join(events) for events in rounds], closing)


def _envelope(answer: Answer, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer.ask.number}", "object": kind, "created": int(time.time()), "model": answer.ask.model}


def _message(choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text if choice.text or not choice.tool_calls else None}
    if choice.thinking:
        message[choice.reasoning] = choice.thinking
    if choice.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in choice.tool_calls]
    return message


def _deltas(choice: Choice) -> Iterator[Mapping[str, Any]]:
    for piece in choice.pieces(choice.thinking):
        yield {choice.reasoning: piece}
    for piece in choice.pieces(choice.text):
        yield {"content": piece}
    for index, call in enumerate(choice.tool_calls):
        yield {"tool_calls": [{"index": index, **_tool_call(call, arguments="")}]}
        for piece in choice.pieces(str(call.arguments)):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _logprobs(told: Sequence[Any]) -> Mapping[str, Any] | None:
    entries = [entry for entry in told if entry is not None]
    return {"content": entries, "refusal": None} if entries else None


def _tool_call(call: ToolCall, arguments: str | None = None) -> dict[str, Any]:
    given = call.arguments if arguments is None else arguments
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": given}}


def _usage(usage: Usage) -> Mapping[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.thinking},
    }
