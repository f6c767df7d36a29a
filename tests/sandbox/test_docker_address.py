"""How a Docker engine is found, and what is said when none answers there."""

import asyncio
import hashlib
import json
import os
import re
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from soloist_sandbox import docker_images
from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.docker_engine import docker_problem

from .docker_relay import SOCKET, Certificates, relay, ssh_server

pytestmark = pytest.mark.usefixtures("nothing_named")


async def test_the_event_loop_goes_on(docker_here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an engine keeps silent other work goes on, and the silence is over in five seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        asking, started, ticks = asyncio.create_task(docker_problem()), time.monotonic(), 0
        while not asking.done():
            await asyncio.sleep(0.05)
            ticks += 1
        assert "no answer within 5 s" in str(await asking)
        assert time.monotonic() - started < 6
        assert ticks > 50


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("tcp://127.0.0.1:1", r"at tcp://127.0.0.1:1 \(Connection refused\): start Docker there, or correct DOCKER_HOST"),
        ("127.0.0.1:1", "Connection refused"),
        ("tcp://nowhere.invalid:2375", "nowhere.invalid:2375 .*(not known|no answer|resolution)"),
        ("unix:///nothing/here.sock", "No such file or directory.*apt-get install docker.io.*, or correct DOCKER_HOST"),
        ("npipe:////./pipe/docker", "npipe:// is not known here"),
        ("tcp://", "no host"),
        ("tcp://127.0.0.1:many", "names no Docker engine"),
        ("ssh://-oProxyCommand=true", "dash"),
        ("ssh://127.0.0.1:1", r"at ssh://127.0.0.1:1 \(ssh: connect to host 127.0.0.1 port 1: Connection refused\)"),
    ],
)
async def test_no_engine_there(host: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with the engine that was named is said in one line, within the deadline."""
    monkeypatch.setenv("DOCKER_HOST", host)
    await _expect(reason)


async def test_not_for_this_user(docker_here: Any) -> None:
    """A user who may not open the engine's socket is told how to be let in."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program = """import asyncio, os
from soloist_sandbox.docker_engine import docker_problem
assert asyncio.run(docker_problem()) is None  # and all modules are loaded, which the other user may not read
os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(asyncio.run(docker_problem()))
"""
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(other.communicate(), 20)
    assert b"not for this user: join its group" in said


async def test_no_ssh_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the ssh program an engine behind ssh can't be reached, and the line says so."""
    monkeypatch.setenv("DOCKER_HOST", "ssh://somewhere")
    monkeypatch.setenv("PATH", str(tmp_path))
    await _expect("the program ssh is not there")


async def test_unknown_ssh_server(docker_here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose key is not known is not talked to: nobody is asked, nothing waits."""
    with ExitStack() as held:
        port = await asyncio.to_thread(held.enter_context, ssh_server(tmp_path))
        (tmp_path / "known").write_text("")
        monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        monkeypatch.setenv("DOCKER_HOST", f"ssh://127.0.0.1:{port}")
        await _expect("Host key verification failed")


async def test_something_else_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A web server is no Docker engine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await _expect("what answers there is no Docker engine")


async def test_tls_that_does_not_fit(
    docker_here: Any, pem: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name, an authority, a certificate, or a side that speaks no TLS: each has its own reason."""
    async with relay(pem.for_server()) as strict, relay() as clear:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{strict.port}")
        await _expect("it hung up|no Docker engine")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(pem.stranger))
        await _expect("its certificate is refused: ")
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "")  # as the docker program has it: set to nothing means no look at the name
        await _expect("unknown ca|decrypt error|refuses the client's certificate")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(pem.client))
        assert await docker_problem() is None
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_HOST", f"tcp://localhost:{strict.port}")
        await _expect("its certificate is refused: Hostname mismatch")
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{clear.port}")
        await _expect("it speaks no TLS|it hung up")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
        await _expect("must hold ca.pem, cert.pem and key.pem")
        for name in ("ca.pem", "cert.pem", "key.pem"):
            (tmp_path / name).write_text("nonsense")
        await _expect("can't be used")


async def test_contexts(docker_here: Any, pem: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The docker program's current context is used, its certificates too; the environment goes before it."""
    kept = tmp_path / "docker"
    identity = hashlib.sha256(b"far").hexdigest()
    async with relay(pem.for_server()) as strict:
        meta = kept / "contexts/meta" / identity / "meta.json"
        meta.parent.mkdir(parents=True)
        endpoint = {"Host": f"tcp://127.0.0.1:{strict.port}", "SkipTLSVerify": False}
        meta.write_text(json.dumps({"Name": "far", "Metadata": {}, "Endpoints": {"docker": endpoint}}))
        (kept / "config.json").write_text(json.dumps({"currentContext": "far"}))
        await _expect("the docker context 'far'")  # TLS, but without certificates
        folder = kept / "contexts/tls" / identity / "docker"
        folder.parent.mkdir(parents=True)
        folder.symlink_to(pem.client)
        assert await docker_problem() is None
        assert any(request == "GET /_ping" for request in strict.requests)
    await _expect("correct the docker context 'far'")
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert await docker_problem() is None
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    await _expect("the docker context 'gone' can't be read: choose another")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{SOCKET}")
    assert await docker_problem() is None


async def test_building_where_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who makes images reaches the engine as who uses them does, and gives the same reasons."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(SandboxUnavailable, match=r"at tcp://127.0.0.1:1 \(Connection refused\)"), docker_images.connect():
        pass


async def _expect(reason: str) -> None:
    started = time.monotonic()
    problem = await docker_problem()
    assert problem is not None
    assert re.search(reason, problem), problem
    assert "\n" not in problem
    assert time.monotonic() - started < 6
