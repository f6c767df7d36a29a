"""A patch goes into the user's tree whole or not at all, and comes out again."""

import fcntl
import os
import stat
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from soloist_tools.workspace import Applied, FileChange, Patch, TreeMoved, apply, copy_tree, make_patch, undo

from tests.conftest import git

FILES = {"a.py": b"one\r\n", "pkg/b.py": "naïve".encode("latin-1"), "pkg/deep/c.sh": b"#!/bin/sh\n", "other": b"o"}
NEW = {"a.py": b"two\r\n", "pkg/b.py": b"\xff\0", "pkg/deep/c.sh": b""}


def write(root: Path, files: Mapping[str, bytes] = FILES) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def held(root: Path) -> dict[str, bytes]:
    """Regular files below a folder, .git left out; anything extra that was left behind shows."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and ".git" not in path.parts
    }


def modes(root: Path) -> dict[str, int]:
    """Permission bits of everything below a folder."""
    return {str(path.relative_to(root)): stat.S_IMODE(path.lstat().st_mode) for path in [root, *root.rglob("*")]}


def test_a_patch_is_applied_and_taken_back(tmp_path: Path) -> None:
    """Contents change and come back byte by byte, with modes and owners; other files and the git state are not touched."""
    root = write(tmp_path / "r")
    (root / "pkg/deep/c.sh").chmod(0o755)
    (root / "a.py").chmod(0o444)
    if os.geteuid() == 0:
        os.chown(root / "a.py", 1234, 4321)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "stash", "list")
    state = {path: path.read_bytes() for path in (root / ".git").rglob("*") if path.is_file()}
    before = modes(root)
    copy_tree(root, tmp_path / "copy")
    patch = make_patch(tmp_path / "copy", NEW)
    done = apply(root, patch, tmp_path / "journal")
    assert done == Applied(root=root, journal=tmp_path / "journal", paths=("a.py", "pkg/b.py", "pkg/deep/c.sh"))
    assert held(root) == FILES | NEW
    assert modes(root) == before
    if os.geteuid() == 0:
        assert ((root / "a.py").stat().st_uid, (root / "a.py").stat().st_gid) == (1234, 4321)
    assert undo(tmp_path / "journal").paths == done.paths
    assert held(root) == FILES
    assert modes(root) == before
    assert {path: path.read_bytes() for path in (root / ".git").rglob("*") if path.is_file()} == state


def test_applying_again_does_nothing_and_undoing_again_says_so(tmp_path: Path) -> None:
    """Resuming a run may apply twice; after an undo the same journal can serve again."""
    root, journal = write(tmp_path / "r"), tmp_path / "journal"
    patch = make_patch(root, NEW)
    with pytest.raises(ValueError, match="nothing was applied"):
        undo(journal)
    for _ in range(2):
        apply(root, patch, journal)
        apply(root, patch, journal)
        assert held(root) == FILES | NEW
        undo(journal)
        with pytest.raises(ValueError, match="undone already"):
            undo(journal)
        assert held(root) == FILES


def test_a_journal_serves_one_change(tmp_path: Path) -> None:
    """Another patch, or another tree, needs a journal of its own."""
    root = write(tmp_path / "r")
    apply(root, make_patch(root, NEW), tmp_path / "journal")
    with pytest.raises(ValueError, match="holds another change"):
        apply(root, make_patch(root, {"other": b"x"}), tmp_path / "journal")
    assert held(root) == FILES | NEW


def swap_for_link(root: Path) -> None:
    """The file is a link to the same content now."""
    (root / "a.py").rename(root / "moved")
    (root / "a.py").symlink_to("moved")


def swap_folder_for_link(root: Path) -> None:
    """The file's folder lies elsewhere now, behind a link."""
    (root / "pkg").rename(root.parent / "outside")
    (root / "pkg").symlink_to(root.parent / "outside")


MOVES: dict[str, tuple[Callable[[Path], object], str]] = {
    "edited": (lambda root: (root / "pkg/b.py").write_bytes(b"theirs"), r"pkg/b\.py \(changed\)"),
    "deleted": (lambda root: (root / "pkg/deep/c.sh").unlink(), r"pkg/deep/c\.sh \(missing\)"),
    "a link": (swap_for_link, r"a\.py \(a symbolic link\)"),
    "behind a link": (swap_folder_for_link, r"pkg/b\.py \(its folder is a link or a file now\)"),
    "a folder": (lambda root: ((root / "a.py").unlink(), (root / "a.py").mkdir()), r"a\.py \(not a regular file\)"),
    "a fifo": (lambda root: ((root / "a.py").unlink(), os.mkfifo(root / "a.py")), r"a\.py \(not a regular file\)"),
}


