"""Both backends, each with its image; one that can't be had here is skipped with its reason."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from soloist_sandbox import images
from soloist_sandbox.bubblewrap import BubblewrapSandbox
from soloist_sandbox.choose import BACKENDS, engine_problem
from soloist_sandbox.contract import CommandCheck, Limits, PytestCheck, Session
from soloist_sandbox.docker_engine import DockerSandbox
from soloist_sandbox.image_spec import Engine

AnySandbox = DockerSandbox | BubblewrapSandbox

CALC = "def add(a, b):\n    return a - b\n\n\ndef negate(a):\n    return -a\n"
TEST_CALC = """import calc


def test_add():
    assert calc.add(1, 2) == 3


def test_negate():
    assert calc.negate(1) == -1
"""
FIXED = CALC.replace("a - b", "a + b").encode()
CHECK = PytestCheck(args=("-q",))
LIMITS = Limits(seconds=10, memory_mb=256, disk_mb=16, processes=64)


def python(source: str) -> CommandCheck:
    """A command that runs this Python source."""
    return CommandCheck(command=f"python3 - <<'END'\n{source}\nEND")


@pytest.fixture(scope="session", params=BACKENDS)
def engine(request: pytest.FixtureRequest) -> Engine:
    """The name of a backend that works here."""
    name: Engine = request.param
    if (problem := asyncio.run(engine_problem(name))) is not None:
        pytest.skip(f"{name}: {problem}")
    asyncio.run(images.ensure("base", name, print))
    return name


@pytest.fixture
def sandbox(engine: Engine) -> AnySandbox:
    """A sandbox with two workers."""
    return DockerSandbox(workers=2) if engine == "docker" else BubblewrapSandbox(workers=2)


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A small project with one failing and one passing test; no test may change it."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "calc.py").write_text(CALC)
    (root / "test_calc.py").write_text(TEST_CALC)
    before = _photograph(root)
    yield root
    assert _photograph(root) == before, "the tree on the host was written"


def _photograph(root: Path) -> dict[str, tuple[int, int, bytes]]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.fixture
async def session(sandbox: AnySandbox, tree: Path) -> AsyncIterator[Session]:
    """A session over the small project."""
    opened = await sandbox.open(tree, limits=Limits(seconds=20, memory_mb=256, disk_mb=16, processes=64))
    yield opened
    await opened.close()
