"""A Docker engine elsewhere: a relay before the real daemon's socket, in the clear, with TLS, or behind a real ssh server."""

import asyncio
import getpass
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SOCKET = Path("/var/run/docker.sock")
Refuse = Callable[[bytes], bool]


@dataclass
class Relay:
    """What went through it."""

    port: int = 0
    requests: list[str] = field(default_factory=list)
    """Method and path of each."""
    refused: int = 0


@asynccontextmanager
async def relay(tls: ssl.SSLContext | None = None, refuse: Refuse = lambda request: False) -> AsyncIterator[Relay]:
    """A relay on this machine, at whose end all connections must be closed; what `refuse` picks never reaches the daemon."""
    seen, connections = Relay(), set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            connections.add(task)
        try:
            from_daemon, to_daemon = await asyncio.open_unix_connection(str(SOCKET))
            back = asyncio.create_task(_copy(from_daemon, writer))
            with suppress(OSError):
                while chunk := await reader.read(1 << 16):
                    if chunk.startswith((b"GET ", b"POST ", b"DELETE ")):
                        seen.requests.append(" ".join(chunk.decode(errors="replace").split(" ", 2)[:2]))
                        while chunk.endswith(b"\r\n\r\n") and b"Content-Type: application/json" in chunk:
                            chunk += await reader.read(1 << 16)
                    if refuse(chunk):
                        seen.refused += 1
                        text = b'{"message": "not here"}'
                        writer.write(b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n")
                        writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
                    else:
                        to_daemon.write(chunk)
                        await to_daemon.drain()
            to_daemon.close()
            await asyncio.wait([back])
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        if connections:
            _, open_still = await asyncio.wait(connections, timeout=10)
            assert not open_still, "a connection to the engine was left open"


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@dataclass(frozen=True)
class Certificates:
    """Folders as for `DOCKER_CERT_PATH`, each with ca.pem, cert.pem and key.pem."""

    server: Path
    client: Path
    stranger: Path
    """Of another authority."""

    def for_server(self) -> ssl.SSLContext:
        """What a daemon with --tlsverify does."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.server / "ca.pem"))
        context.load_cert_chain(self.server / "cert.pem", self.server / "key.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        return context


def certificates(folder: Path) -> Certificates:
    """Made with the openssl program; the test is skipped where it is not there."""
    if shutil.which("openssl") is None:
        pytest.skip("the program openssl is not there")
    made = Certificates(folder / "server", folder / "client", folder / "stranger")
    for authority, holders in (("good", (made.server, made.client)), ("other", (made.stranger,))):
        ca = folder / f"{authority}.pem"
        _certificate(ca, folder / f"{authority}.key", f"/CN={authority} authority")
        for holder in holders:
            holder.mkdir()
            shutil.copy(ca, holder / "ca.pem")
            issuer = ["-CA", ca, "-CAkey", folder / f"{authority}.key", "-addext", "subjectAltName=IP:127.0.0.1"]
            _certificate(holder / "cert.pem", holder / "key.pem", f"/CN={holder.name}", *issuer)
    return made


def _certificate(certificate: Path, key: Path, name: str, *more: str | Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(
        [*command, "-subj", name, "-keyout", key, "-out", certificate, *more], check=True, capture_output=True, timeout=30
    )


@contextmanager
def ssh_server(folder: Path) -> Iterator[int]:
    """The port of a real ssh server that lets this user in, and the ssh program set up for it in `folder`/bin."""
    server, client = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin"), shutil.which("ssh")
    if server is None or client is None or shutil.which("docker") is None:
        pytest.skip("ssh, sshd or docker is not there (apt-get install openssh-server)")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True, timeout=30)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "client.conf").write_text(f"IdentityFile {folder}/user\nUserKnownHostsFile {folder}/known\nIdentitiesOnly yes\n")
    (folder / "bin").mkdir()
    wrapper = folder / "bin/ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {client} -F {folder}/client.conf "$@"\n')
    wrapper.chmod(0o755)
    (folder / "server.conf").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nStrictModes no\n"
        f"UsePAM no\nPidFile none\nPasswordAuthentication no\nAllowUsers {getpass.getuser()}\nMaxStartups 100\n"
    )
    with (folder / "log").open("w") as log:
        running = subprocess.Popen([server, "-D", "-e", "-f", folder / "server.conf"], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 10
        while _closed(port):
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.02)
        yield port
    finally:
        running.terminate()
        running.wait(10)


def _closed(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) != 0


def containers(client: Any, pid: int) -> list[Any]:
    """Those that the process `pid` has made, in whatever state."""
    found: list[Any] = client.containers.list(all=True, filters={"label": f"soloist.pid={pid}"}, ignore_removed=True)
    return found


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait for a condition, which may block; an error when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
