"""The connection to a Docker engine: a first question that is answered quickly, or not with a reason; then the SDK's client.

The first question needs no SDK, so that "is Docker there?" costs one round trip and no imports.
"""

import json
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, Final

from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.docker_address import find_address
from soloist_sandbox.docker_dial import CONNECT_SECONDS, Dialler

if TYPE_CHECKING:
    from docker import DockerClient

JOIN: Final = "join its group (sudo usermod -aG docker $USER) and log in again"
_MAX_ANSWER: Final = 8 << 20
_BAD_REQUEST: Final = 400
_STRANGER: Final = "what answers there is no Docker engine"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine says to a question."""

    status: int
    """Of HTTP."""
    version: str
    """Of the newest interface that the engine offers, for example "1.41"."""
    body: bytes

    def json(self) -> Any:
        """The body as an object. Raises `SandboxUnavailable` for what is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise SandboxUnavailable("Docker's answer can't be read: restart it") from None


def ask(dialler: Dialler, path: str) -> Answer:
    """One GET of the engine's interface, in its newest version. Blocks, with a deadline of seconds.

    Raises `SandboxUnavailable`, with the reason and what to do, when there is no engine that answers.
    """
    try:
        return _asked(dialler, path)
    except (OSError, HTTPException) as error:
        raise _unreachable(dialler, error) from error


def connect(seconds: float) -> "DockerClient":
    """The SDK's client, which the caller closes; `seconds` is how long its calls may take. Blocks. Raises as `ask`."""
    dialler = Dialler(find_address())
    try:
        return sdk_client(dialler, ask(dialler, "/_ping").version, seconds)
    except BaseException:
        dialler.close()
        raise


def sdk_client(dialler: Dialler, version: str, seconds: float) -> "DockerClient":
    """The SDK's client over this dialler's sockets. Closing it closes the dialler."""
    from docker import DockerClient

    from soloist_sandbox.docker_adapter import DiallingAdapter

    client = DockerClient(base_url="http://docker:2375", version=version, timeout=seconds)  # type: ignore[arg-type] # an int to the stubs
    client.api.trust_env = False  # the environment's proxies and passwords are for the web
    client.api.mount("http://", DiallingAdapter(dialler))
    return client


def _asked(dialler: Dialler, path: str) -> Answer:
    connection = HTTPConnection("docker", timeout=CONNECT_SECONDS)
    connection.sock = dialler.dial()
    try:
        connection.sock.settimeout(CONNECT_SECONDS)
        connection.request("GET", path)
        reply = connection.getresponse()
        body = reply.read(_MAX_ANSWER)
        answer = Answer(reply.status, reply.headers.get("Api-Version", ""), body)
        if not answer.version:
            raise _NotDocker(_stranger(answer))
        if connection.sock is not None and reply.isclosed():  # a type checker does not see that a reply can close it
            dialler.keep(connection.sock)
            connection.sock = None
        return answer
    finally:
        connection.close()


class _NotDocker(HTTPException):
    """HTTP is spoken there, but not by a Docker engine."""


def _stranger(answer: Answer) -> str:
    if answer.status == _BAD_REQUEST and b"HTTPS" in answer.body:
        return "it wants TLS: set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and key.pem"
    return _STRANGER


def _unreachable(dialler: Dialler, error: Exception) -> SandboxUnavailable:
    address = dialler.address
    if isinstance(error, PermissionError) and address.scheme == "unix":
        return SandboxUnavailable(f"Docker is there, but not for this user: {JOIN}")
    where = f" at {address}" if address.origin else ""
    return SandboxUnavailable(f"Docker can't be reached{where} ({_reason(dialler, error)}): {address.cure}")


def _reason(dialler: Dialler, error: Exception) -> str:
    if words := dialler.ssh.last_words():
        return words
    match error:
        case TimeoutError():
            return f"no answer within {CONNECT_SECONDS:.0f} s"
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused: {error.verify_message}"
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
            return "it speaks no TLS"
        case ssl.SSLError():
            return f"TLS fails: {(error.reason or str(error)).replace('_', ' ').lower()}"
        case ConnectionResetError() | BrokenPipeError():
            return "it hung up, as an engine does that refuses the client's certificate" if dialler.tls else "it hung up"
        case OSError() if error.strerror:
            return error.strerror
        case _NotDocker():
            return str(error)
        case _:
            return _STRANGER
