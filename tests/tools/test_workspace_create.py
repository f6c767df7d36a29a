"""A patch also creates and deletes files, with the folders that they need."""

import json
import os
import stat
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from soloist_tools.workspace import FileChange, Patch, TreeMoved, apply, make_patch, undo

FILES = {"a.py": b"one\n", "pkg/b.py": b"two", "pkg/run.sh": b"#!/bin/sh\n", "empty": b""}
CHANGES: dict[str, bytes | None] = {
    "a.py": b"1\n",
    "pkg/run.sh": None,
    "empty": None,
    "pkg/new.py": b"new\n",
    "deep/er/x.py": b"no line feed",
    "deep/y z.py": b"",
    "deep/er/línea": b"\xff\0\r\n",
}
AFTER = {path: content for path, content in {**FILES, **CHANGES}.items() if content is not None}


def write(root: Path, files: dict[str, bytes] = FILES) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def held(root: Path) -> dict[str, bytes | None]:
    """Everything below a folder, folders and dangling links as None; anything that was left behind shows."""
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in sorted(root.rglob("*"))}


def git_apply(root: Path, patch: Patch, *options: str) -> str:
    """What git says to the diff; empty when it takes it without a word."""
    command = ["git", "apply", "--whitespace=nowarn", *options, "-"]
    return subprocess.run(
        command, cwd=root, input=patch.diff_bytes(), capture_output=True, timeout=30, check=False
    ).stderr.decode()


def test_files_are_created_and_deleted_and_come_back(tmp_path: Path) -> None:
    """All in one patch with an edited file; undo leaves no folder behind and gives deleted files their mode and owner."""
    root = write(tmp_path / "r")
    (root / "pkg/run.sh").chmod(0o751)
    if os.geteuid() == 0:
        os.chown(root / "pkg/run.sh", 1234, 4321)
    before, status = held(root), (root / "pkg/run.sh").stat()
    patch = make_patch(root, CHANGES)
    assert apply(root, patch, tmp_path / "journal").paths == tuple(sorted(CHANGES))
    assert {path: content for path, content in held(root).items() if content is not None} == AFTER
    undo(tmp_path / "journal")
    assert held(root) == before
    now = (root / "pkg/run.sh").stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (status.st_mode, status.st_uid, status.st_gid)
    apply(root, patch, tmp_path / "journal")
    apply(root, patch, tmp_path / "journal")
    assert {path: content for path, content in held(root).items() if content is not None} == AFTER


def test_git_takes_the_diff_and_makes_the_same_tree(tmp_path: Path) -> None:
    """Forwards and backwards; empty files and files without a last line feed too."""
    root = write(tmp_path / "r")
    patch = make_patch(root, CHANGES)
    assert git_apply(root, patch) == ""
    assert {path: content for path, content in held(root).items() if content is not None} == AFTER
    assert git_apply(root, patch, "-R") == ""
    assert {path: content for path, content in held(root).items() if content is not None} == FILES


def test_the_diff_is_the_one_that_git_makes(tmp_path: Path) -> None:
    """Byte for byte as `git diff --no-index` apart from the index line and the function after the second @@."""
    write(tmp_path / "a", {"gone": b"1\n2", "y z": b"3\n", "was empty": b""})
    write(tmp_path / "b", {"here": b"1\n", "línea": b"2\n", "is empty": b"", "y z": b"4\n"})
    git = ["git", "-c", "diff.noprefix=true", "diff", "--no-index", "--no-renames", "a", "b"]
    theirs = subprocess.run(git, cwd=tmp_path, capture_output=True, timeout=30, check=False).stdout
    changes = {"gone": None, "was empty": None, "here": b"1\n", "línea": b"2\n", "is empty": b"", "y z": b"4\n"}
    ours = make_patch(tmp_path / "a", changes).diff_bytes()
    # With --no-index git names a file that comes or goes by the side on which it is, twice.
    theirs = theirs.replace(b"git a/gone a/gone", b"git a/gone b/gone").replace(b'git a/"', b'git "a/')
    wanted = sorted(line.split(b" @@")[0] for line in theirs.split(b"\n") if not line.startswith((b"index ", b"diff ")))
    assert sorted(line.split(b" @@")[0] for line in ours.split(b"\n") if not line.startswith(b"diff ")) == wanted


