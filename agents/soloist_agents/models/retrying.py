"""An attempt, and another, until every choice is complete, tries are used up, or the deadline has passed."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from soloist_agents.models.contract import (
    Completion,
    ModelMisbehaved,
    ModelTimeout,
    ModelUnavailable,
    Restarted,
    StreamEvent,
)
from soloist_agents.models.failures import AttemptFailed, Failure

Attempt = Callable[[tuple[int, ...]], AsyncGenerator[StreamEvent, None]]
"""Makes the choices of these indices once; raises `AttemptFailed`."""


@dataclass(frozen=True)
class Backoff:
    """How often and how soon to try again."""

    retries: int = 4
    misbehaved: int = 1
    """Of these, how many after an answer outside the protocol, which seldom gets better."""
    first: float = 0.5
    """Seconds before the first retry, doubled for each further one; half of it is chance, so that many callers spread."""
    longest: float = 20.0

    def pause(self, failed: int, failure: Failure) -> float:
        """Seconds to wait after so many failed attempts."""
        steady: float = min(self.longest, self.first * 2 ** (failed - 1))
        return max(failure.wait, steady * (0.5 + random.random() / 2))  # noqa: S311 - spreads callers, guards nothing


async def persist(
    attempt: Attempt, indices: tuple[int, ...], backoff: Backoff, deadline: float
) -> AsyncGenerator[StreamEvent, None]:
    """Events of as many attempts as it takes; each further one is made for the choices that are still missing.

    `deadline` is in the running loop's time. Raises `ModelError`.
    """
    missing = list(indices)
    failed = misbehaved = 0
    while True:
        failure: Failure | None = None
        try:
            async with contextlib.aclosing(attempt(tuple(missing))) as events:
                async for event in events:
                    if isinstance(event, Completion):
                        missing.remove(event.index)
                    yield event
        except AttemptFailed as over:
            failure = over.failure
        # Raised out here so that no error drags along the server's own exception, which may quote a key.
        if failure is None or not missing:
            return
        failed += 1
        misbehaved += isinstance(failure.error, ModelMisbehaved)
        if not failure.again or failed > backoff.retries or misbehaved > backoff.misbehaved:
            raise _tried(failure, failed)
        pause = backoff.pause(failed, failure)
        if asyncio.get_running_loop().time() + pause >= deadline:
            raise _too_late(failure, pause)
        yield Restarted(indices=tuple(missing), why=str(failure.error))
        await asyncio.sleep(pause)


def _tried(failure: Failure, failed: int) -> Exception:
    return type(failure.error)(f"{failure.error} (tried {failed} times)") if failed > 1 else failure.error


def _too_late(failure: Failure, pause: float) -> Exception:
    if isinstance(failure.error, ModelTimeout):
        return failure.error
    kind = ModelMisbehaved if isinstance(failure.error, ModelMisbehaved) else ModelUnavailable
    return kind(f"{failure.error} (no time is left to wait {pause:.1f} s and try again)")
