"""What all tests share: a state folder of their own, small repositories, and the command as a user types it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from soloist_sandbox.contract import SandboxUnavailable

SOLOIST = Path(sys.executable).parent / "soloist"


def pytest_configure() -> None:
    """A shell in the background ignores Ctrl-C for all that it starts; the tests of Ctrl-C need it back."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _refuse_the_network(event: str, arguments: tuple[object, ...]) -> None:
    """Tests talk to this machine alone; anything else is a mistake in them or in us."""
    address = arguments[1] if event == "socket.connect" else None
    if isinstance(address, tuple) and str(address[0]) not in ("127.0.0.1", "::1", "localhost", "0.0.0.0"):  # noqa: S104
        raise AssertionError(f"a test connects to {address}")


sys.addaudithook(_refuse_the_network)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the runs, or the settings, of the person who runs it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in [name for name in os.environ if name.startswith("SOLOIST_") and name != "SOLOIST_IMAGES"]:
        monkeypatch.delenv(name)


@dataclass(frozen=True)
class Said:
    """What the command answered."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report, which must be all of standard output."""
        told: dict[str, Any] = json.loads(self.out)
        return told


Command = Callable[..., Said]
MakeRepository = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def soloist() -> Command:
    """The real command in a process of its own."""

    def call(*args: str | Path, timeout: float = 100, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Said:
        done = subprocess.run(
            [SOLOIST, *args],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def repository(tmp_path: Path) -> MakeRepository:
    """Make a git repository of some files, all committed."""

    def make(files: Mapping[str, str], name: str = "repository") -> Path:
        root = tmp_path / name
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        git(root, "init", "-q", "-b", "main")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "start")
        return root

    return make


def git(root: Path, *args: str | Sequence[str]) -> str:
    """Run git in a repository, as nobody in particular."""
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", root, *identity, *args], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout


@pytest.fixture(scope="session")
def any_sandbox() -> None:
    """A sandbox with its image, as `soloist run` would find it; without one the test is skipped, and says why."""
    from soloist.engine import open_sandbox

    try:
        asyncio.run(open_sandbox("base", None, lambda line: None))
    except SandboxUnavailable as reason:
        pytest.skip(f"no sandbox: {reason}")
