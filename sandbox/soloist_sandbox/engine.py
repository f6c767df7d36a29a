"""What a backend must bring: containers that the shared session can talk to and end."""

from dataclasses import dataclass
from typing import Literal, Protocol

Strength = Literal["nested", "single"]
"""What a container allows its first process. "nested": to make namespaces and mounts for each job, under our own list of system
calls. "single": nothing of the kind; then the container itself is the job's only wall, and is used once."""


@dataclass(frozen=True, slots=True)
class Size:
    """How big a container must be."""

    memory_mb: int
    """For the job's processes."""
    processes: int
    disk_mb: int
    """For what the job writes."""
    cpus: float
    tree_mb: int
    """For the workspace itself, with the bytecode of it."""
    entries: int
    """Files and folders of the workspace."""


class Container(Protocol):
    """A running container whose process 1 is the runner."""

    async def write(self, data: bytes) -> None:
        """Raises `ContainerLost`."""
        ...

    async def read(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises `ContainerLost`."""
        ...

    async def last_words(self) -> str:
        """What the runner wrote to stderr, at most 2,000 characters; waits no longer than a second."""
        ...

    async def end(self) -> None:
        """Kill everything in it and remove it. Safe to call twice; never raises."""
        ...


class Engine(Protocol):
    """Starts containers."""

    @property
    def name(self) -> str:
        """As in `Outcome.backend`."""
        ...

    @property
    def counts_processes(self) -> bool:
        """Whether the container itself limits the number of processes; otherwise the runner does."""
        ...

    async def start(self, size: Size) -> Container:
        """A container whose runner has begun. Raises `SandboxUnavailable`, `ContainerLost`; leaves nothing when cancelled."""
        ...

    async def close(self) -> None:
        """Let go of what was opened to reach the engine."""
        ...
