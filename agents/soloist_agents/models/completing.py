"""Whole completions from a stream."""

import contextlib

from soloist_agents.models.contract import Completion, Model, Request


async def complete(model: Model, request: Request) -> tuple[Completion, ...]:
    """All choices of one call, in order. Raises `ModelError`."""
    async with contextlib.aclosing(model.stream(request)) as events:
        found = [event async for event in events if isinstance(event, Completion)]
    return tuple(sorted(found, key=lambda completion: completion.index))
