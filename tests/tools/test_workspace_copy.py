"""What belongs to a tree is copied byte by byte, and nothing else."""

import hashlib
import os
import socket
import stat
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from soloist_tools.workspace import Snapshot, copy_tree

from tests.conftest import git


def fill(root: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files; text stands for the target of a link."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.symlink_to(content)
        else:
            path.write_bytes(content)
    return root


def committed(root: Path, files: Mapping[str, bytes | str]) -> Path:
    """A repository with these files committed."""
    fill(root, files)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    return root


def held(root: Path) -> dict[str, bytes | str]:
    """Files and links below a folder, links not followed."""
    found: dict[str, bytes | str] = {}
    for folder, folders, names in os.walk(root):
        for name in names + [f for f in folders if (Path(folder) / f).is_symlink()]:
            path = Path(folder) / name
            link = os.readlink(path) if path.is_symlink() else None  # noqa: PTH115 -- Path would tidy the target's text
            found[str(path.relative_to(root))] = path.read_bytes() if link is None else link
    return found


def test_a_dirty_repository_is_copied_as_it_lies_there(tmp_path: Path) -> None:
    """Changed, staged and new files count as they are now, deleted and ignored ones don't; git's own state stays as it was."""
    root = committed(
        tmp_path / "r", {"a.py": b"1\n", "gone.py": b"", "s.py": b"1", ".gitignore": b"*.log\nout/\n", "kept.log": b""}
    )
    git(root, "add", "-f", "kept.log")
    fill(root, {"a.py": b"2\r\n\xff", "new/n.py": b"no end", "x.log": b"", "out/o": b"", "s.py": b"2", "__pycache__/a.pyc": b""})
    git(root, "add", "s.py")
    (root / "gone.py").unlink()
    (root / "s.py").write_bytes(b"3")
    before = {path: path.read_bytes() for path in (root / ".git").rglob("*") if path.is_file()}
    copy_tree(root, tmp_path / "c")
    want = {"a.py": b"2\r\n\xff", "s.py": b"3", ".gitignore": b"*.log\nout/\n", "kept.log": b"", "new/n.py": b"no end"}
    assert held(tmp_path / "c") == want
    assert {path: path.read_bytes() for path in (root / ".git").rglob("*") if path.is_file()} == before


def test_a_merge_in_conflict_can_be_copied(tmp_path: Path) -> None:
    """A file that git lists three times is copied once, conflict marks and all."""
    root = committed(tmp_path / "r", {"a": b"1\n"})
    git(root, "checkout", "-q", "-b", "other")
    committed(root, {"a": b"2\n"})
    git(root, "checkout", "-q", "main")
    committed(root, {"a": b"3\n"})
    with pytest.raises(Exception, match="merge"):
        git(root, "merge", "-q", "other")
    copy_tree(root, tmp_path / "c")
    assert held(tmp_path / "c") == {"a": (root / "a").read_bytes()}
    assert b"<<<<" in (root / "a").read_bytes()


def test_only_the_sub_folder_that_was_named_is_copied(tmp_path: Path) -> None:
    """A sub-folder of a repository gives its own files, by paths relative to it, under the repository's ignore rules."""
    root = committed(tmp_path / "r", {"top.py": b"", "sub/a.py": b"1", "sub/deep/b.py": b"2", ".gitignore": b"*.log\n"})
    fill(root, {"sub/x.log": b"", "sub/new.py": b"3"})
    copy_tree(root / "sub", tmp_path / "c")
    assert held(tmp_path / "c") == {"a.py": b"1", "deep/b.py": b"2", "new.py": b"3"}


def test_a_folder_that_the_repository_around_it_ignores_is_walked(tmp_path: Path) -> None:
    """A project inside an ignored folder of somebody else's repository is not taken for empty."""
    root = committed(tmp_path / "r", {".gitignore": b"project/\n"})
    fill(root, {"project/a.py": b"1"})
    copy_tree(root / "project", tmp_path / "c")
    assert held(tmp_path / "c") == {"a.py": b"1"}


def test_submodules_and_nested_repositories_bring_their_files(tmp_path: Path) -> None:
    """A submodule's files are copied as they lie there, by its own ignore rules; so are an untracked repository's."""
    inner = committed(tmp_path / "inner", {"m.py": b"m", ".gitignore": b"*.log\n"})
    root = committed(tmp_path / "r", {"a.py": b"a"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "lib/sub")
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "empty")
    git(root, "submodule", "deinit", "-q", "-f", "empty")
    fill(root, {"lib/sub/x.log": b"", "lib/sub/m.py": b"dirty"})
    committed(root / "nested", {"n.py": b"n"})
    copy_tree(root, tmp_path / "c")
    copied = held(tmp_path / "c")
    assert copied.pop(".gitmodules")
    assert copied == {"a.py": b"a", "lib/sub/m.py": b"dirty", "lib/sub/.gitignore": b"*.log\n", "nested/n.py": b"n"}
    assert (tmp_path / "c/empty").is_dir()


def test_links_are_copied_as_links_and_never_followed(tmp_path: Path) -> None:
    """Links to files, folders, nowhere and outside keep their text; what lies behind a link is not copied."""
    outside = fill(tmp_path / "outside", {"secret": b"s"})
    links = {"l/file": "../a.py", "l/folder": "../pkg", "l/dangling": "no/where/", "l/out": str(outside), "l/loop": "loop"}
    root = committed(tmp_path / "r", {"a.py": b"a", "pkg/m.py": b"m", "was/x.py": b"x", **links})
    (root / "was/x.py").unlink()
    (root / "was").rmdir()
    (root / "was").symlink_to(outside)
    (outside / "x.py").write_bytes(b"not ours")
    for source, target in ((root, tmp_path / "c"), (root, tmp_path / "plain")):
        if target.name == "plain":
            (root / ".git").rename(tmp_path / "elsewhere")
        snapshot = copy_tree(source, target)
        assert held(target) == {"a.py": b"a", "pkg/m.py": b"m", "was": str(outside), **links}
        assert snapshot.files["l/out"].link == str(outside)


def test_a_folder_without_git_is_walked(tmp_path: Path) -> None:
    """Caches, virtual environments and version control are left out, empty folders kept, special files skipped."""
    files = {
        "a.py": b"a",
        "env/pyvenv.cfg": b"",
        "env/lib/x.py": b"",
        "node_modules/x": b"",
        "p/__pycache__/a.pyc": b"",
        ".hidden": b"h",
    }
    root = fill(tmp_path / "r", files)
    (root / "empty").mkdir()
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "socket"))
    copy_tree(root, tmp_path / "c")
    assert held(tmp_path / "c") == {"a.py": b"a", ".hidden": b"h"}
    assert (tmp_path / "c/empty").is_dir()
    assert not (tmp_path / "c/env").exists()


