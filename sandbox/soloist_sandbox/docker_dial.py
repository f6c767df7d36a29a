"""Sockets to a Docker engine: local, over TCP, over TLS, or through the ssh program. Everything here blocks, with a deadline.

All who talk to the engine get their sockets here: the first question, the SDK, and the containers' attached streams.
"""

import queue
import select
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any, Final

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.docker_address import Address, TlsFiles
from soloist_sandbox.docker_ssh import SshPrograms

CONNECT_SECONDS: Final = 5.0
"""For everything up to an open socket: the name, the connection, the handshake."""

_SocketAddress = str | tuple[Any, ...]


class Dialler:
    """Opens sockets to one engine; they share one TLS context. Threads may use it together.

    Raises `SandboxUnavailable` for certificates that can't be used.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.tls = _context(address.tls) if address.tls else None
        self.ssh = SshPrograms(address)
        self._kept: list[socket.socket] = []

    def dial(self) -> socket.socket:
        """A socket on which HTTP can be spoken. Raises OSError (`ssl.SSLError` is one)."""
        with suppress(IndexError):
            if not _has_ended(kept := self._kept.pop()):
                return kept
            kept.close()
        deadline = time.monotonic() + CONNECT_SECONDS
        plain = self._open(deadline)
        if self.tls is None:
            return plain
        try:
            plain.settimeout(_left(deadline))
            return self.tls.wrap_socket(plain, server_hostname=self.address.host)
        except BaseException:
            plain.close()
            raise

    def dial_plain(self) -> socket.socket:
        """The same without TLS, for who brings it (with `tls`, and the address's host as the name). Raises OSError."""
        return self._open(time.monotonic() + CONNECT_SECONDS)

    def _open(self, deadline: float) -> socket.socket:
        match self.address.scheme:
            case "unix":
                return _connected(socket.AF_UNIX, self.address.path, deadline)
            case "tcp":
                return _over_tcp(self.address.host, self.address.port or 0, deadline)
            case "ssh":
                return self.ssh.dial(CONNECT_SECONDS)

    def keep(self, idle: socket.socket) -> None:
        """Take back a socket on which a question was asked and answered: the next one that dials gets it."""
        self._kept.append(idle)

    def close(self) -> None:
        """Let go of what was kept, and of the ssh programs."""
        while self._kept:
            self._kept.pop().close()
        self.ssh.close()


def _over_tcp(host: str, port: int, deadline: float) -> socket.socket:
    failure: OSError = TimeoutError()
    for family, address in _looked_up(host, port, deadline):
        try:
            found = _connected(family, address, deadline)
        except OSError as error:
            failure = error
        else:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return found
    raise failure


def _connected(family: int, address: _SocketAddress, deadline: float) -> socket.socket:
    end = socket.socket(family, socket.SOCK_STREAM)
    try:
        end.settimeout(_left(deadline))
        end.connect(address)
    except BaseException:
        end.close()
        raise
    return end


def _looked_up(host: str, port: int, deadline: float) -> list[tuple[int, _SocketAddress]]:
    """(family, address), in a thread of its own: the system's resolver knows no deadline."""
    answer: queue.SimpleQueue[list[tuple[int, _SocketAddress]] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put([(found[0], found[4]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except OSError as error:
            answer.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        found = answer.get(timeout=_left(deadline))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, OSError):
        raise found
    return found


def _has_ended(idle: socket.socket) -> bool:
    """Whether an idle connection was closed at the other end (which is all that can be read from it)."""
    return bool(select.select([idle], [], [], 0)[0])


def _left(deadline: float) -> float:
    """Seconds until the deadline; never zero, which to a socket would mean not to wait at all."""
    return max(0.01, deadline - time.monotonic())


def _context(files: TlsFiles) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(files.ca) if files.ca else None)
        if files.certificate and files.key:
            context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except (OSError, ValueError) as error:
        folder = next((path.parent for path in (files.ca, files.certificate) if path), "the system")
        raise SandboxUnavailable(f"the certificates for Docker in {folder} can't be used ({error}): correct them") from error
    if not files.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _no_password() -> str:
    raise ValueError("the key has a password")
