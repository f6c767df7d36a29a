"""Row 26: changes that a candidate may not make are refused before anything runs.

A change is a path and a whole new content: links, modes, submodules and hunks can't be said in one.
"""

import time
from pathlib import Path

import pytest
from soloist_sandbox.bubblewrap import BubblewrapSandbox
from soloist_sandbox.contract import CommandCheck, PytestCheck
from soloist_sandbox.docker_engine import DockerSandbox
from soloist_sandbox.integrity import refuse_changes

from .yard import LIMITS, numbered

EXISTING = {"src/app.py", "tests/test_app.py", "Makefile", "pyproject.toml"}
CHECK = PytestCheck(args=("tests", "extra/checks.py"))
PATHS: dict[str, tuple[str]] = {
    f"26 {name}": (path,)
    for name, path in {
        "test": "tests/test_app.py",
        "new test": "tests/test_new.py",
        "helper of the tests": "tests/helper.py",
        "test elsewhere": "src/test_other.py",
        "named in the check": "extra/checks.py",
        "conftest": "conftest.py",
        "conftest in the source": "src/conftest.py",
        "pytest.ini": "pytest.ini",
        "hidden pytest.ini": ".pytest.ini",
        "tox.ini": "tox.ini",
        "setup.cfg": "setup.cfg",
        "pyproject": "pyproject.toml",
        "path file": "src/evil.pth",
        "sitecustomize": "sitecustomize.py",
        "sitecustomize, a package": "sitecustomize/__init__.py",
        "usercustomize": "src/usercustomize.py",
        "git hook": ".git/hooks/pre-commit",
        "git settings": "src/.git/config",
        "parent": "../outside.py",
        "parent inside": "src/../../outside.py",
        "absolute": "/etc/passwd",
        "drive": "C:/windows",
        "backslash": "src\\app.py",
        "dot": "./src/app.py",
        "double slash": "src//app.py",
        "empty": "",
        "line": "src/a\nb.py",
        "NUL": "src/a\0b.py",
        "no text": "src/\ud800.py",
        "blank": "src/app.py ",
        "twin by case": "src/APP.py",
        "test by case": "Tests/Test_App.py",
        "standard library": "src/json.py",
        "pytest itself": "pytest.py",
        "pytest's plug": "src/pluggy/__init__.py",
    }.items()
}


@pytest.mark.parametrize(("path",), **numbered(PATHS))
def test_26_paths(path: str) -> None:
    """A candidate's change of a test, a setting or a start-up file, or to a path outside, is refused before anything runs."""
    with pytest.raises(ValueError, match="not allowed"):
        refuse_changes({"src/app.py": b"", path: b""}, CHECK, EXISTING)


def test_26_honest_changes() -> None:
    """Changes of the source are not, whatever bytes they hold and however many they are."""
    refuse_changes({"src/app.py": b"\r\n\0\xff", "src/new.py": bytes(1 << 20)}, CHECK, EXISTING)
    started = time.monotonic()
    with pytest.raises(ValueError, match="not allowed"):
        refuse_changes({f"tests/{n}.py": b"" for n in range(100_000)}, CHECK, EXISTING)
    assert time.monotonic() - started < 10


async def test_26_links_are_not_followed(engine: str, tmp_path: Path) -> None:
    """A change through a symbolic link of the tree is refused in the sandbox, and a link itself is replaced, not its target."""
    (tmp_path / "outside").symlink_to("/tmp")  # noqa: S108
    (tmp_path / "link").symlink_to("/etc/hostname")
    sandbox = DockerSandbox(workers=1) if engine == "docker" else BubblewrapSandbox(workers=1)
    session = await sandbox.open(tmp_path, limits=LIMITS)
    try:
        with pytest.raises(ValueError, match="not a folder"):
            await session.run(CommandCheck(command="true"), changes={"outside/x": b""})
        outcome = await session.run(CommandCheck(command="cat link; test ! -L link"), changes={"link": b"own"})
    finally:
        await session.close()
    assert (outcome.ended, outcome.stdout) == ("ok", "own")
