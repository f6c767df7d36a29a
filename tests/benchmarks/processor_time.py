"""Processor time of everything that takes part in a job, of the living and of the dead, by control groups.

*Ours* is this process with all that it has started since `accounting` began: clients, bubblewrap, brokers, jobs. The *engine* is
Docker's daemons, the shims and runtimes that they have started since, and all containers. Adding up what processes say of
themselves would not do: a kernel that ends a whole pid namespace forgets what its processes have used.

Where others use the same engine meanwhile, their containers count as ours: the benchmarks say how much the engine does while
nothing is asked of it. Needs root.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from process_tree import processes

DAEMONS = ("dockerd", "containerd")
_TREE = Path("/sys/fs/cgroup")
_ACCOUNTS = next((_TREE / name for name in ("cpuacct", "cpu,cpuacct") if (_TREE / name / "cpuacct.usage").exists()), _TREE)
"""The tree in which processor time is accounted: of its own in version 1, the only one in version 2."""
_MINE = _ACCOUNTS / "soloist-bench"
_CONTAINERS = ("docker", "system.slice")
"""Where Docker puts containers, by itself or through systemd."""


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time."""

    ours: float
    engine: float

    def since(self, earlier: "Spent", *, engine: bool) -> float:
        """Seconds between two readings, with or without the engine's part."""
        return self.ours - earlier.ours + (self.engine - earlier.engine if engine else 0.0)


@dataclass(frozen=True)
class Accounts:
    """The groups that are read."""

    ours: Path
    engine: tuple[Path, ...]

    def read(self) -> Spent:
        """What was spent until now."""
        return Spent(_seconds(self.ours), sum(map(_seconds, self.engine)))


@contextmanager
def accounting() -> Iterator[Accounts]:
    """Account for this process, and for Docker's daemons where nobody does yet; put all back in the end.

    Ends the program with a line where that is not allowed.
    """
    try:
        for group in (_MINE, _MINE / "client", _MINE / "engine"):
            group.mkdir(exist_ok=True)
        _move(os.getpid(), _MINE / "client")
    except OSError as error:
        raise SystemExit(f"processor time is accounted by control groups: run this as root ({error})") from None
    try:
        yield Accounts(_MINE / "client", _engine_groups())
    finally:
        for group in (_MINE / "client", _MINE / "engine", _MINE):
            for pid in (group / "cgroup.procs").read_text().split():
                _move(int(pid), _ACCOUNTS)
            with suppress(OSError):  # a process is just ending in it
                group.rmdir()


def _engine_groups() -> tuple[Path, ...]:
    """Docker's daemons' groups, and that of all containers. Daemons without a group get one."""
    containers = next((_ACCOUNTS / name for name in _CONTAINERS if (_ACCOUNTS / name).is_dir()), None)
    groups = {containers} if containers else set()
    for pid, process in processes().items():
        if process.name in DAEMONS:
            if _group(pid) == _ACCOUNTS:
                _move(pid, _MINE / "engine")
            groups.add(_group(pid))
    return tuple(group for group in groups if not any(other in group.parents for other in groups))


def _group(pid: int) -> Path:
    for row in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = row.split(":", 2)
        if "cpuacct" in controllers.split(",") or (_ACCOUNTS == _TREE and not controllers):
            return _ACCOUNTS / path.lstrip("/")
    return _ACCOUNTS


def _move(pid: int, group: Path) -> None:
    with suppress(ProcessLookupError):
        (group / "cgroup.procs").write_text(str(pid))


def _seconds(group: Path) -> float:
    """What the group's processes have used, and those of the groups in it, also of those that are gone."""
    if (usage := group / "cpuacct.usage").exists():
        return int(usage.read_text()) / 1e9
    return int((group / "cpu.stat").read_text().split()[1]) / 1e6