@pytest.mark.parametrize("move", MOVES)
def test_a_tree_that_moved_is_not_written(tmp_path: Path, move: str) -> None:
    """One file that isn't what the patch starts from stops all of it, with both versions kept; so does one before an undo."""
    change, reason = MOVES[move]
    for undoing in (False, True):
        base = tmp_path / str(undoing)
        root, journal = write(base / "r"), base / "journal"
        patch = make_patch(root, NEW)
        if undoing:
            apply(root, patch, journal)
        change(root)
        theirs = held(base)
        go = partial(undo, journal) if undoing else partial(apply, root, patch, journal)
        with pytest.raises(TreeMoved, match=reason) as error:
            go()
        assert isinstance(error.value, RuntimeError)
        assert str(journal / "kept") in str(error.value)
        assert "\n" not in str(error.value)
        kept = {name: content for name, content in held(base).items() if name not in theirs}
        ours = {name: FILES[name] for name in NEW} if undoing else NEW
        assert kept == {f"journal/kept/{name}": content for name, content in ours.items()}
        assert {name: content for name, content in held(base).items() if name in theirs} == theirs


def test_a_file_that_was_put_back_by_hand_does_not_stop_the_undo(tmp_path: Path) -> None:
    """Undo restores the rest."""
    root = write(tmp_path / "r")
    apply(root, make_patch(root, NEW), tmp_path / "journal")
    write(root, {"a.py": FILES["a.py"]})
    undo(tmp_path / "journal")
    assert held(root) == FILES


def test_a_change_that_is_there_already_is_not_taken_for_ours(tmp_path: Path) -> None:
    """With a fresh journal, a file that equals the result was changed by somebody: a later undo must not take theirs away."""
    root = write(tmp_path / "r")
    patch = make_patch(root, NEW)
    write(root, {"a.py": NEW["a.py"]})
    with pytest.raises(TreeMoved):
        apply(root, patch, tmp_path / "journal")


def test_a_patch_from_outside_can_not_leave_the_root(tmp_path: Path) -> None:
    """Neither a name nor a link in the tree leads a patch out of it."""
    outside = write(tmp_path / "out", {"x": b"1"})
    root = write(tmp_path / "r")
    (root / "link").symlink_to(outside)
    for path in ("../out/x", str(outside / "x")):
        with pytest.raises(ValueError, match="plain path"):
            Patch.model_validate({"changes": [{"path": path, "before": b"1", "after": b"2"}]})
    with pytest.raises(TreeMoved):
        apply(root, Patch(changes=(FileChange(path="link/x", before=b"1", after=b"2"),)), tmp_path / "journal")
    assert held(outside) == {"x": b"1"}


def test_the_other_names_of_a_hard_linked_file_keep_their_content(tmp_path: Path) -> None:
    """As with git, a rename breaks the link: a cache that was linked into the tree is not written."""
    root = write(tmp_path / "r")
    (tmp_path / "cache").hardlink_to(root / "a.py")
    apply(root, make_patch(root, NEW), tmp_path / "journal")
    assert (tmp_path / "cache").read_bytes() == FILES["a.py"]
    assert (root / "a.py").read_bytes() == NEW["a.py"]


def test_strange_names_can_be_applied(tmp_path: Path) -> None:
    """Spaces, line feeds and bytes that are not UTF-8, in the names of files and of folders, survive the journal."""
    names = ("with space", "two\nlines", os.fsdecode(b"\xff/\xfe.py"), "línea/x", "n" * 255)
    root = write(tmp_path / "r", dict.fromkeys(names, b"1"))
    apply(root, make_patch(root, dict.fromkeys(names, b"2")), tmp_path / "journal")
    assert held(root) == dict.fromkeys(names, b"2")
    undo(tmp_path / "journal")
    assert held(root) == dict.fromkeys(names, b"1")


def test_the_names_in_a_refusal_stay_on_one_line(tmp_path: Path) -> None:
    """Line feeds and undecodable bytes in names are escaped, so that any terminal can show the text."""
    names = ("two\nlines", os.fsdecode(b"\xff.py"))
    root = write(tmp_path / "r", dict.fromkeys(names, b"1"))
    patch = make_patch(root, dict.fromkeys(names, b"2"))
    write(root, dict.fromkeys(names, b"3"))
    with pytest.raises(TreeMoved) as error:
        apply(root, patch, tmp_path / "journal")
    assert error.value.paths == names
    assert "\n" not in str(error.value)
    assert str(error.value).encode()


def test_a_root_behind_a_link_and_a_sub_folder_work(tmp_path: Path) -> None:
    """The named root may itself be a link; the journal remembers where it really is."""
    root = write(tmp_path / "r")
    (tmp_path / "link").symlink_to(root)
    done = apply(tmp_path / "link/pkg", make_patch(root / "pkg", {"b.py": b"new"}), tmp_path / "journal")
    assert done.root == root / "pkg"
    (tmp_path / "link").unlink()
    undo(tmp_path / "journal")
    assert held(root) == FILES


