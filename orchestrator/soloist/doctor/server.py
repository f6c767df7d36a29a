"""One model on one server: all its probes, side by side."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from soloist_agents.models.contract import ModelError, ModelTimeout, Sampling
from soloist_agents.models.endpoint import Endpoint
from soloist_agents.models.settings import Served

from soloist.config.connecting import ModelServer
from soloist.config.servers import SERVERS
from soloist.doctor import lasting, reading
from soloist.doctor.asking import Heard, ask, question
from soloist.doctor.finding import Finding, fine, missing, remark
from soloist.doctor.native import Native, look
from soloist.doctor.room import context

PATIENCE: Final = 15.0
"""Seconds until the first text: a local server may have to load the model."""
ENOUGH: Final = 1.2
"""Seconds of listening after the first text."""
LISTED: Final = 4.0
"""Seconds for the list of models, and for a server's own pages."""
LONG: Final = 300.0
"""Seconds for each answer of `--long`."""
FEW: Final = 4
"""Tokens of each answer that only shows whether there are several."""


T = TypeVar("T")


@dataclass(frozen=True)
class Use:
    """How the role asks its model."""

    role: str
    """For messages: the settings' table."""
    sampling: Sampling
    """As the first call of a step has it."""
    trace: int
    """Tokens that a first thinking trace may have; 0 for a model that does not think."""
    wanted: int
    """Tokens of context for a prompt and the longest answer."""
    seconds: float
    """What a run may take."""


@dataclass(frozen=True)
class Probed:
    """What was found of one server."""

    model: str | None
    """None when no model is known or nothing answers."""
    findings: tuple[Finding, ...]
    """The first says whether it answers."""


async def probe(server: ModelServer, use_of: Callable[[str], Use], what: str, *, long: bool) -> Probed:
    """Everything about one server. `use_of`: how a model of this id is asked.

    Ends within `LISTED` + `PATIENCE` and some seconds; with `long`, within some minutes.
    """
    endpoint = _endpoint(server, None)
    listing = asyncio.create_task(_tried(endpoint.models(LISTED)))
    try:
        if server.model is not None:
            return await _probed(endpoint, server, use_of(server.model), what, listing, long=long)
        listed = await listing
        if isinstance(listed, ModelError):
            return _down(what, listed)
        if len(listed) != 1:
            return _unnamed(what, server, [one.id for one in listed])
        await endpoint.close()
        endpoint = _endpoint(server, listed[0].id)
        return await _probed(endpoint, server, use_of(endpoint.name), what, listing, long=long)
    finally:
        listing.cancel()
        await endpoint.close()


async def _probed(
    endpoint: Endpoint,
    server: ModelServer,
    use: Use,
    what: str,
    listing: "asyncio.Task[tuple[Served, ...] | ModelError]",
    *,
    long: bool,
) -> Probed:
    heard, pair, (native, lasts), listed = await asyncio.gather(
        _tried(_answer(endpoint, use, long=long)),
        _tried(_two(endpoint, use)),
        _lasting(endpoint, server, use, long=long),
        listing,
    )
    if isinstance(heard, ModelError):
        return _down(what, heard)
    if native.kind == "ollama" and native.context is None:
        native = await _native(endpoint.name, server)  # the question has loaded the model
    served = () if isinstance(listed, ModelError) else listed
    told = next((one.max_model_len for one in served if one.id == endpoint.name), None)
    kind = f", {native.kind}" if native.kind else ""
    return Probed(
        endpoint.name,
        (
            fine(what, f"{endpoint.label}{kind}; first word after {heard.wait:.1f} s"),
            context(native, told, server.context, use.wanted, use.role),
            lasts or lasting.by_page(native, native.context or told or server.context, use.sampling),
            _unproved(pair, reading.SEVERAL)
            if isinstance(pair, ModelError)
            else reading.several(pair, server.serves_n, use.role),
            reading.stop_tokens(heard, native),
            reading.speed(heard, use.trace, use.seconds),
        ),
    )


async def _answer(endpoint: Endpoint, use: Use, *, long: bool) -> Heard:
    return await ask(endpoint, question(use.sampling), patience=PATIENCE, enough=LONG if long else ENOUGH)


async def _two(endpoint: Endpoint, use: Use) -> Heard:
    short = use.sampling.model_copy(update={"max_tokens": FEW})
    return await ask(endpoint, question(short, n=2), patience=PATIENCE, enough=ENOUGH)


async def _lasting(endpoint: Endpoint, server: ModelServer, use: Use, *, long: bool) -> tuple[Native, Finding | None]:
    """What kind of server it is, and whether it cuts; None where its pages have to do."""
    native = await _native(endpoint.name, server)
    found: Finding | ModelError | None = None
    if long:
        found = await _tried(lasting.by_asking(endpoint, use.sampling, native, LONG))
    elif native.kind in ("vllm", "sglang"):
        found = await lasting.by_minimum(endpoint, use.sampling, PATIENCE)
    return native, _unproved(found, lasting.LAST) if isinstance(found, ModelError) else found


async def _native(model: str, server: ModelServer) -> Native:
    """Only a server of the user's own has such pages."""
    known = SERVERS.get(server.server or "")
    if (known and not known.local) or (server.key_env and server.base_url.startswith("https://")):
        return Native()
    key = server.key.get_secret_value() if server.key else None
    return await look(server.base_url, model, server.server, key, LISTED)


async def _tried(asked: Coroutine[Any, Any, T]) -> T | ModelError:
    try:
        return await asked
    except ModelError as error:
        return error


def _endpoint(server: ModelServer, served: str | None) -> Endpoint:
    """The client that a run would use; what fails is not tried again, and what is known beforehand is found out anew."""
    settings = server.endpoint(served or "unnamed")
    return Endpoint(settings.model_copy(update={"retries": 0, "serves_n": None, "requests_per_minute": None}))


def _unproved(error: ModelError, what: str) -> Finding:
    return remark(what, f"not proved: {error}", "see the server's log")


def _down(what: str, error: ModelError) -> Probed:
    """The error's own words say what to look at; where nothing came at all, there is something to wait for."""
    late = isinstance(error, ModelTimeout)
    cure = (
        "it may still be loading the model: see its log, and try again" if late else f"start it, or correct [{what.split()[0]}]"
    )
    return Probed(None, (missing(what, str(error), cure),))


def _unnamed(what: str, server: ModelServer, names: Sequence[str]) -> Probed:
    told = ", ".join(names[:8]) or "no model"
    name = names[0] if names else "model-id"
    return Probed(None, (missing(what, f"{server.base_url} serves {told}", f"name one: {server.base_url}#{name}"),))
