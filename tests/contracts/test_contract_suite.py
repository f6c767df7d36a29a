"""The public suite from outside: a file of somebody's own tests, in a folder that knows nothing of ours."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from soloist_sandbox import contract_suite, images
from soloist_sandbox.bubblewrap import bubblewrap_problem

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

THEIRS = """
from soloist_sandbox.bubblewrap import BubblewrapSandbox

class YourSandbox:
    name = "theirs"
    def __init__(self): self.real = BubblewrapSandbox(workers=2)
    async def probe(self): return await self.real.probe()
    async def open(self, tree, *, limits=None): return Theirs(await self.real.open(tree, limits=limits))

class Theirs:
    def __init__(self, real): self.real = real
    async def run(self, check, **options):
        outcome = await self.real.run(check, **options)
        return outcome.model_copy(update={"backend": "theirs"} | CHANGED)
    def screen(self, check, variants, *, limits=None): return self.real.screen(check, variants, limits=limits)
    async def close(self): await self.real.close()
"""


@pytest.fixture(scope="module", autouse=True)
def _bubblewrap() -> None:
    """What stands in for somebody else's sandbox."""
    if (problem := asyncio.run(bubblewrap_problem())) is not None:
        pytest.skip(f"bubblewrap: {problem}")
    asyncio.run(images.ensure("base", "bubblewrap", print))


def suite(folder: Path, changed: str, *chosen: str) -> "subprocess.CompletedProcess[str]":
    """The README's file over a backend that changes each outcome so."""
    (file,) = [
        block for block in re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE) if "contract_suite" in block
    ]
    (folder / "test_theirs.py").write_text(f"CHANGED = {changed}\n{THEIRS}\n{file}")
    plugins = ("-p", "no:langsmith_plugin", "-p", "no:anyio", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-rA", *plugins, "test_theirs.py"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [*command, "-k", " or ".join(chosen)], cwd=folder, env=env, capture_output=True, text=True, timeout=110, check=False
    )


def test_a_sandbox_of_somebody_else_passes(tmp_path: Path) -> None:
    """With the file that the README shows, in pytest's plainest configuration, what keeps the contract passes."""
    done = suite(tmp_path, "{}", "TestOutcomes", "TestFiles")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED test_theirs.py::TestOutcomes::test_runs_share_nothing" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.parametrize(
    ("changed", "caught"),
    [
        ("{'exit_code': 0, 'signal': None, 'limit': None}", {"test_command_outcome", "test_command_dies_by_signal"}),
        (
            "{'stdout': ''}",
            {"test_command_outcome", "test_command_passes", "test_changes_are_laid", "test_tree_arrives_as_it_is"},
        ),
        ("{'files': ()}", {"test_changed_files_come_back", "test_only_regular_files"}),
        ("{'returned': ()}", {"test_function_values", "test_function_is_judged_outside"}),
    ],
    ids=["always 0", "no output", "no files", "no values"],
)
def test_a_sandbox_that_lies_is_caught(tmp_path: Path, changed: str, caught: set[str]) -> None:
    """What breaks the contract fails in the tests of just that, and the failure shows what was seen."""
    done = suite(tmp_path, changed, *caught, "test_more_than_the_machine_has")
    failed = set(re.findall(r"^FAILED test_theirs\.py::\w+::(\w+)", done.stdout, re.MULTILINE))
    assert failed == caught, done.stdout
    assert "PASSED test_theirs.py::TestOutcomes::test_more_than_the_machine_has" in done.stdout
    assert re.search(r"^E +(AssertionError: )?assert ", done.stdout, re.MULTILINE), "assertions are not explained"


def test_our_own_sandboxes_pass_all_of_it() -> None:
    """Every class of the suite is collected by our own tests of both backends."""
    files = "\n".join(file.read_text() for file in Path(__file__).parent.glob("test_sandbox_*.py"))
    ours = {name for names in re.findall(r"^__all__ = \[(.*)\]", files, re.MULTILINE) for name in re.findall(r"\w+", names)}
    assert {name for name in contract_suite.__all__ if name.startswith("Test")} <= ours
