"""A call as the server got it, and what became of it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Ask:
    """One POST to a completion endpoint. The last three fields are filled in as it goes."""

    number: int
    """The first call is 1."""
    path: str
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: Mapping[str, Any]
    """The request's JSON as it came."""
    messages: Sequence[Mapping[str, Any]] = field(repr=False)
    """As in chat completions; the input of a responses call is put into the same form."""
    started: float = field(default_factory=time.monotonic)
    """Seconds of the monotonic clock."""
    ended: float | None = None
    """None while the call is open."""
    hung_up: bool = False
    """Whether the client closed the connection before the answer was complete."""

    @property
    def model(self) -> str:
        """The model asked for."""
        return str(self.body.get("model", ""))

    @property
    def tools(self) -> Sequence[Mapping[str, Any]]:
        """The tools offered."""
        return self.body.get("tools") or ()

    @property
    def n(self) -> int:
        """How many choices are wanted."""
        return int(self.body.get("n") or 1)

    @property
    def logprobs(self) -> bool:
        """Whether each token's log probability is wanted."""
        return bool(self.body.get("logprobs"))

    @property
    def stream(self) -> bool:
        """Whether the answer is to come in pieces."""
        return bool(self.body.get("stream"))

    @property
    def role(self) -> str:
        """The role of the last message."""
        return str(self.messages[-1].get("role", "")) if self.messages else ""

    @property
    def last(self) -> str:
        """The last message's text."""
        return text_of(self.messages[-1]) if self.messages else ""

    @property
    def text(self) -> str:
        """All messages' texts, a blank line between them."""
        return "\n\n".join(text_of(message) for message in self.messages)


def text_of(message: Mapping[str, Any]) -> str:
    """A message's text, whether it is a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content)


def messages_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The conversation of either endpoint, in the form of chat completions. Raises ValueError where it has none."""
    messages = list(body["messages"]) if "messages" in body else list(_from_responses(body))
    if not messages or not all(isinstance(message, Mapping) for message in messages):
        raise ValueError("it has no messages")
    return messages


def _from_responses(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if body.get("instructions"):
        yield {"role": "system", "content": body["instructions"]}
    given = body.get("input") or ()
    if isinstance(given, str):
        yield {"role": "user", "content": given}
        return
    for item in given:
        kind = item.get("type", "message")
        if kind == "message":
            yield item
        elif kind == "function_call":
            call = {"id": item.get("call_id"), "type": "function", "function": {k: item.get(k) for k in ("name", "arguments")}}
            yield {"role": "assistant", "content": None, "tool_calls": [call]}
        elif kind == "function_call_output":
            yield {"role": "tool", "tool_call_id": item.get("call_id"), "content": item.get("output")}
