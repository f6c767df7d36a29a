"""The scripted model server."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Self

from soloist.testing import chat, responses
from soloist.testing.answer import answer_to, as_bytes
from soloist.testing.ask import Ask, messages_of
from soloist.testing.faults import LATE_ONLY, Fault, NoChoices, needs_reply
from soloist.testing.hosting import hosted
from soloist.testing.manners import Manners
from soloist.testing.reply import Reply
from soloist.testing.script import Script, Unscripted, scripted
from soloist.testing.sending import Form, send_answer, send_body, send_error, send_instead, send_whole
from soloist.testing.spoiling import stand_in
from soloist.testing.wire import Connection, Incoming

_FORMS: Mapping[str, Form] = {"/v1/chat/completions": chat, "/v1/responses": responses}


class ModelServer:
    """Serves a script at `url` while its `async with` block runs; `running` does the same from a thread of its own.

    Listens on loopback only. Raises OSError where the port is taken.
    """

    def __init__(
        self,
        script: Script,
        *,
        like: Manners = Manners(),  # noqa: B008 - frozen
        faults: Mapping[int, Fault] | None = None,
        models_fault: Fault | None = None,
        port: int = 0,
    ) -> None:
        """`faults` by number of the call, the first is 1; `models_fault` for every `GET /v1/models`; port 0 takes a free one."""
        self.calls: list[Ask] = []
        """Every completion asked for, in the order of arrival."""
        self.unexpected: list[str] = []
        """What the script had no answer for, one line each; the client got it with a 500."""
        self.open_calls = 0
        """Calls that are neither answered nor given up."""
        self._script = scripted(script)
        self._like = like
        self._faults = dict(faults or {})
        self._models_fault = models_fault
        self._port = port
        self._connections: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The base URL for clients."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def open_connections(self) -> int:
        """Connections that clients keep, busy or not."""
        return len(self._connections)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        make = lambda: Connection(self._serve, self._connections)  # noqa: E731
        self._listener = await loop.create_server(make, "127.0.0.1", self._port, backlog=1024)
        self._port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listener is None:
            return
        self._listener.close()
        tasks = [connection.task for connection in self._connections if connection.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._connections:
            for connection in list(self._connections):
                connection.abort()
            await asyncio.sleep(0)
        await self._listener.wait_closed()

    @classmethod
    @contextmanager
    def running(
        cls,
        script: Script,
        *,
        like: Manners = Manners(),  # noqa: B008 - frozen
        faults: Mapping[int, Fault] | None = None,
        models_fault: Fault | None = None,
        port: int = 0,
    ) -> Iterator[Self]:
        """Serve from a thread of its own: for clients in other processes, and for code that is not async."""
        server = cls(script, like=like, faults=faults, models_fault=models_fault, port=port)
        with hosted(server):
            yield server

    async def called(self, times: int = 1, seconds: float = 5.0) -> None:
        """Wait until that many calls have come. Raises TimeoutError. Works from any thread's event loop."""
        await _until(lambda: len(self.calls) >= times, seconds)

    async def idle(self, seconds: float = 5.0) -> None:
        """Wait until no call is open. Raises TimeoutError. Works from any thread's event loop."""
        await _until(lambda: not self.open_calls, seconds)

    async def _serve(self, incoming: Incoming, wire: Connection) -> None:
        like = self._like
        if like.api_key is not None and incoming.headers.get("authorization") != f"Bearer {like.api_key}":
            await send_error(wire, 401, "Incorrect API key provided.")
        elif incoming.method == "POST" and incoming.path in _FORMS:
            await self._completion(incoming, wire)
        elif incoming.method == "GET" and incoming.path == "/v1/models":
            if not await send_instead(wire, self._models_fault):
                await send_whole(wire, as_bytes(self._models()), self._models_fault)
        elif incoming.method == "GET" and incoming.path in like.pages:
            await send_body(wire, 200, as_bytes(like.pages[incoming.path]))
        else:
            await send_error(wire, 404, f"there is no {incoming.method} {incoming.path} here")

    def _models(self) -> Mapping[str, object]:
        length = {} if self._like.max_model_len is None else {"max_model_len": self._like.max_model_len}
        names = () if isinstance(self._models_fault, NoChoices) else self._like.models or ("scripted",)
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "soloist", **length} for name in names]
        return {"object": "list", "data": data}

    async def _completion(self, incoming: Incoming, wire: Connection) -> None:
        try:
            body = json.loads(incoming.body)
            ask = Ask(len(self.calls) + 1, incoming.path, incoming.headers, body, messages_of(body))
            wrong = self._refusal(ask)
        except (ValueError, TypeError, AttributeError) as error:
            self.unexpected.append(f"a request to {incoming.path} that can't be read: {error}")
            await send_error(wire, 400, self.unexpected[-1])
            return
        self.calls.append(ask)
        self.open_calls += 1
        try:
            if wrong is not None:
                await send_error(wire, *wrong)
            else:
                await self._scripted(ask, wire)
            await wire.flush()
        finally:
            ask.ended = monotonic()
            ask.hung_up = wire.lost
            self.open_calls -= 1

    def _refusal(self, ask: Ask) -> tuple[int, str] | None:
        if self._like.models and ask.model not in self._like.models:
            return 404, f"The model `{ask.model}` does not exist."
        if ask.n > 1 and self._like.serves_n == "refused":
            return 400, "Only one completion choice is allowed"
        if ask.logprobs and self._like.serves_logprobs == "refused":
            return 400, "logprobs is not supported"
        return None

    async def _scripted(self, ask: Ask, wire: Connection) -> None:
        ordered = self._faults.get(ask.number)
        if ordered is not None and not needs_reply(ordered):
            await self._send(ask, wire, stand_in(ordered), ordered)
            return
        try:
            turn = await self._script.take(ask)
        except Unscripted as problem:
            self.unexpected.append(str(problem))
            await send_error(wire, 500, f"soloist.testing: {problem}")
            return
        if ordered is None:
            await self._send(ask, wire, turn.reply, turn.reply.fault)
            return
        delivered = False
        try:
            await self._send(ask, wire, turn.reply, ordered)
            delivered = isinstance(ordered, LATE_ONLY)
        finally:
            if not delivered:
                turn.put_back()

    async def _send(self, ask: Ask, wire: Connection, reply: Reply, fault: Fault | None) -> None:
        if await send_instead(wire, fault):
            return
        shown = reply if fault is None or needs_reply(fault) else stand_in(fault)
        answer = answer_to(ask, shown, self._like, 0 if isinstance(fault, NoChoices) else self._count(ask))
        await send_answer(wire, _FORMS[ask.path], answer, reply.delay, fault)
        await wire.flush()

    def _count(self, ask: Ask) -> int:
        return ask.n if self._like.serves_n and _FORMS[ask.path] is chat else 1


async def _until(true: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - may be asked from another loop than the server's
            await asyncio.sleep(0.002)
