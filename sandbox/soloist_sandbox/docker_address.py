"""Where the Docker engine is: `DOCKER_HOST`, else the docker program's context, else this machine's own socket.

The variables mean what they mean for the docker program: `DOCKER_HOST`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`,
`DOCKER_CONTEXT` and `DOCKER_CONFIG`.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import SplitResult, urlsplit

from soloist_sandbox.contract import SandboxUnavailable

Scheme = Literal["unix", "tcp", "ssh"]

DEFAULT_SOCKET: Final = "/var/run/docker.sock"
INSTALL: Final = "install a Docker engine and start it (Debian and Ubuntu: apt-get install docker.io)"
_PORT, _TLS_PORT = 2375, 2376
_SCHEMES: Final[dict[str, Scheme]] = {"unix": "unix", "tcp": "tcp", "http": "tcp", "https": "tcp", "ssh": "ssh"}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for TLS; None for what is not there."""

    ca: Path | None
    certificate: Path | None
    key: Path | None
    verify: bool
    """Whether the engine must show a certificate of `ca` (of the system's authorities, where there is none) for its name."""


@dataclass(frozen=True, slots=True)
class Address:
    """One Docker engine."""

    scheme: Scheme
    host: str = ""
    """For "tcp" and "ssh"."""
    port: int | None = None
    """For "tcp", and for "ssh" where it is named."""
    user: str | None = None
    """For "ssh", where it is named."""
    path: str = ""
    """Of the socket, for "unix", and for "ssh" where it is named."""
    tls: TlsFiles | None = None
    """For "tcp"."""
    origin: str = ""
    """What the user would change to name another engine; empty where nothing was named."""

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{f'{self.user}@' if self.user else ''}{host}{f':{self.port}' if self.port else ''}{self.path}"

    @property
    def cure(self) -> str:
        """What to do when nobody answers there."""
        if self.scheme == "unix":
            return f"{INSTALL}, or correct {self.origin}" if self.origin else INSTALL
        return f"start Docker there, or correct {self.origin}"


def find_address() -> Address:
    """The engine that the environment names. Reads small files. Raises `SandboxUnavailable` for a name that can't be meant."""
    if named := os.environ.get("DOCKER_HOST", "").strip():
        return _parsed(named, _tls_of_environment(), "DOCKER_HOST")
    context = os.environ.get("DOCKER_CONTEXT") or _current_context()
    if context and context != "default":
        return _of_context(context)
    return Address("unix", path=DEFAULT_SOCKET)


def _parsed(named: str, tls: TlsFiles | None, origin: str) -> Address:
    try:
        parts = urlsplit(named if "://" in named else f"tcp://{named}")
        return _address(parts, tls, origin)
    except ValueError as error:
        raise SandboxUnavailable(
            f"{origin} says {named!r}, which names no Docker engine ({error}): use unix://PATH, tcp://HOST:PORT or ssh://USER@HOST"
        ) from None


def _address(parts: SplitResult, tls: TlsFiles | None, origin: str) -> Address:
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        raise ValueError(f"{parts.scheme}:// is not known here")
    if scheme == "unix":
        return Address("unix", path=parts.netloc + parts.path or DEFAULT_SOCKET, origin=origin)
    if not parts.hostname:
        raise ValueError("it has no host")
    if parts.hostname.startswith("-") or (parts.username or "").startswith("-"):
        raise ValueError("a name can't begin with a dash")  # ssh would take it for an option
    if scheme == "ssh":
        return Address("ssh", parts.hostname, parts.port, parts.username, parts.path.rstrip("/"), origin=origin)
    if parts.scheme == "https" and tls is None:
        tls = TlsFiles(None, None, None, verify=True)
    port = parts.port or (_TLS_PORT if tls else _PORT)
    return Address("tcp", parts.hostname, port, tls=tls, origin=origin)


def _tls_of_environment() -> TlsFiles | None:
    """As the engine's own clients read it: a folder alone asks for TLS, and only `DOCKER_TLS_VERIFY` for a look at the name."""
    folder = os.environ.get("DOCKER_CERT_PATH")
    verify = bool(os.environ.get("DOCKER_TLS_VERIFY"))
    if not folder and not verify:
        return None
    files = _pem_files(Path(folder) if folder else _configuration(), verify=verify)
    if folder and None in (files.ca if verify else files.key, files.certificate, files.key):
        raise SandboxUnavailable(f"DOCKER_CERT_PATH={folder} must hold ca.pem, cert.pem and key.pem")
    return files


def _pem_files(folder: Path, *, verify: bool) -> TlsFiles:
    ca, certificate, key = (path if (path := folder / name).is_file() else None for name in ("ca.pem", "cert.pem", "key.pem"))
    return TlsFiles(ca, certificate, key, verify)


def _configuration() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _current_context() -> str:
    try:
        return str(_json(_configuration() / "config.json").get("currentContext") or "")
    except (OSError, ValueError):
        return ""  # no docker program was ever configured here


def _of_context(name: str) -> Address:
    """The engine of a context that the docker program keeps."""
    identity = hashlib.sha256(name.encode()).hexdigest()
    contexts = _configuration() / "contexts"
    try:
        endpoint = _json(contexts / "meta" / identity / "meta.json")["Endpoints"]["docker"]
        host, verify = str(endpoint["Host"]), not endpoint.get("SkipTLSVerify", False)
    except (OSError, ValueError, KeyError, TypeError):
        raise SandboxUnavailable(
            f"the docker context {name!r} can't be read: choose another (docker context use default), or set DOCKER_HOST"
        ) from None
    files = _pem_files(contexts / "tls" / identity / "docker", verify=verify)
    return _parsed(host, files if files.ca or files.certificate else None, f"the docker context {name!r}")


def _json(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text())
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no object")
    return found