def test_what_a_patch_holds_is_told(tmp_path: Path) -> None:
    """`as_changes` gives what has content, `removed` what goes; deleting what isn't there changes nothing; JSON keeps it all."""
    root = write(tmp_path / "r")
    patch = make_patch(root, {**CHANGES, "not/there": None, "pkg/b.py": b"two"})
    assert patch.as_changes() == {path: content for path, content in CHANGES.items() if content is not None}
    assert patch.removed() == ("empty", "pkg/run.sh")
    assert patch.stat() == (7, 4, 2)
    assert Patch.model_validate_json(patch.model_dump_json()) == patch


def test_a_patch_that_makes_no_sense_is_refused() -> None:
    """No file before and after; one path as a file and as a folder."""
    with pytest.raises(ValueError, match="before or after"):
        FileChange(path="a", before=None, after=None)
    with pytest.raises(ValueError, match="a can't be a file and a folder"):
        Patch(changes=(FileChange(path="a", before=b"", after=None), FileChange(path="a/b/c", before=None, after=b"")))


def in_the_way(root: Path) -> None:
    """The new file's folder is a link that leads out of the tree."""
    (root.parent / "outside").mkdir()
    (root / "deep").symlink_to(root.parent / "outside")


APPEARED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file": (lambda root: write(root, {"pkg/new.py": b"theirs"}), r"pkg/new\.py \(there already\)"),
    "the same file": (lambda root: write(root, {"pkg/new.py": b"new\n"}), r"pkg/new\.py \(there already\)"),
    "a folder": (lambda root: (root / "pkg/new.py").mkdir(), r"pkg/new\.py \(not a regular file\)"),
    "a dangling link": (lambda root: (root / "pkg/new.py").symlink_to("nowhere"), r"pkg/new\.py \(a symbolic link\)"),
    "a file for its folder": (lambda root: write(root, {"deep": b""}), r"deep/er/x\.py \(its folder is a link or a file now\)"),
    "a link for its folder": (in_the_way, r"deep/er/x\.py \(its folder is a link or a file now\)"),
    "deleted already": (lambda root: (root / "empty").unlink(), r"empty \(missing\)"),
    "edited": (lambda root: write(root, {"empty": b"theirs"}), r"empty \(changed\)"),
}


@pytest.mark.parametrize("what", APPEARED)
def test_what_appeared_meanwhile_stops_all_of_it(tmp_path: Path, what: str) -> None:
    """A path that is taken now, or a file to delete that moved on: nothing is written and no folder made."""
    change, reason = APPEARED[what]
    root = write(tmp_path / "r")
    patch = make_patch(root, CHANGES)
    change(root)
    theirs = held(root)
    with pytest.raises(TreeMoved, match=reason) as error:
        apply(root, patch, tmp_path / "journal")
    assert held(root) == theirs
    assert {path: content for path, content in held(error.value.kept).items() if content is not None} == patch.as_changes()
    with pytest.raises(ValueError, match="nothing was applied"):
        undo(tmp_path / "journal")


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("deep/er/x.py", b"theirs", r"deep/er/x\.py \(changed\)"),
        ("empty", b"theirs", r"empty \(there already\)"),
    ],
)
def test_what_changed_since_stops_the_undo(tmp_path: Path, path: str, content: bytes, reason: str) -> None:
    """A created file that was edited, and a deleted one that is there again with other content, are the user's now."""
    root = write(tmp_path / "r")
    apply(root, make_patch(root, CHANGES), tmp_path / "journal")
    write(root, {path: content})
    theirs = held(root)
    with pytest.raises(TreeMoved, match=reason) as error:
        undo(tmp_path / "journal")
    assert held(root) == theirs
    assert (error.value.kept / "empty").read_bytes() == b""
    assert not (error.value.kept / "deep").exists()


def test_undo_takes_what_was_taken_back_by_hand(tmp_path: Path) -> None:
    """The user removed the new folder, and wrote the deleted file again: the rest is restored."""
    root = write(tmp_path / "r", FILES | {"lone/only.py": b"x"})
    before = held(root)
    apply(root, make_patch(root, {**CHANGES, "lone/only.py": None}), tmp_path / "journal")
    for path in ("deep/er/x.py", "deep/er/línea", "deep/y z.py"):
        (root / path).unlink()
    (root / "deep/er").rmdir()
    (root / "lone").rmdir()
    write(root, {"empty": b""})
    undo(tmp_path / "journal")
    assert held(root) == before


