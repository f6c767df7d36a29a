"""One question to a model, and what was heard until the answer ended or enough had come."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Final

from soloist_agents.models.contract import Completion, Delta, Message, Model, ModelTimeout, Request, Sampling, Spent, Usage
from soloist_agents.models.tokens import estimated_tokens

QUESTION: Final = "Write the numbers from 1 to 30 in one line, separated by spaces, and nothing else."
"""Some sixty tokens: enough to take the speed, over in a second."""


@dataclass
class Heard:
    """What has come so far."""

    started: float
    first: float | None = None
    """When the first text came; this and the other times are of the running loop, in seconds."""
    last: float = 0.0
    thinking: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)
    spent: list[Usage] = field(default_factory=list)
    """One for each call that was made and ended."""
    completions: list[Completion] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Did the answer end, rather than being left?"""
        return bool(self.completions)

    @property
    def text(self) -> str:
        """Thinking and answer."""
        return "".join(self.thinking) + "".join(self.content)

    @property
    def tokens(self) -> int:
        """Thinking and answer, as the server counts them; an estimate where it was left before it said so."""
        return sum(usage.thinking + usage.answer for usage in self.spent) or estimated_tokens(self.text)

    @property
    def estimated(self) -> bool:
        """True when the server did not count."""
        return not self.spent or any(usage.estimated for usage in self.spent)

    @property
    def wait(self) -> float:
        """Seconds to the first text."""
        return (self.last if self.first is None else self.first) - self.started


def question(sampling: Sampling, text: str = QUESTION, n: int = 1) -> Request:
    """A request without any system message: some models want none."""
    return Request(messages=(Message(role="user", content=text),), sampling=sampling, n=n, seconds=3600.0, role="doctor")


async def ask(model: Model, request: Request, *, patience: float, enough: float, characters: int = 1 << 20) -> Heard:
    """Listen until the answer ends, or `enough` seconds or so many `characters` after the first text, then hang up.

    `patience`: seconds until the first text. Raises `ModelError`; `ModelTimeout` when nothing has come in time.
    """
    loop = asyncio.get_running_loop()
    heard = Heard(loop.time())
    left = characters
    try:
        async with asyncio.timeout(patience) as limit, contextlib.aclosing(model.stream(request)) as events:
            async for event in events:
                if isinstance(event, Spent):  # it comes when the connection is given back, later than the text
                    heard.spent.append(event.usage)
                    continue
                heard.last = loop.time()
                if isinstance(event, Delta):
                    if heard.first is None:
                        heard.first = heard.last
                        limit.reschedule(heard.last + enough)
                    heard.thinking.append(event.thinking)
                    heard.content.append(event.content)
                    left -= len(event.thinking) + len(event.content)
                elif isinstance(event, Completion):
                    heard.completions.append(event)
                if left < 0:
                    break
    except TimeoutError:
        if heard.first is None:
            raise ModelTimeout(f"{model.name}: not a word within {patience:g} s") from None
    return heard
