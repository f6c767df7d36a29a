"""An answer as it comes: the server's JSON objects in, our events out. Knows nothing of connections."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from soloist_agents.models.confidence import Confidence
from soloist_agents.models.contract import Completion, Delta, Finish, ToolRequest, Usage
from soloist_agents.models.loops import LoopDetector
from soloist_agents.models.server_events import Garbled, Piece, TooMuch
from soloist_agents.models.thinking import Splitter

FINISHES: Mapping[str, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "filtered",
    "safety": "filtered",
}
"""Servers' words for how a choice ended; any other is taken as "stop"."""
BROKEN = frozenset({"error", "abort", "insufficient_system_resource"})


class ServerError(ValueError):
    """The stream carries an error in place of an answer."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


@dataclass
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Choice:
    """One choice under way."""

    def __init__(self, index: int, splitter: Splitter | None, *, cut_loops: bool = True) -> None:
        """`splitter`: None when thinking never stands in the text."""
        self.index = index
        self.splitter = splitter
        self.confidence = Confidence()
        self.completion: Completion | None = None
        self._reasoned: list[str] = []
        self._content: list[str] = []
        self._calls: dict[Any, _Call] = {}
        self._loops = (LoopDetector(), LoopDetector()) if cut_loops else ()

    def take(self, thinking: str, content: str) -> Delta | None:
        """Take text. May end the choice, when it goes round in a loop."""
        if thinking:
            self._reasoned.append(thinking)
            if not self._content:
                self.splitter = None  # The server splits: a tag in the text is meant as text.
        if content and self.splitter is not None:
            self._content.append(content)
            inline, content = self.splitter.feed(content)
            thinking += inline
        elif content:
            self._content.append(content)
        if not thinking and not content:
            return None
        if self._loops and (self._loops[0].feed(thinking) or self._loops[1].feed(content)):
            self.end("loop")
        return Delta(index=self.index, content=content, thinking=thinking)

    def take_calls(self, pieces: Iterable[Mapping[str, Any]]) -> int:
        """Take pieces of tool calls; gives their size in characters."""
        return sum(self._take_call(piece) for piece in pieces)

    def _take_call(self, piece: Mapping[str, Any]) -> int:
        function = piece.get("function") or {}
        id_, name, arguments = piece.get("id") or "", function.get("name") or "", function.get("arguments") or ""
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments)
        key = piece.get("index")
        key = len(self._calls) - (0 if name else 1) if key is None else key
        if name and id_ and key in self._calls and self._calls[key].id not in ("", id_):
            key = (key, id_)  # Some servers give every call the index 0.
        call = self._calls.setdefault(key, _Call())
        call.id = call.id or id_
        call.name = call.name or name
        call.arguments.append(arguments)
        return len(name) + len(arguments)

    def end(self, finish: Finish) -> Completion:
        """Close the choice."""
        thinking, content, closed = "".join(self._reasoned), "".join(self._content), True
        if self.splitter is not None:
            inline, content, closed = self.splitter.end(cut=finish in ("length", "loop"))
            thinking += inline
        elif thinking and not content and not self._calls and finish in ("length", "loop"):
            closed = False
        calls = tuple(
            ToolRequest(id=call.id or f"call_{self.index}_{place}", name=call.name, arguments="".join(call.arguments))
            for place, call in enumerate(self._calls.values())
        )
        if calls and finish == "stop":
            finish = "tool_calls"
        self.completion = Completion(
            index=self.index,
            content=content,
            thinking=thinking,
            thought=closed,
            tool_calls=calls,
            finish=finish,
            confidence=self.confidence.mean,
        )
        return self.completion

    @property
    def so_far(self) -> tuple[str, str]:
        """Thinking and answer (with tool calls), roughly: for an estimate of tokens."""
        if self.completion is not None:
            said = self.completion.content + "".join(call.name + call.arguments for call in self.completion.tool_calls)
            return self.completion.thinking, said
        calls = "".join(call.name + "".join(call.arguments) for call in self._calls.values())
        return "".join(self._reasoned), "".join(self._content) + calls


class Answer:
    """All choices of one call. The server counts them from 0; `indices` are ours."""

    def __init__(self, choices: Sequence[Choice], largest: int) -> None:
        """`largest`: bytes of text that all choices together may have."""
        self.choices = choices
        self.usage: Usage | None = None
        self.opened = False
        """Has the server accepted the call?"""
        self._largest = largest
        self._size = 0
        self._begun: set[int] = set()

    @property
    def complete(self) -> bool:
        """Has every choice ended?"""
        return all(choice.completion for choice in self.choices)

    @property
    def ended(self) -> bool:
        """Has any choice ended?"""
        return any(choice.completion for choice in self.choices)

    @property
    def looped(self) -> bool:
        """Has every choice ended, and the last ones in a loop, which the server does not know?"""
        ends = [choice.completion.finish for choice in self.choices if choice.completion]
        return len(ends) == len(self.choices) and "loop" in ends

    @property
    def torn(self) -> bool:
        """Was a choice begun that has not ended?"""
        return any(not self.choices[place].completion for place in self._begun)

    @property
    def think_opened(self) -> bool:
        """Has a choice shown that the chat template opens the trace?"""
        return any(choice.splitter is not None and choice.splitter.closed_unopened for choice in self.choices)

    @property
    def so_far(self) -> tuple[str, str]:
        """Thinking and answers of all choices."""
        parts = [choice.so_far for choice in self.choices]
        return "".join(thinking for thinking, _ in parts), "".join(said for _, said in parts)

    @property
    def begun(self) -> bool:
        """Has any text or tool call come?"""
        return self._size > 0

    def take(self, piece: Piece) -> list[Delta | Completion]:
        """Take one object. Raises `Garbled`, `ServerError`."""
        if piece.get("error"):
            raise _server_error(piece["error"])
        if piece.get("usage"):
            self.usage = _usage(piece["usage"]) or self.usage
        found: list[Delta | Completion] = []
        try:
            for told in piece.get("choices") or ():
                place = told.get("index") or 0
                if 0 <= place < len(self.choices) and not self.choices[place].completion:
                    self._begun.add(place)
                    found += self._take(self.choices[place], told)
        except (AttributeError, TypeError) as wrong:
            raise Garbled(f"sent choices of an unknown form ({wrong})") from None
        return found

    def end(self, *, by_word: bool) -> list[Completion]:
        """The stream has ended. `by_word`: with `[DONE]`, which ends choices that were begun and have no finish reason."""
        if not by_word:
            return []
        return [choice.end("stop") for place, choice in enumerate(self.choices) if place in self._begun and not choice.completion]

    def _take(self, choice: Choice, told: Mapping[str, Any]) -> list[Delta | Completion]:
        delta = told.get("delta") or told.get("message") or {}
        thinking = _text(delta.get("reasoning_content") or delta.get("reasoning"))
        blocks = delta.get("content")
        if isinstance(blocks, list):
            thinking += "".join(_thought(block) for block in blocks)
            blocks = "".join(block.get("text") or "" for block in blocks if block.get("type") == "text")
        content = _text(blocks)
        calls = choice.take_calls(delta.get("tool_calls") or ())
        self._grow(len(thinking.encode(errors="replace")) + len(content.encode(errors="replace")) + calls)
        choice.confidence.take(told.get("logprobs"))
        found: list[Delta | Completion] = []
        if thinking or content:
            step = choice.take(thinking, content)
            found += [step] if step else []
        reason = told.get("finish_reason")
        if reason in BROKEN:
            raise ServerError(f"the server ended the answer with {reason!r}", 500)
        if reason and not choice.completion:
            choice.end(FINISHES.get(str(reason).lower(), "stop"))
        return [*found, choice.completion] if choice.completion else found

    def _grow(self, more: int) -> None:
        self._size += more
        if self._size > self._largest:
            raise TooMuch


def _text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise TypeError(f"{type(value).__name__} for a text")


def _thought(block: Mapping[str, Any]) -> str:
    inner = block.get("thinking") or block.get("reasoning") or ""
    return inner if isinstance(inner, str) else "".join(part.get("text") or "" for part in inner)


def _server_error(told: object) -> ServerError:
    if not isinstance(told, Mapping):
        return ServerError(str(told), 500)
    code = told.get("code") or told.get("status")
    return ServerError(str(told.get("message") or told), code if isinstance(code, int) and 400 <= code < 600 else 500)


def _usage(told: object) -> Usage | None:
    """What the server counted. Some leave thinking out of the completion's tokens and only add it to the total."""
    if not isinstance(told, Mapping):
        return None
    prompt, completion = _count(told, "prompt_tokens"), _count(told, "completion_tokens")
    inside, before = told.get("completion_tokens_details") or {}, told.get("prompt_tokens_details") or {}
    thinking = _count(inside, "reasoning_tokens")
    outside = max(0, _count(told, "total_tokens") - prompt - completion)
    if outside and (thinking == outside or not thinking):
        return Usage(prompt=prompt, cached=_cached(told, before), thinking=outside, answer=completion)
    thinking = min(thinking, completion)
    return Usage(prompt=prompt, cached=_cached(told, before), thinking=thinking, answer=completion - thinking)


def _cached(told: Mapping[str, Any], before: object) -> int:
    return _count(before, "cached_tokens") or _count(told, "prompt_cache_hit_tokens")


def _count(told: object, key: str) -> int:
    value = told.get(key) if isinstance(told, Mapping) else None
    return value if isinstance(value, int) and value > 0 else 0
