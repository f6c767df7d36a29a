"""How a container is asked for: what runs in it, and what it may not do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from soloist_sandbox.engine import Size, Strength
from soloist_sandbox.orphans import owner_labels
from soloist_sandbox.tree import UID

ENTRYPOINT: Final = ("/opt/soloist/python3", "/opt/soloist/runner.py")
SECCOMP: Final = Path(__file__).with_name("seccomp") / "docker.json"
_ENVIRONMENT: Final = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2"}
_OVERHEAD_MB: Final = 96
"""For the runner itself, on top of what the job may use."""
_OWN_PROCESSES: Final = 4
"""The broker, its parent, the job's init, a spare."""
_SHM_MB: Final = 16
_SPARE_INODES: Final = 50_000


@dataclass(frozen=True, slots=True)
class Daemon:
    """What an engine can do."""

    processors: int
    """It refuses to give a container more."""
    apparmor: bool
    runtimes: tuple[str, ...]

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> "Daemon":
        """From the engine's answer to `/info`."""
        secured = [str(option) for option in info.get("SecurityOptions") or ()]
        apparmor = any(option.split(",")[0] == "name=apparmor" for option in secured)
        return cls(int(info["NCPU"]), apparmor, tuple(info.get("Runtimes") or ()))


def container_config(tag: str, size: Size, daemon: Daemon, strength: Strength, runtime: str | None) -> dict[str, Any]:
    """The body of the engine's request for a container."""
    return {
        "Image": tag,
        "Entrypoint": list(ENTRYPOINT),
        "Cmd": [],
        "Hostname": "sandbox",
        "User": f"{UID}:{UID}",
        "WorkingDir": "/workspace",
        "Env": [f"{name}={value}" for name, value in _ENVIRONMENT.items()],
        "Labels": owner_labels(),
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        "StdinOnce": True,  # stdin closes with the attached stream
        "NetworkDisabled": True,
        "HostConfig": {**_walls(size, daemon), **_inner_walls(daemon, strength), **({"Runtime": runtime} if runtime else {})},
    }


def _walls(size: Size, daemon: Daemon) -> dict[str, Any]:
    """What no container may do. Memory counts the files on tmpfs, so the room of the workspace is added."""
    memory = (size.memory_mb + size.tree_mb + size.disk_mb + _OVERHEAD_MB) << 20
    return {
        "AutoRemove": True,
        "NetworkMode": "none",
        "IpcMode": "private",
        "ReadonlyRootfs": True,
        "Tmpfs": _writable(size),
        "ShmSize": _SHM_MB << 20,
        "CapDrop": ["ALL"],
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": size.processes + _OWN_PROCESSES,
        "NanoCpus": int(min(size.cpus, daemon.processors) * 1e9),
        "LogConfig": {"Type": "none", "Config": {}},
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
    }


def _writable(size: Size) -> dict[str, str]:
    """Where files may be written, and how much."""
    inodes = size.entries * 2 + _SPARE_INODES
    mount = f"rw,exec,nosuid,nodev,uid={UID},gid={UID},nr_inodes={inodes}"
    return {
        "/workspace": f"{mount},mode=0755,size={size.tree_mb + size.disk_mb}m",
        "/tmp": f"{mount},mode=1777,size={size.disk_mb}m",  # noqa: S108 - the container's own
        "/dev/mqueue": "ro,size=4k,mode=0555",
    }


def _inner_walls(daemon: Daemon, strength: Strength) -> dict[str, Any]:
    """For "nested": the kernel mounts a fresh /proc only where the one around it hides nothing; no job ever sees that one."""
    options = ["no-new-privileges:true"]
    if strength == "single":
        return {"SecurityOpt": options}
    if profile := _seccomp():
        options.append(f"seccomp={profile}")
    if daemon.apparmor:
        options.append("apparmor=unconfined")  # Docker's own profile forbids every mount
    return {"SecurityOpt": options, "MaskedPaths": [], "ReadonlyPaths": []}


@cache
def _seccomp() -> str | None:
    return SECCOMP.read_text() if SECCOMP.is_file() else None
