"""A server in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager


@contextmanager
def hosted(server: AbstractAsyncContextManager[object]) -> Iterator[None]:
    """Keep the server open in another thread's event loop while the block runs. What its start raises is raised here."""
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_host(server, started)), name="soloist-model-server", daemon=True)
    thread.start()
    try:
        loop, stop = started.result(timeout=10)
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
    finally:
        thread.join(timeout=10)


async def _host(
    server: AbstractAsyncContextManager[object], started: "Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]"
) -> None:
    stop = asyncio.Event()
    try:
        async with server:
            started.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()
    except OSError as error:
        if started.done():
            raise
        started.set_exception(error)
