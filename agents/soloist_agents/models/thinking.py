"""A text that comes in pieces, split into what was thought and what was answered.

Reasoning models write `<think>…</think>answer`. The last `</think>` counts: a model may mention the tag while it thinks. A
preamble before `<think>` is no answer. Where the chat template opens `<think>` itself, only `</think>` is ever seen. So what
is handed out piece by piece is a first guess (an answer, until a tag proves otherwise), and `end` has the last word.
"""

import re
from typing import NamedTuple

from soloist_agents.models.contract import Completion, Message

OPEN, CLOSE = "<think>", "</think>"
PREAMBLE = 200
"""Characters. A `<think>` after more text than this, and never closed, is a word in an answer."""

_TAG = re.compile(f"{OPEN}|{CLOSE}")
_BEGUN = re.compile(r"<(?:/?(?:t(?:h(?:i(?:n(?:k)?)?)?)?)?)?\Z")


class Split(NamedTuple):
    """A text in its two parts."""

    thinking: str
    content: str


class Ended(NamedTuple):
    """A whole text in its two parts."""

    thinking: str
    content: str
    closed: bool
    """False when a trace was begun and never closed: there is no answer."""


class Splitter:
    """Splits one choice. Work grows with the text's length only, however small the pieces."""

    def __init__(self, *, inside: bool = False, template_opens: bool = False) -> None:
        """`inside`: the text goes on in a trace begun earlier. `template_opens`: it is known to begin with thinking."""
        self._held = ""
        self._thinking: list[str] = []
        self._content: list[str] = []
        self._length = 0
        self._inside = inside
        self._guessed = template_opens
        self._mentioned = False
        self.closed_unopened = False
        """A `</think>` came without a `<think>`: the template opens it."""

    def feed(self, text: str) -> Split:
        """Take a piece; give what of it, and of earlier pieces, is clear by now."""
        text = self._held + text
        self._held = ""
        if "<" not in text:
            return self._put(text)
        parts: list[Split] = []
        start = 0
        for tag in _TAG.finditer(text):
            parts += (self._put(text[start : tag.start()]), self._meet(tag.group()))
            start = tag.end()
        begun = _BEGUN.search(text, max(start, len(text) - len(CLOSE)))
        stop = begun.start() if begun else len(text)
        parts.append(self._put(text[start:stop]))
        self._held = text[stop:]
        return Split("".join(part.thinking for part in parts), "".join(part.content for part in parts))

    def end(self, *, cut: bool = False) -> Ended:
        """The whole text. `cut`: it did not end by itself, so what may be an unclosed trace is one."""
        self._put(self._held)
        self._held = ""
        thinking, content = "".join(self._thinking), "".join(self._content)
        if self._guessed and not cut:
            return Ended("", thinking, closed=True)
        if self._inside or self._guessed or (self._mentioned and cut):
            return Ended(thinking + content, "", closed=False)
        return Ended(thinking, content.lstrip("\n") if thinking else content, closed=True)

    def _put(self, text: str) -> Split:
        if not text:
            return Split("", "")
        self._length += len(text)
        if self._inside or self._guessed:
            self._thinking.append(text)
            return Split(text, "")
        self._content.append(text)
        return Split("", text)

    def _meet(self, tag: str) -> Split:
        if tag == CLOSE:
            self.closed_unopened |= not (self._inside or self._mentioned or (self._thinking and not self._guessed))
            self._thinking += self._content
            self._content = []
            self._inside = self._guessed = self._mentioned = False
        elif self._inside:
            return self._put(tag)
        elif self._guessed or (self._length <= PREAMBLE and not self._thinking):
            self._thinking, self._content = [], []  # A preamble is neither thought nor answer.
            self._inside, self._guessed = True, False
        else:
            self._mentioned = True
            return self._put(tag)
        return Split("", "")


def inside_trace(prefix: str) -> bool:
    """Does a text end inside a trace that it opened?"""
    return prefix.rfind(OPEN) > prefix.rfind(CLOSE)


def continued(completion: Completion, before: str = "") -> Message:
    """The message that has a model go on where a completion was cut. `before`: the prefix that this one itself continued."""
    if before:
        said = completion.thinking if not completion.thought else f"{completion.thinking}{CLOSE}{completion.content}"
        return Message(role="assistant", content=before + said, prefix=True)
    closing = CLOSE if completion.thought and completion.thinking else ""
    opening = OPEN if completion.thinking or not completion.thought else ""
    return Message(role="assistant", content=f"{opening}{completion.thinking}{closing}{completion.content}", prefix=True)
