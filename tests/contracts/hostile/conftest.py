"""A yard for each backend and module, and the host before and after."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from soloist_sandbox.bubblewrap import BubblewrapSandbox
from soloist_sandbox.docker_engine import DockerSandbox

from ..leftovers import gone, marked
from .yard import LIMITS, Yard

_OWN = ("/var/lib/docker", "/run/docker", "/var/run/docker")
"""Where Docker mounts what its containers need, ours and others'."""
_PLACES = ("/", "/tmp", "/dev/shm", "/dev/mqueue", "/run", "/var/tmp")  # noqa: S108
"""Of the host, where hostile programs try to leave files of this name."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard(engine: str, tmp_path_factory: pytest.TempPathFactory, host: None) -> AsyncIterator[Yard]:
    """One warm container, used by all tests of the module; nothing of what ran there is left afterwards."""
    tree = tmp_path_factory.mktemp("yard")
    (tree / "kept.py").write_text("KEPT = 1\n")
    (tree / "package").mkdir()
    for name in ("one.py", "two.py"):
        (tree / "package" / name).write_text("")
    sandbox = DockerSandbox(workers=1) if engine == "docker" else BubblewrapSandbox(workers=1)
    session = await sandbox.open(tree, limits=LIMITS)
    opened = Yard(session, engine)
    try:
        yield opened
    finally:
        await session.close()
    assert await gone(opened.mark), marked(opened.mark)
    assert sorted(path.name for path in tree.rglob("*")) == ["kept.py", "one.py", "package", "two.py"]
    assert (tree / "kept.py").read_text() == "KEPT = 1\n"


@pytest.fixture(scope="module")
def host() -> Iterator[None]:
    """The host is as it was: its mounts, its name, its settings, its shared memory and its semaphores."""
    before = _photograph()
    yield
    assert _photograph() == before


def _photograph() -> dict[str, object]:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    settings = ("kernel/core_pattern", "kernel/hostname", "kernel/domainname", "vm/overcommit_memory")
    return {
        "mounts": sorted(mount for mount in mounts if not mount.startswith(_OWN)),
        "settings": [Path("/proc/sys", name).read_text() for name in settings],
        "ipc": [Path("/proc/sysvipc", kind).read_text().count("\n") for kind in ("shm", "msg", "sem")],
        "files": [str(path) for place in _PLACES for path in Path(place).glob("hostile*")],
    }