def test_an_environment_that_nobody_ignores_is_left_out_of_a_repository(tmp_path: Path) -> None:
    """Untracked caches and virtual environments are not copied even without a .gitignore; tracked ones are."""
    root = committed(tmp_path / "r", {"a.py": b"a", "node_modules/tracked.js": b"t"})
    fill(root, {"venv/pyvenv.cfg": b"", "venv/lib/deep/x.py": b"", "node_modules/new.js": b"", "sub/__pycache__/x.pyc": b""})
    copy_tree(root, tmp_path / "c")
    assert held(tmp_path / "c") == {"a.py": b"a", "node_modules/tracked.js": b"t"}


@pytest.mark.parametrize("with_git", [True, False])
def test_strange_names_modes_and_contents_survive(tmp_path: Path, with_git: bool) -> None:
    """Names that are not UTF-8 or hold line feeds, quotes and spaces, permission bits, times, and any bytes are kept."""
    names = (
        "plain",
        "with space",
        "línea",
        "two\nlines",
        'quo"te',
        "back\\slash",
        "tab\t",
        os.fsdecode(b"\xff\xfe.py"),
        "-dash",
        "//".strip("/") + "x",
    )
    files = {name: name.encode("utf-8", "surrogateescape") + b"\r\n\0\xff" for name in names}
    root = committed(tmp_path / "r", files) if with_git else fill(tmp_path / "r", files)
    (root / "plain").chmod(0o555)
    (root / "with space").chmod(0o400)
    os.utime(root / "plain", ns=(1, 1_234_567_890_123_456_789))
    snapshot = copy_tree(root, tmp_path / "c")
    assert held(tmp_path / "c") == files
    assert set(snapshot.files) == set(files)
    assert stat.S_IMODE((tmp_path / "c/plain").stat().st_mode) == snapshot.files["plain"].mode == 0o555
    assert stat.S_IMODE((tmp_path / "c/with space").stat().st_mode) == 0o400
    assert (tmp_path / "c/plain").stat().st_mtime_ns == 1_234_567_890_123_456_789
    assert snapshot.files["plain"].sha256 == hashlib.sha256(files["plain"]).hexdigest()
    assert snapshot.files["plain"].size == len(files["plain"])
    assert Snapshot.model_validate_json(snapshot.model_dump_json()) == snapshot
    assert Snapshot(**snapshot.model_dump()) == snapshot


