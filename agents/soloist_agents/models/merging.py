"""Several streams of events as one."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import TypeVar

Event = TypeVar("Event")


async def merged(streams: Sequence[AsyncGenerator[Event, None]]) -> AsyncGenerator[Event, None]:
    """Events of all streams as they come. The first error closes all and is raised; closing this one closes all of them."""
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    readers = [asyncio.create_task(_read(stream, events)) for stream in streams]
    for reader in readers:
        reader.add_done_callback(lambda _: events.put_nowait(None))
    going = len(readers)
    try:
        while going:
            event = await events.get()
            if event is not None:
                yield event
                continue
            going -= 1
            for reader in readers:
                if reader.done():
                    reader.result()
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _read(stream: AsyncGenerator[Event, None], events: "asyncio.Queue[Event | None]") -> None:
    async with contextlib.aclosing(stream):
        async for event in stream:
            events.put_nowait(event)
