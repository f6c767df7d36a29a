"""Whatever ends the writing midway, the tree is whole again after the next call at the latest."""

import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from soloist_tools.workspace import Patch, TreeMoved, apply, make_patch, undo

COUNT = 400  # so many that whoever watches a busy machine still finds the middle
NAMES = [f"{n // 10:02}/{n % 10}.py" for n in range(COUNT)]
OLD = {name: b"old %s\n" % name.encode() for name in NAMES}
NEW = {name: b"new %s\n" % name.encode() * 20 for name in NAMES}

WORKER = """
import sys
from pathlib import Path
from soloist_tools.workspace import Patch, apply, undo
root, patch, journal = map(Path, sys.argv[2:])
patch = Patch.model_validate_json(patch.read_bytes())
print("ready", flush=True)
sys.stdin.readline()
apply(root, patch, journal) if sys.argv[1] == "apply" else undo(journal)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with many files, one folder of it read-only, and its patch in a file beside it."""
    root = tmp_path / "r"
    for name, content in OLD.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (tmp_path / "patch").write_text(make_patch(root, NEW).model_dump_json())
    return root


def patch_of(tree: Path) -> Patch:
    """The patch that lies beside the tree."""
    return Patch.model_validate_json((tree.parent / "patch").read_bytes())


@contextmanager
def worker(task: str, tree: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that is about to apply, or undo, and has just been told to go."""
    command = [sys.executable, "-c", WORKER, task, tree, tree.parent / "patch", tree.parent / "journal"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.stdin.write(b"\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)


def wait_until_written(path: Path, content: bytes, process: subprocess.Popen[bytes]) -> None:
    """Busy, since the moment is short."""
    deadline = time.monotonic() + 20
    while path.read_bytes() != content and process.poll() is None:
        assert time.monotonic() < deadline


def contents(tree: Path) -> dict[str, bytes]:
    """All files; temporary ones that were left behind show."""
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def mixed(tree: Path) -> bool:
    """Whether the tree is half changed; every file must be wholly old or wholly new."""
    states = set()
    for name in NAMES:
        content = (tree / name).read_bytes()
        assert content in (OLD[name], NEW[name])
        states.add(content == NEW[name])
    return len(states) == 2


def again(tree: Path) -> None:
    """Apply with the same journal."""
    apply(tree, patch_of(tree), tree.parent / "journal")


def back(tree: Path) -> None:
    """Undo with the same journal."""
    undo(tree.parent / "journal")


@pytest.mark.parametrize(
    ("task", "recover", "end"), [("apply", again, NEW), ("apply", back, OLD), ("undo", again, NEW), ("undo", back, OLD)]
)
def test_a_kill_between_two_files_is_recovered_from(
    tree: Path, task: str, recover: Callable[[Path], None], end: dict[str, bytes]
) -> None:
    """Killed when some files are written: each file is whole, and applying or undoing with the same journal finishes the job."""
    chance = random.Random(f"{task}{end is NEW}")  # noqa: S311 -- no secret
    if task == "undo":
        again(tree)
    for _ in range(10):
        place = NAMES[chance.randrange(COUNT // 3)]
        with worker(task, tree) as process:
            wait_until_written(tree / place, (OLD if task == "undo" else NEW)[place], process)
        if mixed(tree):
            break
        (again if task == "undo" else back)(tree)
    else:
        pytest.fail("no kill hit the middle")
    recover(tree)
    assert contents(tree) == end


def test_a_kill_at_any_moment_is_recovered_from(tree: Path) -> None:
    """Killed at random moments from start to end, with a journal or before there is one."""
    chance = random.Random(11)  # noqa: S311 -- no secret
    begun = time.monotonic()
    again(tree)
    lasts = time.monotonic() - begun
    back(tree)
    for number in range(5):
        with worker("apply", tree):
            time.sleep(chance.uniform(0, lasts))
        mixed(tree)
        if number % 2:
            again(tree)
            assert contents(tree) == NEW
        try:
            back(tree)
        except ValueError as error:
            assert "undone already" in str(error)  # noqa: PT017 -- the kill came before this round's record
        assert contents(tree) == OLD


@pytest.mark.parametrize("task", ["apply", "undo"])
def test_an_interrupt_rolls_back_at_once(tree: Path, task: str) -> None:
    """After Ctrl-C in the middle the process itself puts everything back, and no temporary file is left."""
    start, end = (NEW, OLD) if task == "undo" else (OLD, NEW)
    if task == "undo":
        again(tree)
    for place in NAMES[: COUNT // 3 : COUNT // 20]:
        with worker(task, tree) as process:
            wait_until_written(tree / place, end[place], process)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
        if b"KeyboardInterrupt" in errors:
            break
        assert contents(tree) == end
        (again if task == "undo" else back)(tree)
    else:
        pytest.fail("no interrupt hit the middle")
    assert contents(tree) == start
    (back if task == "undo" else again)(tree)
    assert contents(tree) == end


def test_an_edit_while_the_patch_goes_in_rolls_it_back(tree: Path) -> None:
    """The user saves the last file while the first ones are being written: theirs stays, the others are as before."""
    last = NAMES[-1]
    for _ in range(10):
        with worker("apply", tree) as process:
            wait_until_written(tree / NAMES[0], NEW[NAMES[0]], process)
            (tree / last).write_bytes(b"theirs")
            _, errors = process.communicate(timeout=20)
        if b"TreeMoved" in errors:
            break
        (tree / last).write_bytes(NEW[last])
        back(tree)
    else:
        pytest.fail("no edit hit the middle")
    assert f"{last} (changed)".encode() in errors
    assert contents(tree) == OLD | {last: b"theirs"}
    assert (tree.parent / "journal/kept" / last).read_bytes() == NEW[last]
    with pytest.raises(TreeMoved):
        again(tree)


def test_a_folder_opened_for_writing_is_closed_again_after_a_kill(as_nobody: Callable[[], Path]) -> None:
    """A read-only folder that a killed process had made writable is read-only again after the recovery."""
    root = as_nobody() / "r"
    for name, content in OLD.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    patch = make_patch(root, NEW)
    (root / "05").chmod(0o555)
    for _ in range(10):
        child = os.fork()
        if child == 0:
            try:
                apply(root, patch, root.parent / "journal")
            finally:
                os._exit(0)
        deadline = time.monotonic() + 20
        while (root / NAMES[0]).read_bytes() != NEW[NAMES[0]] and time.monotonic() < deadline:
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        opened = stat.S_IMODE((root / "05").stat().st_mode) != 0o555
        undo(root.parent / "journal")
        assert stat.S_IMODE((root / "05").stat().st_mode) == 0o555
        assert contents(root) == OLD
        if opened:
            return
    pytest.fail("no kill hit the middle")
