"""What an image brings along: a Python that can run the broker, its C library, its environment."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

from soloist_sandbox.contract import SandboxUnavailable

if TYPE_CHECKING:
    from docker import DockerClient

OLDEST: Final = (3, 11)
_SECONDS: Final = 60
_UID: Final = "10001:10001"
_LOOK: Final = """
import ctypes, importlib.metadata, json, mmap, resource, select, socket, sys, sysconfig
musl = "musl" in (sysconfig.get_config_var("SOABI") or "") + (sysconfig.get_config_var("HOST_GNU_TYPE") or "")
if sys.implementation.name == "cpython": print(json.dumps([sys.executable, list(sys.version_info[:2]), musl]))
"""
_SCRIPT: Final = """
for name in python3 python python3.14 python3.13 python3.12 python3.11 /usr/local/bin/python3 /usr/bin/python3; do
    command -v "$name" >/dev/null 2>&1 && "$name" -I -c "$0" 2>/dev/null
done
echo .
"""
_LATE_SECONDS: Final = 5.0
"""How long Docker may take to have written down what a container has said."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What was found."""

    python: str | None
    """Its own interpreter; None where no user but root can run one, or none is recent and complete enough."""
    version: tuple[int, int]
    """The interpreter's; (0, 0) where there is none at all."""
    musl: bool
    environment: Mapping[str, str]


def look(client: "DockerClient", image: str) -> Inside:
    """Run the image's interpreters, with nothing but the image: no network, no capabilities, as the uid of jobs.

    Raises `SandboxUnavailable` for an image without a shell, and what the SDK raises.
    """
    settings = client.images.get(image).attrs["Config"]
    environment = dict(entry.partition("=")[::2] for entry in settings.get("Env") or ())
    found = [json.loads(line) for line in _said(client, image).splitlines() if line.startswith("[")]
    for python, version, musl in found:
        if tuple(version) >= OLDEST:
            return Inside(python, (version[0], version[1]), musl, environment)
    oldest = tuple(found[0][1]) if found else (0, 0)
    return Inside(None, (oldest[0], oldest[1]), False, environment)


def _said(client: "DockerClient", image: str) -> str:
    from docker.errors import APIError

    container = client.containers.create(
        image,
        command=[_LOOK],
        entrypoint=["/bin/sh", "-c", _SCRIPT],
        user=_UID,
        working_dir="/",
        network_mode="none",
        cap_drop=["ALL"],
        read_only=True,
        security_opt=["no-new-privileges"],
        mem_limit="512m",
        pids_limit=64,
    )
    try:
        container.start()
        container.wait(timeout=_SECONDS)
        deadline = monotonic() + _LATE_SECONDS
        while not (said := container.logs(stdout=True, stderr=False)).endswith(b".\n"):
            if monotonic() > deadline:
                raise SandboxUnavailable(f"image {image} could not be looked into: its shell ended early")
            sleep(0.1)
        return str(said.decode(errors="replace"))
    except APIError as error:
        if "/bin/sh" in str(error):
            raise SandboxUnavailable(f"image {image} has no shell at /bin/sh, which the sandbox needs") from error
        raise
    finally:
        with suppress(APIError):
            container.remove(force=True, v=True)
