"""Creating and deleting survives a `kill -9` as editing does."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from soloist_tools.workspace import Patch, apply, make_patch, undo

COUNT = 300
OLD = {f"old/{n // 10:02}/{n % 10}.py": b"old %d\n" % n for n in range(COUNT)}
NEW = {f"new/{n // 10:02}/{n % 10}.py": b"new %d\n" % n for n in range(COUNT)}
CHANGES: dict[str, bytes | None] = {**NEW, **dict.fromkeys(OLD)}

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
    """A tree with many files to delete, and the patch that also creates as many in a file beside it."""
    root = tmp_path / "r"
    for name, content in OLD.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (tmp_path / "patch").write_text(make_patch(root, CHANGES).model_dump_json())
    return root


@contextmanager
def worker(task: str, tree: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has just been told to apply, or undo; killed at the end of the block."""
    command = [sys.executable, "-c", WORKER, task, tree, tree.parent / "patch", tree.parent / "journal"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
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


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Busy, since the moment is short."""
    deadline = time.monotonic() + 20
    while not reached() and process.poll() is None:
        assert time.monotonic() < deadline


def contents(tree: Path) -> dict[str, bytes]:
    """All files; temporary ones that were left behind show."""
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def mixed(tree: Path) -> bool:
    """Whether the tree is half changed; what is there must be whole."""
    held = {path: content for path, content in contents(tree).items() if ".soloist-" not in path}
    assert held.items() <= (OLD | NEW).items()
    return held not in (OLD, NEW)


def again(tree: Path) -> None:
    """Apply with the same journal."""
    apply(tree, Patch.model_validate_json((tree.parent / "patch").read_bytes()), tree.parent / "journal")


def back(tree: Path) -> None:
    """Undo with the same journal."""
    undo(tree.parent / "journal")


def check(tree: Path, end: dict[str, bytes]) -> None:
    """Exactly the files of one end, and no folder that only the patch needed."""
    assert contents(tree) == end
    assert (tree / "new").exists() == (end is NEW)


@pytest.mark.parametrize(
    ("task", "recover", "end"), [("apply", again, NEW), ("apply", back, OLD), ("undo", again, NEW), ("undo", back, OLD)]
)
def test_a_kill_in_the_middle_is_recovered_from(
    tree: Path, task: str, recover: Callable[[Path], None], end: dict[str, bytes]
) -> None:
    """Killed while files come and go: applying or undoing with the same journal finishes the job, folders included."""
    chance = random.Random(f"{task}{end is NEW}")  # noqa: S311 -- no secret
    if task == "undo":
        again(tree)
    for _ in range(10):
        place = tree / chance.choice(list(NEW)[: COUNT // 3])
        with worker(task, tree) as process:
            wait_until(lambda: place.exists() == (task == "apply"), process)  # noqa: B023 -- called at once
        if mixed(tree):
            break
        (again if task == "undo" else back)(tree)
    else:
        pytest.fail("no kill hit the middle")
    recover(tree)
    check(tree, end)


@pytest.mark.parametrize("recover", [again, back])
def test_a_kill_before_the_first_file_is_recovered_from(tree: Path, recover: Callable[[Path], None]) -> None:
    """Killed when folders are made and temporary files written: none of them is left."""
    for _ in range(10):
        with worker("apply", tree) as process:
            wait_until((tree / "new/05").exists, process)
        if (tree / "new").exists() and contents(tree) != NEW:
            break
        back(tree)
    else:
        pytest.fail("no kill hit the beginning")
    recover(tree)
    check(tree, NEW if recover is again else OLD)