def test_a_made_folder_in_which_somebody_works_stays(tmp_path: Path) -> None:
    """Undo takes the new files and the empty folders, and nothing else."""
    root = write(tmp_path / "r")
    before = held(root)
    apply(root, make_patch(root, CHANGES), tmp_path / "journal")
    write(root, {"deep/theirs": b""})
    undo(tmp_path / "journal")
    assert held(root) == before | {"deep": None, "deep/theirs": b""}


def test_new_files_and_folders_get_the_usual_modes(tmp_path: Path) -> None:
    """Those that the process' umask gives."""
    root = write(tmp_path / "r")
    old = os.umask(0o027)
    try:
        apply(root, make_patch(root, CHANGES), tmp_path / "journal")
    finally:
        os.umask(old)
    assert stat.S_IMODE((root / "deep/er/x.py").stat().st_mode) == 0o640
    assert stat.S_IMODE((root / "deep/er").stat().st_mode) == 0o750


@pytest.mark.parametrize(
    "path", ["linked/new", "linked/deep/new", "a.py/new", "n" * 256, "../new", ".git/hooks/new", "pkg", "link"]
)
def test_new_files_stay_inside_the_root(tmp_path: Path, path: str) -> None:
    """Links, files as folders, impossible names and git's own folder are refused in one line, in a patch from outside too."""
    root = write(tmp_path / "r")
    (tmp_path / "outside").mkdir()
    (root / "linked").symlink_to(tmp_path / "outside")
    (root / "link").symlink_to(tmp_path / "outside/new")
    before = held(root)
    makers = [
        partial(make_patch, root, {path: b"x"}),
        lambda: apply(root, Patch(changes=(FileChange(path=path, before=None, after=b"x"),)), tmp_path / "journal"),
    ]
    for make in makers:
        with pytest.raises((ValueError, TreeMoved)) as error:
            make()
        assert "\n" not in str(error.value) or "validation error" in str(error.value)
    assert held(root) == before
    assert held(tmp_path / "outside") == {}


def test_read_only_folders_take_new_files_and_lose_old_ones(as_nobody: Callable[[], Path]) -> None:
    """For a user whom permissions bind: a new folder inside a closed one too; modes are as before after applying and undoing."""
    home = as_nobody()
    root = write(home / "r")
    patch = make_patch(root, CHANGES)
    for folder in ("pkg", ""):
        (root / folder).chmod(0o555)
    before = held(root)
    apply(root, patch, home / "journal")
    assert {path: content for path, content in held(root).items() if content is not None} == AFTER
    assert [stat.S_IMODE((root / folder).stat().st_mode) for folder in ("pkg", "")] == [0o555, 0o555]
    undo(home / "journal")
    assert held(root) == before
    assert [stat.S_IMODE((root / folder).stat().st_mode) for folder in ("pkg", "")] == [0o555, 0o555]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs files of two users")
def test_a_failure_midway_takes_back_what_was_created_and_deleted(as_nobody: Callable[[], Path]) -> None:
    """The last file can't be deleted (another user's, in a sticky folder): everything is as it was, modes included."""
    home = as_nobody()
    root = write(home / "r", {"a.sh": b"1", "sticky/z.py": b"2"})
    (root / "a.sh").chmod(0o750)
    os.seteuid(0)
    os.chown(root / "sticky", 0, 0)
    os.chown(root / "sticky/z.py", 0, 0)
    (root / "sticky").chmod(0o1777)
    os.seteuid(65534)
    before = held(root)
    with pytest.raises(PermissionError):
        apply(root, make_patch(root, {"a.sh": None, "new/b.py": b"x", "sticky/z.py": None}), home / "journal")
    assert held(root) == before
    assert stat.S_IMODE((root / "a.sh").stat().st_mode) == 0o750
    with pytest.raises(ValueError, match="nothing was applied"):
        undo(home / "journal")


def test_a_journal_of_the_first_format_is_undone(tmp_path: Path) -> None:
    """Records and patches that an earlier version wrote keep their meaning."""
    root = write(tmp_path / "r")
    patch = {"changes": [{"path": "a.py", "before": "b25lCg==", "after": "dHdvCg=="}]}
    record = {"format": 1, "root": str(root), "patch": patch, "token": "0a1b2c3d", "folders": {}, "undone": False}
    write(root, {"a.py": b"two\n"})
    write(tmp_path, {"journal/record.json": json.dumps(record).encode()})
    apply(root, Patch.model_validate(patch), tmp_path / "journal")
    undo(tmp_path / "journal")
    assert held(root) == held(write(tmp_path / "same"))
