"""HTTP: one call's connection, opened, read and closed, each within its time. Every error leaves here as `AttemptFailed`."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from urllib.parse import urlsplit

import openai
from openai import APIStatusError, AsyncOpenAI, AsyncStream, OpenAIError, RequestOptions

from soloist_agents.models.contract import ModelError, ModelMisbehaved, ModelTimeout, ModelUnavailable
from soloist_agents.models.failures import (
    TOO_LONG,
    AttemptFailed,
    ContextExceeded,
    Failure,
    Redact,
    RequestRefused,
    fleeting,
    redactor,
    retry_after,
)
from soloist_agents.models.server_events import EventReader, Garbled, Piece, TooMuch
from soloist_agents.models.settings import EndpointSettings
from soloist_agents.models.wire import Body

DRAIN = 0.1
"""Seconds to wait for the end of a body whose contents are complete: only then its connection can be used again."""
REFUSED_KEY = frozenset({401, 403})


class Connection:
    """The way to one server. The client inside is made at the first call and belongs to that call's event loop."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._client: AsyncOpenAI | None = None
        own = any(name.lower() == "authorization" for name in settings.headers)
        self._options: RequestOptions = {} if settings.api_key or own else {"headers": {"Authorization": openai.Omit()}}
        self.redact: Redact = redactor(_secrets(settings))
        self.place = _place(settings.base_url)
        """The server's address without a password."""
        self.label = f"{settings.name} at {self.place}"

    @contextlib.asynccontextmanager
    async def exchange(self, body: Body, until: float, deadline: float, largest: int) -> AsyncGenerator["Exchange"]:
        """Post a call and read its answer.

        `until`: when the answer must have begun. Both are times of the running loop. `largest`: bytes of text to be expected.
        """
        stream = await self._opened(body, until, deadline)
        exchange = Exchange(stream, largest, self, deadline)
        try:
            yield exchange
        finally:
            await exchange.close()

    async def get(self, path: str, seconds: float) -> object:
        """JSON from a path. Raises `AttemptFailed`."""
        now = asyncio.get_running_loop().time()
        failure: Failure
        try:
            async with asyncio.timeout(seconds):
                return await self._ready().get(path, cast_to=object, options=self._options)
        except (OpenAIError, TimeoutError) as error:
            failure = self.failure(error, now + seconds, seconds)
        raise AttemptFailed(failure)

    async def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def failure(self, error: Exception, deadline: float, waited: float) -> Failure:
        """An attempt's exception as a failure. `waited`: seconds of patience that a stall has used up."""
        if isinstance(error, APIStatusError):
            return self._refusal(error)
        if isinstance(error, Garbled):
            return self._misbehaviour(error)
        if isinstance(error, TimeoutError):
            return self._late(deadline, waited)
        return Failure(self._broken(error))

    def refusal(self, status: int, words: str, wait: float = 0.0) -> Failure:
        """A status and the server's words as a failure."""
        words = self.redact(words)
        said = f": {words}" if words else ""
        if status in REFUSED_KEY:
            source = self._settings.key_from or "the endpoint's api_key"
            cure = f"refuses the key ({status}): check" if self._settings.api_key else f"wants a key ({status}): set"
            error: ModelError = ModelUnavailable(f"{self.label} {cure} {source}{said and f'; it says{said}'}")
            return Failure(error, False, 0.0, status, words)
        if fleeting(status):
            hint = "; lower concurrency or requests_per_minute if this goes on" if status == 429 else ""
            return Failure(ModelUnavailable(f"{self.label} answers {status}{said}{hint}"), True, wait, status, words)
        if status in (400, 413, 422) and TOO_LONG.search(words):
            error = ContextExceeded(f"{self.label}: messages and answer do not fit the model's context; shorten them{said}")
        elif status in (400, 413, 422):
            error = RequestRefused(f"{self.label} refuses this request ({status}){said}")
        else:
            error = ModelUnavailable(f"{self.label} answers {status}{said}; check base_url and the server's own log")
        return Failure(error, False, 0.0, status, words)

    async def _opened(self, body: Body, until: float, deadline: float) -> AsyncStream[object]:
        start = asyncio.get_running_loop().time()
        failure: Failure
        try:
            async with asyncio.timeout_at(min(until, deadline)):
                return await self._ready().post(
                    "/chat/completions",
                    cast_to=object,
                    body=body,
                    options=self._options,
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
        except (OpenAIError, TimeoutError) as error:
            failure = self.failure(error, deadline, until - start)
        raise AttemptFailed(failure)

    def _ready(self) -> AsyncOpenAI:
        if self._client is None:
            key = self._settings.api_key.get_secret_value() if self._settings.api_key else ""
            headers = {name: value.get_secret_value() for name, value in self._settings.headers.items()}
            self._client = AsyncOpenAI(
                api_key=key or "none",
                base_url=self._settings.base_url,
                max_retries=0,  # Retries are ours: they are counted and shown.
                timeout=openai.Timeout(None, connect=self._settings.connect_seconds),
                default_headers=headers,
                http_client=openai.DefaultAioHttpClient(),
            )
        return self._client

    def _refusal(self, error: APIStatusError) -> Failure:
        headers = error.response.headers
        wait = retry_after(headers.get("retry-after"), headers.get("retry-after-ms"))
        return self.refusal(error.status_code, _words(error), wait)

    def _misbehaviour(self, error: Garbled) -> Failure:
        if isinstance(error, TooMuch):
            most = self._settings.max_answer_bytes
            told = f"{self.label} sent more than {most:,} bytes for one answer: set max_tokens, or raise max_answer_bytes"
            return Failure(ModelMisbehaved(told), again=False)
        return Failure(ModelMisbehaved(f"{self.label} {self.redact(str(error))}"))

    def _late(self, deadline: float, waited: float) -> Failure:
        if asyncio.get_running_loop().time() >= deadline - 0.01:
            told = f"{self.label} had not finished at the call's deadline: allow more seconds or fewer tokens"
            return Failure(ModelTimeout(told), again=False)
        return Failure(ModelUnavailable(f"{self.label} sent nothing for {waited:g} s: is the server overloaded?"))

    def _broken(self, error: BaseException) -> ModelError:
        """Told by the kinds of the exceptions only: their texts may quote what was sent."""
        chain = list(_chain(error))
        if any(isinstance(link, ConnectionRefusedError) for link in chain):
            return ModelUnavailable(f"nothing answers at {self.place}: is the server running?")
        if any(isinstance(link, socket.gaierror) for link in chain):
            return ModelUnavailable(f"no host of that name: {self.place}; check base_url")
        if any(isinstance(link, ssl.SSLError) for link in chain):
            return ModelUnavailable(f"no secure connection to {self.place}: check base_url (http or https?) and certificates")
        if type(chain[-1]).__name__ in ("ConnectionTimeoutError", "ConnectTimeout"):
            return ModelUnavailable(f"{self.place} can't be reached: check base_url and the network")
        return ModelUnavailable(f"{self.label} broke the connection ({type(chain[-1]).__name__})")


class Exchange:
    """One call under way: its answer, read in pieces."""

    def __init__(self, stream: AsyncStream[object], largest: int, connection: Connection, deadline: float) -> None:
        response = stream.response
        self._stream = stream
        self._chunks: AsyncIterator[bytes] = response.aiter_bytes()
        # JSON writes a character in up to six bytes, and wraps every answer in some more.
        self._reader = EventReader(6 * largest + 65_536, response.headers.get("content-type", ""))
        self._connection = connection
        self._deadline = deadline

    @property
    def done(self) -> bool:
        """Has the server said that this was all?"""
        return self._reader.done

    async def receive(self, patience: float) -> list[Piece] | None:
        """What came next; None at the end. Waits for at most `patience` seconds. Raises `AttemptFailed`."""
        failure: Failure
        try:
            async with asyncio.timeout_at(min(asyncio.get_running_loop().time() + patience, self._deadline)):
                chunk = await anext(self._chunks, None)
            if chunk is not None:
                return self._reader.feed(chunk)
            return self._reader.end() or None
        except Exception as error:  # Whatever the client and its transport raise.
            failure = self._connection.failure(error, self._deadline, patience)
        raise AttemptFailed(failure)

    async def close(self) -> None:
        """Give the connection back when the answer is at its end, else cut it."""
        with contextlib.suppress(Exception):
            if self.done:
                async with asyncio.timeout(DRAIN):
                    while await anext(self._chunks, None) is not None:
                        pass
        with contextlib.suppress(Exception):
            await self._stream.close()


def _secrets(settings: EndpointSettings) -> list[str]:
    found = [value.get_secret_value() for value in settings.headers.values()]
    found += [settings.api_key.get_secret_value()] if settings.api_key else []
    return [*found, urlsplit(settings.base_url).password or ""]


def _place(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(error: APIStatusError) -> str:
    """What the server itself said: its message where the body has one in a known place, else the body's beginning."""
    body = error.body
    if isinstance(body, Mapping):
        inner = body.get("error")
        found = body.get("message") or (inner.get("message") if isinstance(inner, Mapping) else inner) or body.get("detail")
        return str(found or body)
    return "" if "<html" in error.response.text[:500].lower() else error.response.text[:2000]