def test_extended_attributes_stay(tmp_path: Path) -> None:
    """What the file system keeps beside the content, access lists included, goes over to the new content."""
    root = write(tmp_path / "r")
    try:
        os.setxattr(root / "a.py", "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    apply(root, make_patch(root, NEW), tmp_path / "journal")
    assert os.getxattr(root / "a.py", "user.note") == b"kept"


def test_a_change_within_the_same_second_shows(tmp_path: Path) -> None:
    """Python compares whole seconds and sizes to see whether compiled code is stale: applying at once must change the second."""
    root = write(tmp_path / "r")
    before = (root / "a.py").stat().st_mtime_ns // 10**9
    apply(root, make_patch(root, {"a.py": b"six\r\n"}), tmp_path / "journal")
    assert (root / "a.py").stat().st_mtime_ns // 10**9 != before


def test_read_only_files_and_folders_are_written_and_stay_read_only(as_nobody: Callable[[], Path]) -> None:
    """For a user whom permissions bind: files and folders without write permission are patched, undone, and keep their modes."""
    home = as_nobody()
    root, journal = write(home / "r"), home / "journal"
    patch = make_patch(root, NEW)
    for name, mode in (
        ("a.py", 0o400),
        ("pkg/b.py", 0o444),
        ("pkg/deep/c.sh", 0o555),
        ("pkg/deep", 0o500),
        ("pkg", 0o555),
        ("", 0o555),
    ):
        (root / name).chmod(mode)
    before = modes(root)
    apply(root, patch, journal)
    assert (held(root), modes(root)) == (FILES | NEW, before)
    undo(journal)
    assert (held(root), modes(root)) == (FILES, before)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs files of two users")
def test_a_folder_of_somebody_else_is_refused_before_anything_is_written(as_nobody: Callable[[], Path]) -> None:
    """One line names the folder; the other files are as they were."""
    home = as_nobody()
    root = write(home / "r")
    os.seteuid(0)
    os.chown(root / "pkg", 0, 0)
    os.seteuid(65534)
    with pytest.raises(PermissionError, match="pkg, which another user owns"):
        apply(root, make_patch(root, NEW), home / "journal")
    assert held(root) == FILES
    with pytest.raises(ValueError, match="nothing was applied"):
        undo(home / "journal")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs files of two users")
def test_a_failure_midway_rolls_everything_back(as_nobody: Callable[[], Path]) -> None:
    """The last file can't be renamed over (another user's, in a sticky folder): the first one is put back, nothing is left."""
    home = as_nobody()
    root = write(home / "r", {"a.py": b"1", "sticky/z.py": b"2"})
    (root / "a.py").chmod(0o640)
    os.seteuid(0)
    os.chown(root / "sticky", 0, 0)
    os.chown(root / "sticky/z.py", 0, 0)
    (root / "sticky").chmod(0o1777)
    os.seteuid(65534)
    before = modes(root)
    with pytest.raises(PermissionError):
        apply(root, make_patch(root, {"a.py": b"new", "sticky/z.py": b"new"}), home / "journal")
    assert (held(root), modes(root)) == ({"a.py": b"1", "sticky/z.py": b"2"}, before)
    with pytest.raises(ValueError, match="nothing was applied"):
        undo(home / "journal")


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """While somebody holds the tree's lock, applying waits; it goes on as soon as the lock is free."""
    root = write(tmp_path / "r")
    patch = make_patch(root, NEW)
    handle = os.open(root, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    worker = threading.Thread(target=apply, args=(root, patch, tmp_path / "journal"))
    worker.start()
    worker.join(0.3)
    assert worker.is_alive()
    assert held(root) == FILES
    os.close(handle)
    worker.join(10)
    assert held(root) == FILES | NEW


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    """Many threads apply different patches to the same files: one wins, all others find the tree moved."""
    root = write(tmp_path / "r")
    patches = [make_patch(root, dict.fromkeys(NEW, b"%d" % n)) for n in range(8)]
    refused: list[int] = []

    def one(number: int) -> None:
        try:
            apply(root, patches[number], tmp_path / f"journal{number}")
        except TreeMoved:
            refused.append(number)

    workers = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    winner = ({*range(8)} - {*refused}).pop()
    assert len(refused) == 7
    assert held(root) == FILES | dict.fromkeys(NEW, b"%d" % winner)


def test_a_tree_that_is_gone_and_a_damaged_journal_are_named(tmp_path: Path) -> None:
    """One line each."""
    root = write(tmp_path / "r")
    apply(root, make_patch(root, NEW), tmp_path / "journal")
    root.rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="is not a folder"):
        undo(tmp_path / "journal")
    (tmp_path / "journal/record.json").write_text("{")
    with pytest.raises(ValueError, match="is damaged") as error:
        undo(tmp_path / "journal")
    assert "\n" not in str(error.value)
