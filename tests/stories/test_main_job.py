"""The main job through the front door: a bug found, fixed, proved and shown, with no key and no model."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import SOLOIST, Command, MakeRepository, git

pytestmark = pytest.mark.usefixtures("any_sandbox")

STACK = '''"""A stack with a limit."""


class Stack:
    def __init__(self, limit):
        self.limit = limit
        self.items = []

    def push(self, item):
        # Full stacks refuse.
        if len(self.items) > self.limit:
            raise OverflowError("full")
        self.items.append(item)

    def pop(self):
        return self.items.pop()


def total(stack):
    return sum(stack.items)
'''
TESTS = """import pytest
from stack import Stack, total


def filled(limit, count):
    stack = Stack(limit)
    for item in range(count):
        stack.push(item)
    return stack


def test_pop():
    assert filled(3, 2).pop() == 1


def test_total():
    assert total(filled(5, 4)) == 6


def test_full():
    stack = filled(2, 2)
    assert stack.limit == 2
    with pytest.raises(OverflowError):
        stack.push(9)


def test_just_fits():
    assert total(filled(2, 2)) == 1
"""
BUGGY = {"stack.py": STACK, "test_stack.py": TESTS}
FIX = ("fix the failing test", "--check", "python -m pytest -q")


def test_a_bug_is_found_fixed_and_proved(soloist: Command, repository: MakeRepository) -> None:
    """The report says solved on the evidence of a check that failed before, shows the diff, and the tree is untouched."""
    root = repository(BUGGY)
    said = soloist("run", *FIX, "--repo", root, "--json")
    assert said.code == 0, said.err
    report = said.report
    assert report["solved"]
    assert report["level"] == "tested"
    assert "-        if len(self.items) > self.limit:" in report["diff"]
    assert "+        if len(self.items) >= self.limit:" in report["diff"]
    assert report["before"]["failing"] == ["test_stack.py::test_full"]
    assert report["after"]["failed"] == 0
    assert report["after"]["tests"] == 4
    assert not report["applied"]
    assert git(root, "status", "--porcelain") == ""


def test_yes_applies_and_undo_restores(soloist: Command, repository: MakeRepository) -> None:
    """With --yes the proved patch is written; `undo` brings every byte back."""
    root = repository(BUGGY)
    said = soloist("run", *FIX, "--repo", root, "--yes")
    assert said.code == 0, said.err
    assert "solved (tested)" in said.out
    assert (root / "stack.py").read_text() != STACK
    assert (root / "test_stack.py").read_text() == TESTS
    undone = soloist("undo")
    assert undone.code == 0, undone.err
    assert (root / "stack.py").read_text() == STACK
    again = soloist("undo")
    assert again.code == 2
    assert len(again.err.splitlines()) == 1


def test_a_patch_can_be_applied_later(soloist: Command, repository: MakeRepository) -> None:
    """`apply` writes the patch of an earlier run, and refuses when the tree has moved, keeping both versions."""
    root = repository(BUGGY)
    run = soloist("run", *FIX, "--repo", root, "--json").report["run"]
    moved = STACK.replace("with a limit", "with a bound")
    (root / "stack.py").write_text(moved)
    refused = soloist("apply", run)
    assert refused.code == 1
    assert "stack.py" in refused.err
    assert (root / "stack.py").read_text() == moved
    kept = Path(os.environ["XDG_STATE_HOME"]) / "soloist" / "runs" / run
    assert any(">= self.limit" in file.read_text() for file in kept.rglob("kept/stack.py"))
    (root / "stack.py").write_text(STACK)
    assert soloist("apply", run).code == 0
    assert ">= self.limit" in (root / "stack.py").read_text()


def test_a_folder_without_git_and_a_dirty_tree(soloist: Command, repository: MakeRepository, tmp_path: Path) -> None:
    """What is repaired is the tree as it stands: uncommitted, or never under git."""
    root = repository({"stack.py": STACK.replace("> self.limit", ">= self.limit"), "test_stack.py": TESTS})
    (root / "stack.py").write_text(STACK)
    assert soloist("run", *FIX, "--repo", root, "--yes", "--json").report["applied"]
    plain = tmp_path / "plain"
    plain.mkdir()
    for name, text in BUGGY.items():
        (plain / name).write_text(text)
    assert soloist("run", *FIX, "--repo", plain, "--yes", "--json").report["applied"]
    assert sorted(p.name for p in plain.iterdir()) == ["stack.py", "test_stack.py"]


def test_a_check_that_passes_is_left_alone(soloist: Command, repository: MakeRepository) -> None:
    """A check that never failed gives at most "executed", and nothing is changed."""
    root = repository({"stack.py": STACK.replace("> self.limit", ">= self.limit"), "test_stack.py": TESTS})
    report = soloist("run", *FIX, "--repo", root, "--json").report
    assert report["solved"]
    assert report["level"] == "executed"
    assert report["diff"] == ""


def test_what_can_not_be_solved_is_not_claimed(soloist: Command, repository: MakeRepository) -> None:
    """When no candidate passes, the exit code is 1, the report says what was tried, and the tree is untouched."""
    root = repository(
        {
            "codec.py": "def decode(text):\n    parts = text.split(',')\n    return parts\n",
            "test_codec.py": "from codec_under_test import decode\n".replace("codec_under_test", "codec")
            + "\n\ndef test_it():\n    assert decode('q:7,z:9') == {'q': {'value': 49, 'next': 'z'}, 'z': {'value': 81}}\n",
        }
    )
    said = soloist("run", *FIX, "--repo", root, "--json", "--samples", "300")
    assert said.code == 1
    report = said.report
    assert not report["solved"]
    assert report["level"] == "unverified"
    assert report["ledger"]["candidates"] > 0
    assert "none passed" in report["why"]
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.parametrize("goal", ["explain the architecture", "add a --verbose flag"])
def test_other_goals_need_a_planner_model(soloist: Command, repository: MakeRepository, goal: str) -> None:
    """Asked for anything but making a check pass, it says that a planner is needed and how to set one."""
    said = soloist("run", goal, "--check", "python -m pytest -q", "--repo", repository(BUGGY), "--json")
    assert said.code == 3
    assert "--planner" in said.err
    assert not said.report["solved"]


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("--repo", "nowhere", "--check", "pytest"), "no folder"),
        (("--repo", ".", "--check", "pytest no_such_file.py"), "no_such_file.py"),
        (("--repo", ".", "--check", "pytest -k nothing_like_this"), "no tests"),
        (("--repo", ".", "--check", ""), "check"),
        (("--repo", ".", "--check", "pytest", "--backend", "chroot"), "bubblewrap"),
        (("--repo", ".", "--check", "pytest", "--planner", "nonsense"), "package.module:factory"),
    ],
)
def test_bad_input_is_one_clear_line(soloist: Command, repository: MakeRepository, args: tuple[str, ...], hint: str) -> None:
    """Unusable input ends with exit code 2 and one line that names it."""
    said = soloist("run", "fix it", *args, cwd=repository(BUGGY))
    assert said.code == 2, said.err
    last = [line for line in said.err.splitlines() if line.startswith("soloist: ")]
    assert len(last) == 1
    assert hint in last[0]
    assert "Traceback" not in said.err


def test_a_missing_module_is_named(soloist: Command, repository: MakeRepository) -> None:
    """A check that needs a package which the sandbox lacks says which, and how to add it."""
    files = {"m.py": "import frobnicate_nine\n", "test_m.py": "import m\n\n\ndef test_m():\n    assert m\n"}
    said = soloist("run", *FIX, "--repo", repository(files))
    assert said.code == 2
    assert "frobnicate_nine" in said.err
    assert "sandbox build" in said.err


def test_a_command_is_a_check_as_well(soloist: Command, repository: MakeRepository) -> None:
    """A failing command with a Python traceback is located and repaired."""
    program = (
        "def mean(xs):\n    return sum(xs) / len(xs)\n\n\n"
        "if __name__ == '__main__':\n    assert mean([2, 4]) == 3\n    assert mean([]) == 0\n"
    )
    root = repository({"mean.py": program})
    report = soloist("run", "fix the crash", "--check", "python mean.py", "--repo", root, "--json").report
    assert report["solved"], report["why"]
    assert report["level"] == "tested"


def test_ctrl_c_leaves_nothing_behind(repository: MakeRepository, tmp_path: Path) -> None:
    """An interrupted run exits with 130, changes nothing, and leaves no process and no temporary tree."""
    files = {
        "loop.py": "def f(n):\n    while n:\n        n ^= n + 1\n    return 7\n",
        "test_loop.py": "import loop\n\n\ndef test_f():\n    assert loop.f(5) == 3\n",
    }
    root = repository(files)
    with subprocess.Popen(
        [SOLOIST, "run", *FIX, "--repo", root], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        events = _wait_for_event(tmp_path / "state", "gather.tool", process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert git(root, "status", "--porcelain") == ""
    assert not (events.parent / "tree").exists()
    assert not (events.parent / "clean").exists()
    left = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True, text=True, timeout=10, check=False)
    assert left.stdout == ""


def _wait_for_event(state: Path, kind: str, process: "subprocess.Popen[str]") -> Path:
    """The run's event file, once it holds an event of this kind."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for file in state.glob("soloist/runs/*/events.jsonl"):
            if any(json.loads(line)["event"] == kind for line in file.read_text().splitlines() if line.endswith("}")):
                return file
        time.sleep(0.05)
    raise AssertionError(f"no event {kind} came")


