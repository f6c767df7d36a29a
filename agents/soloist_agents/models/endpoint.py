"""One model on one OpenAI-compatible server."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Literal

from soloist_agents.models.calling import Caller
from soloist_agents.models.contract import Completion, ModelError, ModelUnavailable, Request, StreamEvent
from soloist_agents.models.failures import AttemptFailed, ContextExceeded, Failure, NotServed
from soloist_agents.models.merging import merged
from soloist_agents.models.retrying import Backoff, persist
from soloist_agents.models.settings import EndpointSettings, Served


class Endpoint:
    """A `Model` over HTTP. Belongs to the event loop that its first call runs in."""

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self._caller = Caller(settings)
        self._backoff = Backoff(settings.retries, first=settings.backoff_seconds)

    @property
    def name(self) -> str:
        """The model's id."""
        return self.settings.name

    @property
    def label(self) -> str:
        """Model and server, for messages."""
        return self._caller.connection.label

    @property
    def busy(self) -> int:
        """Calls under way or waiting."""
        return self._caller.gate.busy

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """See `Model.stream`. Raises `ModelError`, and `ValueError` for a prefix that the server can't continue."""
        if request.schema_ is not None and self.settings.serves_schema is False:
            raise NotServed(f"{self.label} holds no answer to a JSON schema (serves_schema = false)")
        deadline = asyncio.get_running_loop().time() + request.seconds
        async with contextlib.aclosing(self._choices(request, tuple(range(request.n)), deadline)) as events:
            async for event in events:
                yield event

    async def models(self, seconds: float = 5.0) -> tuple[Served, ...]:
        """Models that the server lists. Raises `ModelError`."""
        try:
            return _listed(await self._caller.connection.get("/models", seconds))
        except AttemptFailed as failed:
            error = failed.failure.error
        raise error

    async def close(self) -> None:
        """Close connections."""
        await self._caller.connection.close()

    async def _choices(self, request: Request, indices: tuple[int, ...], deadline: float) -> AsyncGenerator[StreamEvent, None]:
        """All choices in one call where the server can; those that it leaves out by calls of their own, side by side."""
        missing = set(indices)
        learned = self._caller.learned
        if len(indices) == 1 or learned.n is not False:
            attempt = partial(self._attempt, request, deadline)
            async with contextlib.aclosing(persist(attempt, indices, self._backoff, deadline)) as events:
                async for event in events:
                    if isinstance(event, Completion):
                        missing.discard(event.index)
                    yield event
        if missing:
            singles = [self._choices(request, (index,), deadline) for index in sorted(missing)]
            async with contextlib.aclosing(merged(singles)) as events:
                async for event in events:
                    if isinstance(event, Completion) and learned.n is None:
                        learned.n = False
                    yield event

    async def _attempt(self, request: Request, deadline: float, indices: tuple[int, ...]) -> AsyncGenerator[StreamEvent, None]:
        """One attempt; made again at once without an option that the server may not know.

        Only a call that then succeeds shows that it was the option, so nothing is learned here.
        """
        learned = self._caller.learned
        usage, logprobs = learned.usage is not False, request.logprobs and learned.logprobs is not False
        while True:
            call = self._caller.call(request, deadline, indices, usage=usage, logprobs=logprobs)
            try:
                async with contextlib.aclosing(call) as events:
                    async for event in events:
                        yield event
                return
            except AttemptFailed as failed:
                failure = failed.failure
            suspect = self._suspect(failure, len(indices), usage=usage, logprobs=logprobs)
            if suspect == "n":
                return
            if suspect is None:
                self._caller.gate.hold(failure.wait)
                raise AttemptFailed(await self._explained(failure, deadline))
            usage, logprobs = usage and suspect != "stream_options", logprobs and suspect != "logprobs"

    def _suspect(
        self, failure: Failure, n: int, *, usage: bool, logprobs: bool
    ) -> Literal["n", "stream_options", "logprobs"] | None:
        """After a 400: which option, of those not known to be served, to do without. `logprobs` only where the server names it:
        it then goes even if it was served before, as some servers refuse it beside other options."""
        learned = self._caller.learned
        if failure.status not in (400, 422) or isinstance(failure.error, ContextExceeded):
            return None
        if logprobs and "logprob" in failure.words.lower():
            return "logprobs"
        named = "stream_options" in failure.words or "include_usage" in failure.words
        if n > 1 and learned.n is None and not (named and usage):
            return "n"
        return "stream_options" if usage and learned.usage is None else None

    async def _explained(self, failure: Failure, deadline: float) -> Failure:
        """A 404 says which of two things it means: no such model, or no such address."""
        if failure.status != 404:
            return failure
        left = deadline - asyncio.get_running_loop().time()
        try:
            served = [model.id for model in await self.models(max(0.01, min(2.0, left)))]
        except ModelError:
            served = []
        place = self._caller.connection.place
        if served and self.name not in served:
            told = f"{place} does not serve {self.name!r}; it serves {', '.join(served[:8])}{', …' if len(served) > 8 else ''}"
        else:
            told = f"{self.label}: nothing stands at {place}/chat/completions (404); check base_url: it mostly ends in /v1"
        return Failure(ModelUnavailable(self._caller.connection.redact(told)), again=False, status=404)


def _listed(told: object) -> tuple[Served, ...]:
    entries = told.get("data") if isinstance(told, Mapping) else None
    if not isinstance(entries, list):
        raise ModelUnavailable("the server's list of models has no known form: is base_url right? It mostly ends in /v1")
    return tuple(
        Served(id=str(entry["id"]), max_model_len=_length(entry))
        for entry in entries
        if isinstance(entry, Mapping) and "id" in entry
    )


def _length(entry: Mapping[str, object]) -> int | None:
    """Servers' names for the context's length: vLLM and SGLang, OpenRouter and others, LM Studio, llama.cpp."""
    meta = entry.get("meta")
    found = [entry.get(key) for key in ("max_model_len", "context_length", "max_context_length", "context_window")]
    found += [meta.get(key) for key in ("n_ctx", "n_ctx_train")] if isinstance(meta, Mapping) else []
    return next((value for value in found if isinstance(value, int) and value > 0), None)
