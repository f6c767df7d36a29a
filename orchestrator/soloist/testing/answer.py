"""What is sent for a call, before it is put into an endpoint's form."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from soloist.testing.ask import Ask
from soloist.testing.manners import Manners, Reasoning
from soloist.testing.reply import Reply, ToolCall, Usage
from soloist.testing.script import as_reply


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice with nothing left open."""

    text: str
    thinking: str
    reasoning: Reasoning
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str
    chunk: int
    logprobs: Sequence[Any] = ()
    """Of its tokens, from the beginning again after the last one. Empty where none are told."""

    def pieces(self, text: str) -> list[str]:
        """A text as it comes in a stream."""
        return [text[start : start + self.chunk] for start in range(0, len(text), self.chunk)]

    def told(self) -> list[Any]:
        """What is told of each piece, the thinking's and then the text's: an entry of OpenAI's `logprobs.content`, or None."""
        pieces = [*self.pieces(self.thinking), *self.pieces(self.text)]
        if not self.logprobs:
            return [None] * len(pieces)
        return [_entry(piece, logprob) for piece, logprob in zip(pieces, cycle(self.logprobs), strict=False)]


@dataclass(frozen=True, slots=True)
class Answer:
    """All that the forms of the two endpoints are made from."""

    ask: Ask
    choices: tuple[Choice, ...]
    usage: Usage | None
    """None where the server sends none."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer as events: what opens it, the rounds (a piece of every choice that is not finished; the last one only ends), and
    what closes it."""

    opening: bytes
    rounds: Sequence[bytes]
    closing: bytes


def answer_to(ask: Ask, reply: Reply, manners: Manners, count: int) -> Answer:
    """The reply as `count` choices of this server."""
    given = reply.choices or (reply,)
    choices = tuple(_choice(ask, index, as_reply(one), reply, manners) for index, one in enumerate(islice(cycle(given), count)))
    return Answer(ask, choices, (reply.usage or _counted(ask, choices)) if manners.sends_usage else None)


def _choice(ask: Ask, index: int, one: Reply, whole: Reply, manners: Manners) -> Choice:
    calls = tuple(
        ToolCall(call.name, _as_json(call), call.id or f"call_{ask.number}_{index}_{position}")
        for position, call in enumerate(one.tool_calls)
    )
    reasoning = whole.reasoning or manners.reasoning
    text, thinking = one.text, one.thinking
    if reasoning == "inline" and thinking:
        closing = "</think>" if text or calls else ""
        text, thinking = f"<think>{thinking}{closing}{text}", ""
    finish = one.finish_reason or ("tool_calls" if calls else "stop")
    logprobs = _logprobs(one) if ask.logprobs and manners.serves_logprobs else ()
    return Choice(text, thinking, reasoning, calls, finish, whole.chunk, logprobs)


def _logprobs(one: Reply) -> Sequence[Any]:
    if isinstance(one.logprobs, int | float):
        return (math.log(one.logprobs),)
    return one.logprobs or ()


def _entry(piece: str, logprob: Any) -> Any:
    return {"token": piece, "logprob": logprob, "bytes": list(piece.encode()), "top_logprobs": []}


def _as_json(call: ToolCall) -> str:
    return call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments, ensure_ascii=False)


def _counted(ask: Ask, choices: tuple[Choice, ...]) -> Usage:
    thinking = sum(_tokens(choice.thinking) for choice in choices)
    answers = sum(_tokens(choice.text + "".join(str(call.arguments) for call in choice.tool_calls)) for choice in choices)
    return Usage(prompt=_tokens(ask.text), completion=thinking + answers, thinking=thinking)


def _tokens(text: str) -> int:
    return (len(text) + 3) // 4


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def as_bytes(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return _COMPACT.encode(value).encode()
