"""Blocking calls that make something, and a caller that may be cancelled meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Made = TypeVar("Made")


async def in_thread(call: Callable[[], Made], *, undo: Callable[[Made], object] = lambda made: None) -> Made:
    """Run `call` in a thread, and return what it made.

    A thread can't be stopped: a cancellation is raised only when `call` has ended, and what it made was given to `undo`
    (in a thread, too). `call` must have a deadline of its own.
    """
    work = asyncio.create_task(asyncio.to_thread(call))
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return work.result()
    if not work.cancelled() and work.exception() is None:
        await asyncio.to_thread(undo, work.result())
    raise cancelled
