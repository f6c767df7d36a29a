"""A test that must fail, run where the check has run: it shows whether failures are still reported there."""

import os
import random
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest


class _Watcher:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call":
            self.seen.append((report.nodeid.rpartition("::")[2], report.outcome))


def caught() -> bool:
    """Whether a randomly named failing test is reported as failed. False also when pytest can't be run any more."""
    name = f"test_{secrets.token_hex(8)}"
    left, right = random.SystemRandom().sample(range(10**9), 2)
    watcher = _Watcher()
    folder = None
    try:
        folder = Path(tempfile.mkdtemp())
        (folder / f"{name}.py").write_text(f"def {name}():\n    value = {left}\n    assert value == {right}\n")
        (folder / "pytest.ini").write_text("[pytest]\n")
        for variable in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
            os.environ.pop(variable, None)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        options = ["-c", str(folder / "pytest.ini"), "--rootdir", str(folder), "--noconftest", "--import-mode=importlib"]
        code = pytest.main([*options, "-p", "no:terminal", "-p", "no:cacheprovider", str(folder)], plugins=[watcher])
        return code == 1 and watcher.seen == [(name, "failed")]
    except BaseException as error:  # whatever the check has broken: an uncaught canary is the answer
        print(f"canary: {type(error).__name__}: {error}", file=sys.stderr)
        return False
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
