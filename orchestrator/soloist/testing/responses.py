"""The form of `POST /v1/responses`: one choice, as a list of output items."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from soloist.testing.answer import Answer, Choice, Streamed, as_bytes
from soloist.testing.reply import Usage

Item = dict[str, Any]


def whole(answer: Answer) -> Mapping[str, Any]:
    """The body of an answer in one piece."""
    items = [item for choice in answer.choices for item in _items(answer.ask.number, choice)]
    return _response(answer, _status(answer), items)


def streamed(answer: Answer) -> Streamed:
    """The events of an answer in pieces."""
    script = _Events()
    opening = b"".join(
        script.event(f"response.{kind}", response=_response(answer, "in_progress", [])) for kind in ("created", "in_progress")
    )
    rounds: list[bytes] = []
    between = b""
    items = [(item, choice) for choice in answer.choices for item in _items(answer.ask.number, choice)]
    for position, (item, choice) in enumerate(items):
        between += b"".join(script.begin(position, item))
        for piece in choice.pieces(_text(item)):
            rounds.append(between + script.delta(position, item, piece))
            between = b""
        between += b"".join(script.end(position, item))
    rounds.append(between)
    status = _status(answer)
    closing = script.event(f"response.{status}", response=_response(answer, status, [item for item, _ in items]))
    return Streamed(opening, rounds, closing)


class _Events:
    """Writes events with their running number."""

    def __init__(self) -> None:
        self._number = -1

    def event(self, kind: str, **fields: Any) -> bytes:
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), as_bytes({"type": kind, "sequence_number": self._number, **fields}))

    def begin(self, position: int, item: Item) -> Iterator[bytes]:
        yield self.event("response.output_item.added", output_index=position, item=_emptied(item))
        if item["type"] != "function_call":
            yield self.event("response.content_part.added", **_place(position, item), part=_part(item, ""))

    def delta(self, position: int, item: Item, piece: str) -> bytes:
        extra: Item = {"logprobs": []} if item["type"] == "message" else {}
        return self.event(f"response.{_STREAM[item['type']]}.delta", **_place(position, item), delta=piece, **extra)

    def end(self, position: int, item: Item) -> Iterator[bytes]:
        place, text = _place(position, item), _text(item)
        if item["type"] == "function_call":
            yield self.event("response.function_call_arguments.done", **place, name=item["name"], arguments=text)
        else:
            extra: Item = {"logprobs": []} if item["type"] == "message" else {}
            yield self.event(f"response.{_STREAM[item['type']]}.done", **place, text=text, **extra)
            yield self.event("response.content_part.done", **place, part=_part(item, text))
        yield self.event("response.output_item.done", output_index=position, item=item)


_STREAM = {"message": "output_text", "reasoning": "reasoning_text", "function_call": "function_call_arguments"}


def _items(number: int, choice: Choice) -> Iterator[Item]:
    done = {"status": "incomplete" if choice.finish_reason == "length" else "completed"}
    if choice.thinking:
        item = {"id": f"rs_{number}", "type": "reasoning", "summary": [], **done}
        yield item | {"content": [_part(item, choice.thinking)]}
    if choice.text:
        item = {"id": f"msg_{number}", "type": "message", "role": "assistant", **done}
        yield item | {"content": [_part(item, choice.text)]}
    for index, call in enumerate(choice.tool_calls):
        item = {"id": f"fc_{number}_{index}", "type": "function_call", "call_id": call.id, "name": call.name, **done}
        yield item | {"arguments": call.arguments}


def _part(item: Item, text: str) -> Item:
    if item["type"] == "reasoning":
        return {"type": "reasoning_text", "text": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _text(item: Item) -> str:
    return str(item["arguments"] if item["type"] == "function_call" else item["content"][0]["text"])


def _emptied(item: Item) -> Item:
    empty: Item = {"arguments": ""} if item["type"] == "function_call" else {"content": []}
    return item | {"status": "in_progress"} | empty


def _place(position: int, item: Item) -> Item:
    place = {"output_index": position, "item_id": item["id"]}
    return place if item["type"] == "function_call" else place | {"content_index": 0}


def _status(answer: Answer) -> str:
    return "incomplete" if any(choice.finish_reason == "length" for choice in answer.choices) else "completed"


def _response(answer: Answer, status: str, items: list[Item]) -> Item:
    body = answer.ask.body
    return {
        "id": f"resp_{answer.ask.number}",
        "object": "response",
        "created_at": int(time.time()),
        "model": answer.ask.model,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "output": items,
        "parallel_tool_calls": True,
        "temperature": body.get("temperature"),
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p"),
        "usage": _usage(answer.usage) if answer.usage and status != "in_progress" else None,
    }


def _usage(usage: Usage) -> Item:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.thinking},
        "total_tokens": usage.prompt + usage.completion,
    }
