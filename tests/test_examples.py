"""The examples do what they say, on a copy of the example repository and in a real sandbox."""

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from soloist import Budget, Orchestrator, Report, SandboxUnavailable, Task
from soloist.engine import open_sandbox
from soloist_sandbox.contract import PytestCheck, Sandbox

EXAMPLES = Path(__file__).parents[1] / "examples"
CHECK = PytestCheck(args=("-q",))
FAULT = ("timetable/times.py", "minute < to_minute", "minute <= to_minute")


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """The first sandbox that works here."""
    try:
        return asyncio.run(open_sandbox("base", None, lambda line: None))
    except SandboxUnavailable as reason:
        pytest.skip(f"no sandbox: {' '.join(str(reason).split())}")


@pytest.fixture
def timetable(tmp_path: Path) -> Path:
    """A copy of the example repository."""
    return Path(shutil.copytree(EXAMPLES / "timetable", tmp_path / "timetable", ignore=shutil.ignore_patterns("__pycache__")))


async def repaired(repository: Path, orchestrator: Orchestrator) -> Report:
    task = Task(goal="fix the tests", repository=repository, check=CHECK, budget=Budget(seconds=60), approval="never")
    return await orchestrator.run(task)


async def test_the_example_repository_fails_in_several_files(sandbox: Sandbox, timetable: Path) -> None:
    """The bug makes some tests fail, in more than one file, and most tests pass."""
    session = await sandbox.open(timetable)
    try:
        outcome = await session.run(CHECK)
    finally:
        await session.close()
    assert outcome.report is not None
    failing = outcome.report.ids("failed", "error")
    assert len({name.partition("::")[0] for name in failing}) >= 3
    assert 5 <= len(failing) <= len(outcome.report.ids("passed")) / 5


async def test_the_example_repository_has_one_fault(sandbox: Sandbox, timetable: Path) -> None:
    """With its one line put right, every test of the example repository passes."""
    path, wrong, right = FAULT
    source = (timetable / path).read_text()
    assert source.count(wrong) == 1
    session = await sandbox.open(timetable)
    try:
        outcome = await session.run(CHECK, changes={path: source.replace(wrong, right).encode()})
    finally:
        await session.close()
    assert outcome.exit_code == 0
    assert outcome.report is not None
    assert not outcome.report.ids("failed", "error", "skipped")


def test_the_sdk_example_prints_the_proof_and_the_diff(sandbox: Sandbox, timetable: Path) -> None:
    """The SDK example repairs a repository, tells why it believes so, and leaves the repository as it was."""
    before = {path: path.read_bytes() for path in timetable.rglob("*.py")}
    command = [sys.executable, str(EXAMPLES / "sdk.py"), str(timetable), "pytest -q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert "solved: True (tested)" in done.stdout, done.stdout + done.stderr
    assert re.search(r"^\+\+\+ .*\.py$", done.stdout, re.MULTILINE)
    assert {path: path.read_bytes() for path in timetable.rglob("*.py")} == before


def test_the_delegation_example_runs_without_a_model(sandbox: Sandbox) -> None:
    """Planner and specialist over HTTP: a new function, its tests, and the proof."""
    command = [sys.executable, str(EXAMPLES / "delegate.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert "solved: True (tested)" in done.stdout, done.stdout + done.stderr
    assert "+def median(values):" in done.stdout
    assert "+++ b/test_median.py" in done.stdout


def test_the_choosing_example_runs_without_a_model(sandbox: Sandbox) -> None:
    """Claims outweigh numbers, and the answer is agreed on at most."""
    command = [sys.executable, str(EXAMPLES / "choosing.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.stdout.startswith("17 (agreed): 2 of "), done.stdout + done.stderr


async def test_an_own_specialist_solves_what_it_knows(
    sandbox: Sandbox, timetable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A specialist of eight lines finds the fault, and the proof is Soloist's."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from own_specialist import Boundaries

    orchestrator = Orchestrator(ladder=[Boundaries()], sandbox=sandbox, state=tmp_path / "state")
    report = await repaired(timetable, orchestrator)
    assert report.solved, report.why
    assert report.level == "tested"
    assert f"+            if {FAULT[2]}:" in report.diff
    assert {step.rung for step in report.steps} == {"boundaries"}


async def test_an_own_planner_decides_where_to_look(
    sandbox: Sandbox, timetable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planner that keeps to one file gets steps in that file only."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from own_planner import times_only

    orchestrator = Orchestrator(planner=times_only(), sandbox=sandbox, state=tmp_path / "state")
    report = await repaired(timetable, orchestrator)
    assert report.solved, report.why
    assert report.steps
    assert all(step.id.startswith("timetable/times.py::") for step in report.steps)