def test_very_many_files_are_copied(tmp_path: Path) -> None:
    """Thousands of files in one go."""
    root = tmp_path / "r"
    for folder in range(20):
        (root / str(folder)).mkdir(parents=True)
        for name in range(100):
            (root / str(folder) / f"{name}.py").write_bytes(b"%d" % name)
    git(root, "init", "-q")
    assert len(copy_tree(root, tmp_path / "c").files) == 2000


def test_too_much_is_refused_before_anything_is_copied(tmp_path: Path) -> None:
    """A tree over the limits, a file for a root, a full target: one clear line each, and nothing left in the target."""
    root = fill(tmp_path / "r", {"a": b"12345", "b": b"12345"})
    for limits in ({"max_files": 1}, {"max_bytes": 9}):
        with pytest.raises(ValueError, match="--repo"):
            copy_tree(root, tmp_path / "c", **limits)
    assert not (tmp_path / "c").exists()
    with pytest.raises(ValueError, match="not a folder"):
        copy_tree(root / "a", tmp_path / "c")
    with pytest.raises(ValueError, match="not empty"):
        copy_tree(root, root)
    assert held(root) == {"a": b"12345", "b": b"12345"}


def test_copying_can_be_stopped(tmp_path: Path) -> None:
    """Once the event is set the copying ends and takes away what it made."""
    root = fill(tmp_path / "r", {"a/b": b"1", "c": "a"})
    stop = threading.Event()
    stop.set()
    with pytest.raises(InterruptedError):
        copy_tree(root, tmp_path / "c", stop=stop)
    assert not list((tmp_path / "c").iterdir())


def test_nothing_that_the_repository_configures_is_run(tmp_path: Path) -> None:
    """Hooks, a file-system monitor, filters and aliases of a hostile repository stay data; variables can't redirect git."""
    mark = tmp_path / "ran"
    root = committed(tmp_path / "r", {"a.py": b"1", ".gitattributes": b"*.py filter=evil\n"})
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    evil.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "core.pager",
        "core.sshCommand",
    ):
        git(root, "config", key, str(evil))
    (root / ".git/hooks").mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-auto-gc"):
        (root / ".git/hooks" / hook).write_bytes(evil.read_bytes())
        (root / ".git/hooks" / hook).chmod(0o755)
    (root / "a.py").write_bytes(b"2")
    copy_tree(root, tmp_path / "c")
    assert held(tmp_path / "c")["a.py"] == b"2"
    assert not mark.exists()


def test_variables_of_another_repository_do_not_lead_astray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started from a git hook, where GIT_DIR and GIT_INDEX_FILE are set, the named tree is still the one that is copied."""
    other = committed(tmp_path / "other", {"o.py": b""})
    root = committed(tmp_path / "r", {"a.py": b"1"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    copy_tree(root, tmp_path / "c")
    assert held(tmp_path / "c") == {"a.py": b"1"}


def test_without_git_a_repository_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No git on the machine: the files are found by walking, and .git is left out."""
    root = committed(tmp_path / "r", {"a.py": b"1"})
    monkeypatch.setenv("PATH", str(tmp_path))
    copy_tree(root, tmp_path / "c")
    assert held(tmp_path / "c") == {"a.py": b"1"}


def test_a_broken_or_distrusted_repository_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git's refusal comes back as one line with the cure."""
    root = committed(tmp_path / "r", {"a.py": b"1"})
    with monkeypatch.context() as patched:
        patched.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        if os.geteuid() == 0:
            os.chown(root, 65534, 65534)
            os.chown(root / ".git", 65534, 65534)
            with pytest.raises(ValueError, match=r"if you do, run: git config --global --add safe\.directory"):
                copy_tree(root, tmp_path / "c")
            os.chown(root, 0, 0)
            os.chown(root / ".git", 0, 0)
    (root / ".git/index").write_bytes(b"rubbish")
    with pytest.raises(ValueError, match="git can't list") as error:
        copy_tree(root, tmp_path / "c")
    assert "\n" not in str(error.value)


def test_what_can_not_be_read_is_named(as_nobody: Callable[[], Path]) -> None:
    """A file or folder without read permission gives one line with its path and the cure."""
    home = as_nobody()
    root = fill(home / "r", {"a.py": b"1", "d/b.py": b"2"})
    (root / "a.py").chmod(0)
    with pytest.raises(ValueError, match=r"a\.py.*make it readable"):
        copy_tree(root, home / "c")
    assert not list((home / "c").iterdir())
    (root / "a.py").chmod(0o600)
    (root / "d").chmod(0)
    with pytest.raises(ValueError, match=r"folder .*make it readable"):
        copy_tree(root, home / "c")
    (root / "d").chmod(0o500)
    (root / "a.py").chmod(0o400)
    copy_tree(root, home / "c")
    assert held(home / "c") == {"a.py": b"1", "d/b.py": b"2"}
