"""What a long-lived client and its sandboxes hold: descriptors, memory, mounts, processes, zombies, cgroups.

Everything is read from /proc and the cgroup file system, so it needs root to see other users' processes.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import docker
from process_tree import family, processes

CGROUPS = Path("/sys/fs/cgroup")
MIB = 1 << 20


@dataclass(frozen=True)
class Held:
    """A photograph. What counts single sandboxes is of the largest of them, for their number may change."""

    descriptors: int
    """Of this process."""
    client_mb: float
    """Resident memory of this process."""
    sandbox_mb: float
    """Memory charged to a container's cgroup; under bubblewrap its processes' proportional share."""
    sandbox_mounts: int
    """As its broker sees them."""
    host_mounts: int
    zombies: int
    """Among our processes and those in our sandboxes."""
    sandboxes: int
    sandbox_processes: int
    cgroups: int
    """Folders of the whole machine's cgroup tree."""

    def grown(self, since: "Held", allowed: "dict[str, float]") -> list[str]:
        """What has grown by more than is allowed, in words; what is not named is not looked at."""
        before, now = asdict(since), asdict(self)
        return [
            f"{name} went from {before[name]} to {now[name]} (allowed: {bound:+g})"
            for name, bound in allowed.items()
            if now[name] - before[name] > bound
        ]


def photograph(backend: str) -> Held:
    """What is held now. Blocks for some milliseconds."""
    seen = processes()
    roots = sandboxes(backend)
    inside = [family([root], seen) for root in roots]
    zombies = [pid for pid in family([os.getpid(), *roots], seen) if seen[pid].state == "Z"]
    return Held(
        descriptors=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        client_mb=round(_status(os.getpid(), "VmRSS") / 1024, 1),
        sandbox_mb=max((_memory(backend, root, pids) for root, pids in zip(roots, inside, strict=True)), default=0.0),
        sandbox_mounts=max((_mounts(pid) for pids in inside for pid in pids if _elsewhere(pid)), default=0),
        host_mounts=_mounts(os.getpid()),
        zombies=len(zombies),
        sandboxes=len(roots),
        sandbox_processes=max(map(len, inside), default=0),
        cgroups=sum(len(folders) for _, folders, _ in os.walk(CGROUPS)),
    )


def sandboxes(backend: str, client: int | None = None) -> list[int]:
    """The first process of each sandbox that a client (this process) has started, as the host numbers it."""
    client = client or os.getpid()
    if backend == "bubblewrap":
        return [pid for pid, process in processes().items() if process.parent == client and process.name == "bwrap"]
    found = []
    with closing(docker.from_env()) as engine:
        for container in engine.containers.list(filters={"label": f"soloist.pid={client}"}):
            with suppress(docker.errors.NotFound):  # it has just ended
                found.append(int(engine.api.inspect_container(container.id or "")["State"]["Pid"]))
    return [pid for pid in found if pid]


def alive(pids: Iterable[int]) -> list[int]:
    """Those that still run."""
    seen = processes()
    return [pid for pid in pids if pid in seen and seen[pid].state != "Z"]


def _memory(backend: str, root: int, pids: Iterable[int]) -> float:
    if backend == "docker":
        return round(_charged(root) / MIB, 1)
    return round(sum(_share(pid) for pid in pids) / 1024, 1)


def _charged(pid: int) -> int:
    """Bytes that the memory cgroup of a process has (both versions of cgroups)."""
    with suppress(OSError):
        for row in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = row.split(":", 2)
            old, new = CGROUPS / f"memory{path}/memory.usage_in_bytes", CGROUPS / path.lstrip("/") / "memory.current"
            if "memory" in controllers.split(",") and old.exists():
                return int(old.read_text())
            if not controllers and new.exists():
                return int(new.read_text())
    return 0


def _share(pid: int) -> int:
    """KiB, shared pages divided by those who share them."""
    with suppress(OSError):
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return 0


def _status(pid: int, name: str) -> int:
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(row.split()[1]) for row in rows if row.startswith(f"{name}:")), 0)


def _mounts(pid: int) -> int:
    with suppress(OSError):
        return len(Path(f"/proc/{pid}/mounts").read_text().splitlines())
    return 0


def _elsewhere(pid: int) -> bool:
    """Whether a process has a mount namespace of its own: bubblewrap's outer process has ours."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/ns/mnt").readlink() != Path("/proc/self/ns/mnt").readlink()
    return False


def columns() -> Sequence[str]:
    """The names of what is photographed, short enough for a table."""
    return ("fds", "client MB", "box MB", "box mnts", "mnts", "zombies", "boxes", "box procs", "cgroups")
