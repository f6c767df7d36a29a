"""A run that is killed without warning goes on where it was."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from soloist import Budget, Orchestrator, Report, Task
from soloist.rundir import RunDir
from soloist_sandbox.contract import PytestCheck

from tests.conftest import MakeRepository

pytestmark = pytest.mark.usefixtures("any_sandbox")

RUN = """
import asyncio, sys
from pathlib import Path
from soloist import Orchestrator, Task
from soloist_sandbox.contract import PytestCheck
task = Task(goal="fix the bug", repository=Path(sys.argv[1]), check=PytestCheck(args=("-q",)), approval="always")
print(Orchestrator().run_sync(task).solved)
"""
FILES = {
    "leap.py": "def leap(y):\n    return y % 4 == 0 and (y % 100 != 0 and y % 400 == 0)\n",
    "test_leap.py": (
        "import pytest\nimport leap\n\n\n"
        "@pytest.mark.parametrize(('year', 'is_leap'), [(1900, False), (2000, True), (2024, True), (2023, False)])\n"
        "def test_leap(year, is_leap):\n    assert leap.leap(year) == is_leap\n"
    ),
}


def killed_after(kind: str, root: Path, state: Path) -> RunDir:
    """Start a run, kill -9 it as soon as an event of this kind is written, and return its folder."""
    with subprocess.Popen([sys.executable, "-c", RUN, root], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            files = list(state.glob("soloist/runs/*/events.jsonl"))
            if files and f'"{kind}"' in files[0].read_text():
                os.kill(process.pid, signal.SIGKILL)
                process.wait(timeout=10)
                return RunDir(files[0].parent)
            time.sleep(0.01)
        process.kill()
    raise AssertionError(f"no event {kind} came")


@pytest.mark.parametrize("kind", ["gather.tool", "plan", "stitch"])
async def test_a_killed_run_is_resumed(kind: str, repository: MakeRepository, tmp_path: Path) -> None:
    """Killed after gathering, planning or stitching, the run is resumed to a proved and applied patch."""
    root = repository(FILES)
    run = killed_after(kind, root, tmp_path / "state")
    assert run.abandoned
    report = await Orchestrator().resume(run.id)
    assert report.solved
    assert report.applied
    assert "==" in (root / "leap.py").read_text()
    assert not run.tree.exists()
    with pytest.raises(ValueError, match="ended"):
        await Orchestrator().resume(run.id)


async def test_two_runs_in_one_process_do_not_touch_each_other(repository: MakeRepository) -> None:
    """Two orchestrators side by side solve their own repositories."""
    import asyncio

    def task(name: str) -> Task:
        root = repository(FILES, name)
        return Task(goal="fix it", repository=root, check=PytestCheck(args=("-q",)), budget=Budget(seconds=90), approval="never")

    reports: list[Report] = await asyncio.gather(*(Orchestrator().run(task(name)) for name in ("one", "two")))
    assert all(report.solved for report in reports)
    assert reports[0].run != reports[1].run
