"""What a scripted model says, and to whom."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soloist.testing.ask import Ask
from soloist.testing.faults import Fault
from soloist.testing.manners import Reasoning


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool."""

    name: str
    arguments: str | Mapping[str, Any] = "{}"
    """As JSON text, which may be malformed on purpose, or as the values to be written as JSON."""
    id: str = ""
    """Empty: made from the number of the call."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server reports them."""

    prompt: int
    completion: int
    """Thinking and answer together, of all choices."""
    cached: int = 0
    """Of the prompt's."""
    thinking: int = 0
    """Of the completion's."""


@dataclass(frozen=True, slots=True)
class When:
    """Which calls a reply is for. What is left out fits every call."""

    model: str | None = None
    """The model's name, exactly."""
    role: str | None = None
    """The role of the last message: "user", "tool", …"""
    last: str | None = None
    """A regular expression, searched in the last message's text."""
    anywhere: str | None = None
    """A regular expression, searched in all messages' texts."""

    def __post_init__(self) -> None:
        for pattern in (self.last, self.anywhere):
            try:
                re.compile(pattern or "")
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None

    def fits(self, ask: Ask) -> bool:
        """Whether every condition holds."""
        return (
            (self.model is None or self.model == ask.model)
            and (self.role is None or self.role == ask.role)
            and (self.last is None or re.search(self.last, ask.last) is not None)
            and (self.anywhere is None or re.search(self.anywhere, ask.text) is not None)
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer."""

    text: str = ""
    thinking: str = ""
    """Sent before the text, in the field that the server's manners name. Without text or tool calls it is a cut trace: inline,
    its closing tag is left out."""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    """None: "tool_calls" where there are some, else "stop"."""
    logprobs: float | Sequence[Any] | None = None
    """Told in chat completions to who asks for `logprobs`; each piece of thinking and text (`chunk`) then counts as a token. A
    number: the probability of every token, so their mean too. A list: the log probabilities of one token after the other, from
    the beginning again when there are fewer; what it holds is sent as it stands, nonsense too. None: null is sent."""
    choices: tuple["Reply | str", ...] = ()
    """For `n` > 1: one for each choice, from the beginning again when there are fewer. They replace what stands above; what
    stands below is taken from this reply. Empty: this reply is every choice."""
    usage: Usage | None = None
    """None: counted, at four characters a token."""
    reasoning: Reasoning | None = None
    """None: as the server's manners have it."""
    chunk: int = 20
    """Characters in each piece of a stream."""
    delay: float = 0.0
    """Seconds before each piece (one of every choice); a reply in one piece waits for the sum first."""
    when: When = When()
    times: int | None = 1
    """How many calls it answers; None for any number."""
    fault: Fault | None = None
    """What goes wrong as it is sent."""

    def __post_init__(self) -> None:
        if self.chunk < 1 or self.delay < 0:
            raise ValueError("a reply's chunk is at least 1 and its delay not negative")
        if isinstance(self.logprobs, int | float) and not 0 < self.logprobs <= 1:
            raise ValueError("a reply's logprobs are a probability over 0 and at most 1, or a list of log probabilities")
