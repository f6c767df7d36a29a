"""Model servers on this machine are found by asking their ports, quickly, and only when somebody asks."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import pytest
from soloist.config import find_local, local_specialist
from soloist.config.servers import Server


@contextlib.asynccontextmanager
async def serving(answer: bytes, status: str = "200 OK", headers: str = "", *, hang: bool = False) -> AsyncIterator[str]:
    """A server on loopback that says this to everybody; gives its base URL."""

    over = asyncio.Event()
    replies: set[asyncio.Task[None] | None] = set()

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        replies.add(asyncio.current_task())
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n{headers}\r\n"
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            asked = await reader.readuntil(b"\r\n\r\n")
            assert asked.startswith(b"GET /v1/models HTTP/1.1\r\n")
            if hang:
                await over.wait()
            writer.write(head.encode() + answer)
            await writer.drain()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        over.set()
        server.close()
        await asyncio.gather(*(one for one in replies if one))


def models(*ids: str, owner: str = "vllm", **more: object) -> bytes:
    """A list of models as servers give it."""
    return json.dumps({"object": "list", "data": [{"id": one, "owned_by": owner, **more} for one in ids]}).encode()


async def test_servers_are_found_with_their_models() -> None:
    """Each server that answers is told with its models; a VibeThinker among them can be the specialist, with its preset."""
    async with (
        serving(models("qwen3:8b", owner="library")) as ollama,
        serving(models("WeiboAI/VibeThinker-3B", max_model_len=65536)) as vllm,
    ):
        found = await find_local(
            2, [Server("ollama", ollama, owner="library"), Server("sglang", vllm), Server("vllm", vllm, owner="vllm")]
        )
    assert [(one.server, [served.model for served in one.models]) for one in found[::2]] == [
        ("ollama", ["qwen3:8b"]),
        ("vllm", ["WeiboAI/VibeThinker-3B"]),
    ]
    role = local_specialist(found)
    assert role is not None
    assert (role.base_url, role.model, role.preset, role.context) == (vllm, "WeiboAI/VibeThinker-3B", "vibethinker", 65536)
    assert local_specialist(found[:1]) is None


async def test_what_is_no_model_server_is_not_found() -> None:
    """Other programs on these ports, whatever they say, are passed over."""
    odd = (
        b"<html>",
        b"[]",
        b'{"data": 5}',
        b'{"data": [{"id": 5}]}',
        b'{"data": [5]}',
        b"\xff",
        b"[" * 100_000,
        b" " * (2 << 20),
    )
    async with contextlib.AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(serving(answer)) for answer in odd]
        urls.append(await stack.enter_async_context(serving(models("m"), "404 Not Found")))
        urls.append(await stack.enter_async_context(serving(b"", "302 Found", "Location: http://127.0.0.1:1/v1/models\r\n")))
        assert await find_local(5, [Server(f"s{n}", url) for n, url in enumerate(urls)]) == ()


async def test_a_silent_server_costs_no_more_than_the_deadline() -> None:
    """All are asked at once: one that hangs holds nobody up, and nobody there is found at once."""
    async with serving(b"", hang=True) as silent, serving(models("m")) as quick:
        began = time.monotonic()
        found = await find_local(0.4, [Server("a", silent), Server("b", quick), Server("c", "http://127.0.0.1:1/v1")])
        assert time.monotonic() - began < 2
    assert [one.base_url for one in found] == [quick]


def test_settings_are_light() -> None:
    """Importing the package loads nothing heavy, and loading settings no HTTP client, no sandbox and no model client."""
    program = (
        "import sys\n"
        "import soloist.config\n"
        "print(sorted(m for m in ('pydantic', 'httpx', 'tomllib') if m in sys.modules))\n"
        "soloist.config.load_settings(environ={})\n"
        "print(sorted(m for m in ('httpx', 'openai', 'docker', 'langgraph', 'langchain_core') if m in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]


@pytest.mark.parametrize("name", ["openai", "zai", "vllm"])
def test_known_servers_have_usable_addresses(name: str) -> None:
    """Every known server's address is one that the settings accept."""
    from soloist.config.servers import SERVERS
    from soloist.config.settings import Endpoint

    assert name in SERVERS
    for server in SERVERS.values():
        assert Endpoint(base_url=server.base_url).base_url == server.base_url
