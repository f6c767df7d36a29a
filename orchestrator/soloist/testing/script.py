"""Which reply a call gets: from a list of replies, or from a function."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from soloist.testing.ask import Ask
from soloist.testing.reply import Reply

Answerer = Callable[[Ask], Reply | str | Awaitable[Reply | str]]
"""A scripted model as a function. It runs in the server's event loop, so it must be quick, or async."""

Script = Sequence[Reply | str] | Answerer


class Unscripted(LookupError):
    """The script has no answer to the call. The text is one line that names the call."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A reply that is taken from the script, and the way to put it back."""

    reply: Reply
    put_back: Callable[[], None]


class Replies:
    """A list of replies: each call takes the first that fits and is not used up."""

    def __init__(self, replies: Sequence[Reply | str]) -> None:
        self._replies = [as_reply(reply) for reply in replies]
        self._left = [reply.times for reply in self._replies]

    async def take(self, ask: Ask) -> Turn:
        """The call's turn. Raises `Unscripted`."""
        for position, reply in enumerate(self._replies):
            left = self._left[position]
            if left != 0 and reply.when.fits(ask):
                self._add(position, -1)
                return Turn(reply, partial(self._add, position, +1))
        unused = sum(left != 0 for left in self._left)
        why = f"none of the {unused} replies left fits it" if unused else f"all {len(self._left)} replies are used up"
        raise Unscripted(f"{describe(ask)}: {why}")

    def _add(self, position: int, count: int) -> None:
        left = self._left[position]
        if left is not None:
            self._left[position] = left + count


class Function:
    """A function of the call. It is asked again after a fault that spoiled its answer."""

    def __init__(self, function: Answerer) -> None:
        self._function = function

    async def take(self, ask: Ask) -> Turn:
        """The call's turn. Raises `Unscripted` when the function raises."""
        try:
            answer = self._function(ask)
            if inspect.isawaitable(answer):
                answer = await answer
            return Turn(as_reply(answer), lambda: None)
        except Exception as error:
            raise Unscripted(f"{describe(ask)}: the script's function raised {error!r}") from error


def scripted(script: Script) -> Replies | Function:
    """Either kind of script."""
    if isinstance(script, str):
        raise TypeError("a script is a list of replies or a function, not one string")
    return Function(script) if callable(script) else Replies(script)


def as_reply(reply: Reply | str) -> Reply:
    """A string is a reply that is only text."""
    if isinstance(reply, str):
        return Reply(reply)
    if isinstance(reply, Reply):
        return reply
    raise TypeError(f"a script gives a Reply or a string, not {reply!r}")


def describe(ask: Ask) -> str:
    """The call in one line, with the end of its last message."""
    shown = ask.last if len(ask.last) <= 120 else "…" + ask.last[-120:]
    return f"call {ask.number} ({ask.path}, model {ask.model!r}, last message from {ask.role} {shown!r})"
