"""One HTTP call: a request goes out, events of its choices come in."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from soloist_agents.models.answer import Answer, Choice, ServerError
from soloist_agents.models.connection import Connection
from soloist_agents.models.contract import (
    ModelMisbehaved,
    ModelTimeout,
    ModelUnavailable,
    Request,
    Spent,
    StreamEvent,
    Usage,
)
from soloist_agents.models.failures import AttemptFailed, Failure
from soloist_agents.models.limits import Gate
from soloist_agents.models.server_events import Garbled
from soloist_agents.models.settings import EndpointSettings
from soloist_agents.models.thinking import Splitter, inside_trace
from soloist_agents.models.tokens import attributed, estimated_usage
from soloist_agents.models.wire import Body, body_of

LINGER = 5.0
"""Seconds to wait for the count of tokens once every choice has ended."""


@dataclass
class Learned:
    """What calls have shown of the server. None: not known yet."""

    n: bool | None
    """Does it give several choices in one call?"""
    think_opened: bool | None
    """Does the chat template open the trace itself?"""
    usage: bool | None = None
    """Does it take `stream_options`?"""
    logprobs: bool | None = None
    """Does it take `logprobs`?"""


class Caller:
    """Makes calls to one endpoint, within its limits."""

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.connection = Connection(settings)
        self.gate = Gate(settings.concurrency, settings.requests_per_minute)
        self.learned = Learned(settings.serves_n, settings.think_opened)

    async def call(
        self, request: Request, deadline: float, indices: tuple[int, ...], *, usage: bool = True, logprobs: bool = False
    ) -> AsyncGenerator[StreamEvent, None]:
        """Make these choices in one call. Fewer may come than asked for, but at least one.

        `usage`: ask for the count of tokens; `logprobs`: for how likely each was. Raises `AttemptFailed`.
        """
        largest = self.settings.max_answer_bytes * len(indices)
        answer = Answer([self._choice(request, index) for index in indices], largest)
        body = body_of(request, self.settings, n=len(indices), shift=indices[0], usage=usage, logprobs=logprobs)
        failure: Failure | None = None
        async with contextlib.AsyncExitStack() as stack:
            await self._wait_for_turn(stack, deadline)
            try:
                async with contextlib.aclosing(self._events(body, answer, deadline, largest)) as events:
                    async for event in events:
                        yield event
            except AttemptFailed as failed:
                failure = failed.failure
            except Garbled as wrong:
                failure = self.connection.failure(wrong, deadline, 0.0)
            except ServerError as told:
                failure = self.connection.refusal(told.status, str(told))
        if answer.opened:
            self._learn(request, answer, usage=usage, logprobs=logprobs)
            yield Spent(usage=_spent(answer, request))
        if answer.complete:
            return
        failure = failure or self._incomplete(answer)
        if failure is not None:
            raise AttemptFailed(failure)

    async def _events(self, body: Body, answer: Answer, deadline: float, largest: int) -> AsyncGenerator[StreamEvent, None]:
        begin_by = asyncio.get_running_loop().time() + self.settings.first_seconds
        async with self.connection.exchange(body, begin_by, deadline, largest) as exchange:
            answer.opened = True
            while not exchange.done and not answer.looped:
                pieces = await exchange.receive(self._patience(answer))
                if pieces is None:
                    break
                for piece in pieces:
                    for event in answer.take(piece):
                        yield event
            for completion in answer.end(by_word=exchange.done):
                yield completion

    def _choice(self, request: Request, index: int) -> Choice:
        last = request.messages[-1]
        inside = last.prefix and inside_trace(last.content)
        opens = self.learned.think_opened is True and not last.prefix
        splitter = Splitter(inside=inside, template_opens=opens) if self.settings.inline_thinking else None
        return Choice(index, splitter, cut_loops=self.settings.cut_loops)

    def _patience(self, answer: Answer) -> float:
        if answer.complete:
            return LINGER
        return self.settings.stall_seconds if answer.begun else self.settings.first_seconds

    async def _wait_for_turn(self, stack: contextlib.AsyncExitStack, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await stack.enter_async_context(self.gate.passed())
                return
        except TimeoutError:
            pass
        told = f"{self.connection.label}: the deadline passed in our own queue; raise concurrency or requests_per_minute"
        raise AttemptFailed(Failure(ModelTimeout(told), again=False))

    def _learn(self, request: Request, answer: Answer, *, usage: bool, logprobs: bool) -> None:
        if not answer.ended:
            return
        self.learned.usage = usage
        if request.logprobs and self.learned.logprobs is None:
            self.learned.logprobs = logprobs
        if self.learned.n is None and len(answer.choices) > 1:
            self.learned.n = answer.complete
        if self.settings.think_opened is None and answer.think_opened:
            self.learned.think_opened = True

    def _incomplete(self, answer: Answer) -> Failure | None:
        """The stream has ended without an error, but not all choices have."""
        label = self.connection.label
        if not answer.ended:
            if answer.begun:
                return Failure(ModelUnavailable(f"{label} ended its answer midway"))
            return Failure(ModelMisbehaved(f"{label} sent no choices"))
        return Failure(ModelUnavailable(f"{label} ended its answer midway")) if answer.torn else None


def _spent(answer: Answer, request: Request) -> Usage:
    """The server's count; an estimate where it has sent none."""
    thinking, said = answer.so_far
    if answer.usage is None:
        return estimated_usage(request, thinking, said)
    return attributed(answer.usage, thinking, said)