def test_own_planner_and_specialist_plug_in(soloist: Command, repository: MakeRepository, tmp_path: Path) -> None:
    """A planner's bad step is given up with its reason, and the next one is solved by the user's own specialist."""
    (tmp_path / "mine.py").write_text(OWN)
    root = repository(BUGGY)
    said = soloist(
        *("run", "tidy up", "--check", "python -m pytest -q", "--repo", root, "--json"),
        *("--planner", "mine:Planner", "--specialist", "mine:Specialist"),
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert said.code == 0, said.err
    report = said.report
    assert report["solved"]
    steps = {step["id"]: step for step in report["steps"]}
    assert steps["good"]["rung"] == "mine"
    assert steps["good"]["status"] == "solved"
    assert "Nowhere" in steps["bad"]["note"]
    assert steps["tests"]["status"] == "given up"


OWN = """
from soloist_agents.contract import Candidate, Plan, Step, ToolCall

class Planner:
    name = "mine"

    async def look(self, situation):
        read = ToolCall(tool="read", arguments={"path": "stack.py"})
        return () if situation.gathered.baseline else (ToolCall(tool="files"), read, ToolCall(tool="run_check"))

    async def plan(self, situation):
        def step(name, target):
            return Step(id=name, goal=situation.goal, kind="function", target=target, check=situation.check)
        return Plan(mode="any", steps=(
            step("bad", "stack.py::Nowhere.push"), step("tests", "test_stack.py::test_full"),
            step("good", "stack.py::Stack.push")))

class Specialist:
    name = "mine"

    async def propose(self, step):
        yield Candidate(author="mine", text="def push(self, item):\\n    raise RuntimeError\\n")
        yield Candidate(author="mine", note="by hand", text=(
            "def push(self, item):\\n    if len(self.items) >= self.limit:\\n"
            "        raise OverflowError('full')\\n    self.items.append(item)\\n"))

    async def repair(self, step, misses):
        return
        yield
"""
