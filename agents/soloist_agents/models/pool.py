"""Several endpoints of one role, side by side."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from soloist_agents.models.contract import (
    Completion,
    Model,
    ModelMisbehaved,
    ModelUnavailable,
    Request,
    Restarted,
    StreamEvent,
)
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.failures import AttemptFailed, Failure, RequestRefused
from soloist_agents.models.retrying import Backoff, persist
from soloist_agents.models.settings import EndpointSettings

FIRST_REST = 1.0
"""Seconds that an endpoint is left out after a failure; doubled for each further one in a row."""
LONGEST_REST = 60.0


@dataclass
class Member:
    """One endpoint and how it does."""

    model: Model
    busy: int = 0
    """Calls of this pool under way."""
    failed: int = 0
    """Failures in a row."""
    out_until: float = 0.0
    """In the event loop's time."""

    def rest(self, now: float) -> None:
        """Leave it out for a while, longer each time."""
        self.failed += 1
        self.out_until = now + min(LONGEST_REST, FIRST_REST * 2 ** (self.failed - 1))

    def recover(self) -> None:
        """It has answered."""
        self.failed, self.out_until = 0, 0.0


class Pool:
    """A `Model` of several. Each call goes to the least busy endpoint that works; when it fails there it moves to another.

    Give the members few retries of their own (`of` gives them none): while they try again the call could be served elsewhere.
    A request that is itself refused (400) is not tried elsewhere.
    """

    def __init__(self, endpoints: Sequence[Model], retries: int = 4, backoff_seconds: float = 0.5) -> None:
        """`retries`: how often all endpoints are gone through again when each has failed the call; `backoff_seconds`: the wait
        before that, doubled each time."""
        if not endpoints:
            raise ValueError("a pool needs at least one endpoint")
        self.members = tuple(Member(endpoint) for endpoint in endpoints)
        self._backoff = Backoff(retries, first=backoff_seconds)

    @classmethod
    def of(cls, settings: Sequence[EndpointSettings]) -> Model:
        """The model for a role's endpoints: a single one as it is, several in a pool."""
        if len(settings) == 1:
            return Endpoint(settings[0])
        retries = max((each.retries for each in settings), default=0)
        wait = max((each.backoff_seconds for each in settings), default=0.0)
        return cls([Endpoint(each.model_copy(update={"retries": 0})) for each in settings], retries, wait)

    @property
    def name(self) -> str:
        """The first endpoint's model."""
        return self.members[0].model.name

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """See `Model.stream`. Raises `ModelError`, of the endpoint tried last."""
        deadline = asyncio.get_running_loop().time() + request.seconds

        def attempt(indices: tuple[int, ...]) -> AsyncGenerator[StreamEvent, None]:
            return self._round(request, indices, deadline)

        async with contextlib.aclosing(persist(attempt, tuple(range(request.n)), self._backoff, deadline)) as events:
            async for event in events:
                yield event

    async def close(self) -> None:
        """Close all endpoints."""
        await asyncio.gather(*(member.model.close() for member in self.members))

    async def _round(self, request: Request, indices: tuple[int, ...], deadline: float) -> AsyncGenerator[StreamEvent, None]:
        """Try one endpoint after the other, each once."""
        missing = list(indices)
        left = list(self.members)
        while True:
            member = self._best(left)
            left.remove(member)
            error: ModelUnavailable | ModelMisbehaved | None = None
            try:
                async with contextlib.aclosing(self._ask(member, request, tuple(missing), deadline)) as events:
                    async for event in events:
                        if isinstance(event, Completion):
                            missing.remove(event.index)
                        yield event
                return
            except RequestRefused:
                raise
            except (ModelUnavailable, ModelMisbehaved) as failed:
                error = failed
            if not left:
                raise AttemptFailed(Failure(error))
            yield Restarted(indices=tuple(missing), why=f"{error}; moved to another endpoint")

    def _best(self, left: Sequence[Member]) -> Member:
        """Of those that work the least busy; if none does, the one whose rest ends first."""
        now = asyncio.get_running_loop().time()
        resting = {id(member): max(0.0, member.out_until - now) for member in left}
        return min(left, key=lambda member: (resting[id(member)], member.busy))

    async def _ask(
        self, member: Member, request: Request, indices: tuple[int, ...], deadline: float
    ) -> AsyncGenerator[StreamEvent, None]:
        """One endpoint's events, under this pool's indices."""
        loop = asyncio.get_running_loop()
        seconds = max(0.001, deadline - loop.time())
        asked = request.model_copy(update={"n": len(indices), "seconds": seconds})
        member.busy += 1
        try:
            async with contextlib.aclosing(member.model.stream(asked)) as events:
                async for event in events:
                    yield _renumbered(event, indices)
            member.recover()
        except RequestRefused:
            raise
        except (ModelUnavailable, ModelMisbehaved):
            member.rest(loop.time())
            raise
        finally:
            member.busy -= 1


def _renumbered(event: StreamEvent, indices: tuple[int, ...]) -> StreamEvent:
    if indices == tuple(range(len(indices))):
        return event
    if isinstance(event, Restarted):
        return event.model_copy(update={"indices": tuple(indices[index] for index in event.indices)})
    if hasattr(event, "index"):
        return event.model_copy(update={"index": indices[event.index]})
    return event
