"""Which model servers answer on this machine now. Asked only when somebody calls `find_local`, and never beyond this machine."""

import asyncio
import json
import ssl
from collections.abc import Sequence
from typing import Any, Final

import httpx
from soloist_agents.presets import preset_for
from soloist_sandbox.contract import Value

from soloist.config.servers import LOCAL, Server
from soloist.config.settings import Role

MOST_BYTES: Final = 1 << 20
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and spares the loading of certificates


class Served(Value):
    """A model that a server offers."""

    model: str
    context: int | None = None
    """Tokens, where the server says it."""


class Found(Value):
    """A server that answered."""

    server: str | None
    """The known server's name; None when another one answers on its port."""
    base_url: str
    models: tuple[Served, ...]


async def find_local(seconds: float = 0.5, servers: Sequence[Server] = LOCAL) -> tuple[Found, ...]:
    """Every server that lists its models within `seconds`, all asked at once, in the order of `servers`."""
    async with httpx.AsyncClient(trust_env=False, verify=_NO_TLS, follow_redirects=False, timeout=seconds) as client:
        found = await asyncio.gather(*(_ask(client, server, servers, seconds) for server in servers))
    return tuple(answer for answer in found if answer)


def local_specialist(found: Sequence[Found]) -> Role | None:
    """The first model found whose id calls for a specialist's preset, as VibeThinker's does; None when there is none."""
    for server in found:
        for served in server.models:
            if preset := preset_for(served.model):
                return Role(
                    base_url=server.base_url,
                    server=server.server,
                    model=served.model,
                    context=served.context,
                    preset=preset.name,
                )
    return None


async def _ask(client: httpx.AsyncClient, server: Server, servers: Sequence[Server], seconds: float) -> Found | None:
    try:
        async with asyncio.timeout(seconds), client.stream("GET", f"{server.base_url}/models") as response:
            if response.status_code != httpx.codes.OK:
                return None
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    return None
        listed = json.loads(body)["data"]
        models = tuple(Served(model=one["id"], context=_context(one)) for one in listed)
        owners = {one.get("owned_by") for one in listed}
    except (httpx.HTTPError, TimeoutError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None  # nobody there, or no model server: both are "not found"
    name = next((known.name for known in servers if known.owner in owners), None)
    return Found(server=name, base_url=server.base_url, models=models)


def _context(listed: dict[str, Any]) -> int | None:
    """vLLM and SGLang tell it in their lists of models."""
    tokens = listed.get("max_model_len")
    return tokens if isinstance(tokens, int) and tokens >= 1024 else None
