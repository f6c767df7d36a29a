"""The small project that the tests run over, and the fixtures that hold it."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from soloist_sandbox.contract import CommandCheck, Limits, PytestCheck, Sandbox, Session
from soloist_sandbox.contract_suite.host import Host

CALC: Final = "def add(a, b):\n    return a - b\n\n\ndef negate(a):\n    return -a\n"
TEST_CALC: Final = """import calc


def test_add():
    assert calc.add(1, 2) == 3


def test_negate():
    assert calc.negate(1) == -1
"""
FIXED: Final = CALC.replace("a - b", "a + b").encode()
CHECK: Final = PytestCheck(args=("-q",))
LIMITS: Final = Limits(seconds=10, memory_mb=256, disk_mb=16, processes=64)
MOST_SECONDS: Final = 120
"""For each test: a sandbox that never answers is a failure, too."""


def python(source: str) -> CommandCheck:
    """A command that runs this Python source."""
    return CommandCheck(command=f"python3 - <<'END'\n{source}\nEND")


def contract(cls: type[Any]) -> type[Any]:
    """A class of the suite: coroutines, each with a deadline, whatever the mode of pytest-asyncio."""
    marked: Callable[[type[Any]], type[Any]] = pytest.mark.asyncio
    timed: Callable[[type[Any]], type[Any]] = pytest.mark.timeout(MOST_SECONDS)
    return marked(timed(cls))


@pytest.fixture
def host() -> Host:
    """What can be seen of the sandbox from outside; by default nothing."""
    return Host()


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


@pytest_asyncio.fixture(loop_scope="function")
async def session(sandbox: Sandbox, tree: Path) -> AsyncIterator[Session]:
    """A session over the small project."""
    opened = await sandbox.open(tree, limits=Limits(seconds=20, memory_mb=256, disk_mb=16, processes=64))
    yield opened
    await opened.close()
