"""Docker engines behind ssh, reached as the docker program reaches them: `ssh HOST docker system dial-stdio`.

The ssh program is used, not a library: it knows the user's keys, agent, jump hosts and known hosts. Its standard input and
output are one end of a socket pair; so what we hold is a plain socket, and closing it, even by dying, ends the program.
"""

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from typing import IO, Final

from soloist_sandbox.docker_address import Address

_END_SECONDS: Final = 1.0


class SshPrograms:
    """The ssh programs that serve one engine's sockets, one each."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._running: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []
        self._lock = threading.Lock()

    def dial(self, seconds: float) -> socket.socket:
        """A socket whose other end is at the engine. Raises OSError when there is no ssh program.

        It does not wait for the other machine: a failure shows as end-of-file, and `last_words` tells the reason.
        """
        if shutil.which("ssh") is None:
            raise FileNotFoundError(2, "the program ssh is not there")
        ours, theirs = socket.socketpair()
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the program
        try:
            with theirs:
                program = subprocess.Popen(
                    self._command(seconds),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=errors,
                    start_new_session=True,  # no terminal to ask for passwords at, and no Ctrl-C of the user's
                )
        except BaseException:
            ours.close()
            errors.close()
            raise
        ours.settimeout(seconds)
        with self._lock:
            self._reap()
            self._running.append((program, errors))
        return ours

    def _command(self, seconds: float) -> list[str]:
        address = self._address
        command = ["ssh", "-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={seconds:.0f}"]
        command += ["-l", address.user] if address.user else []
        command += ["-p", str(address.port)] if address.port else []
        remote = ["docker", *(["--host", f"unix://{address.path}"] if address.path else []), "system", "dial-stdio"]
        return [*command, "--", address.host, *remote]

    def last_words(self) -> str:
        """The last line that the latest program wrote to stderr, if it has ended; waits a moment for that."""
        with self._lock:
            latest = self._running[-1:]
        for program, errors in latest:
            with suppress(subprocess.TimeoutExpired):
                program.wait(_END_SECONDS)
                errors.seek(0)
                lines = errors.read().decode(errors="replace").split("\n")
                return next((line.strip() for line in reversed(lines) if line.strip()), f"ssh ended with {program.returncode}")
        return ""

    def close(self) -> None:
        """End them all."""
        deadline = time.monotonic() + _END_SECONDS
        with self._lock:
            for program, _ in self._running:  # their sockets are closed, so they are ending
                try:
                    program.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    program.kill()
                    program.wait()
            self._reap()

    def _reap(self) -> None:
        """Forget those that have ended."""
        for entry in tuple(self._running):
            program, errors = entry
            if program.poll() is not None:
                self._running.remove(entry)
                errors.close()
