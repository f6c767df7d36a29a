"""A patch says exactly what changes, as a value, as a diff and in JSON."""

import json
import os
import random
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel
from soloist_tools.workspace import FileChange, Patch, make_patch

CONTENTS = (
    b"",
    b"\n",
    b"a\nb\nc\n",
    b"a\nb\nc",
    b"a\r\nb\r\nc\r\n",
    b"a\rb\rc",
    b"x" * 70_000,
    "é\nü\n".encode("latin-1"),
    b"nul\0byte\nb\n",
    b"\x0c\n\x1c\n\x85\nb\n",
    b"--- a\n+++ b\n@@ -1 +1 @@\n\\ No newline\n",
    b" a\n\ta\n  \n",
    b"".join(b"%d\n" % n for n in range(300)),
    b"".join(b"%d\n" % (n if n % 50 else -n) for n in range(300)),
    b"".join(b"%d\n" % n for n in range(1, 301)),
)
NAMES = (
    "a",
    "with space",
    "línea",
    "two\nlines",
    'quo"te',
    "back\\slash",
    "tab\tx",
    os.fsdecode(b"\xff.py"),
    "d/e f/g",
    "-dash",
    " lead",
)


def write(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a new folder."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def git_apply(root: Path, patch: Patch, *options: str) -> str:
    """What git says to the diff; empty when it takes it."""
    done = subprocess.run(
        ["git", "apply", *options, "-"], cwd=root, input=patch.diff_bytes(), capture_output=True, timeout=30, check=False
    )
    return "" if done.returncode == 0 else done.stderr.decode()


def check_with_git(root: Path, files: Mapping[str, bytes], changes: Mapping[str, bytes]) -> None:
    """git accepts the diff, forwards it makes the new contents and backwards the old ones."""
    write(root, files)
    patch = make_patch(root, changes)
    for options in (("--check",), ()):
        assert git_apply(root, patch, *options) == ""
    assert [name for name in files if (root / name).read_bytes() != changes.get(name, files[name])] == []
    assert git_apply(root, patch, "-R") == ""
    assert [name for name, content in files.items() if (root / name).read_bytes() != content] == []
    assert patch.diff().encode("utf-8", "surrogateescape") == patch.diff_bytes()


def test_git_takes_a_diff_of_any_contents(tmp_path: Path) -> None:
    """Empty files, missing last line feeds, CRLF, other encodings, NUL, and lines that look like a diff."""
    pairs = [(old, new) for old in CONTENTS for new in CONTENTS if old != new]
    files = {f"f{n}.txt": old for n, (old, _) in enumerate(pairs)}
    check_with_git(tmp_path / "r", files, {f"f{n}.txt": new for n, (_, new) in enumerate(pairs)})


def test_git_takes_a_diff_of_any_names(tmp_path: Path) -> None:
    """Spaces, quotes, line feeds, other encodings and folders."""
    check_with_git(tmp_path / "r", dict.fromkeys(NAMES, b"1\n"), dict.fromkeys(NAMES, b"2\n"))


def test_git_takes_a_diff_of_random_edits(tmp_path: Path) -> None:
    """Lines changed, removed, repeated and added at random places of hundreds of files."""
    chance = random.Random(7)  # noqa: S311 -- no secret
    files, changes = {}, {}
    for n in range(300):
        lines = [b"%d\n" % chance.randrange(6) for _ in range(chance.randrange(60))]
        files[f"{n}"] = b"".join(lines)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(lines) + 1)
            lines[place : place + chance.randrange(3)] = [b"%d\n" % chance.randrange(6)] * chance.randrange(3)
        changes[f"{n}"] = b"".join(lines)[: None if chance.random() < 0.7 else -1]
    check_with_git(tmp_path / "r", files, changes)


def test_the_diff_is_the_one_that_git_makes(tmp_path: Path) -> None:
    """Byte for byte as `git diff --no-index` apart from the index line and the function after the second @@."""
    for side, content in (("a", CONTENTS[12]), ("b", CONTENTS[13])):
        write(tmp_path, {f"{side}/x y": content, f"{side}/línea": content})
    git = ["git", "-c", "diff.noprefix=true", "diff", "--no-index", "a", "b"]
    theirs = subprocess.run(git, cwd=tmp_path, capture_output=True, timeout=30, check=False).stdout
    wanted = [line.split(b" @@")[0] for line in theirs.split(b"\n") if not line.startswith(b"index ")]
    patch = make_patch(tmp_path / "a", {"x y": CONTENTS[13], "línea": CONTENTS[13]})
    ours = [line.split(b" @@")[0] for line in patch.diff_bytes().split(b"\n")]
    assert sorted(ours) == sorted(wanted)


def test_the_sub_folder_of_a_repository_is_patched_with_its_directory(tmp_path: Path) -> None:
    """Paths are relative to the root that was named; `git apply --directory` puts them right."""
    root = write(tmp_path / "r", {"sub/a.py": b"1\n"})
    subprocess.run(["git", "init", "-q", root], check=True, timeout=30)
    assert git_apply(root, make_patch(root / "sub", {"a.py": b"2\n"}), "--directory=sub") == ""
    assert (root / "sub/a.py").read_bytes() == b"2\n"


def test_the_size_of_a_patch_is_counted(tmp_path: Path) -> None:
    """Files, lines added, lines removed; a file that stays as it is doesn't count."""
    root = write(tmp_path / "r", {"a": b"1\n2\n3\n", "b": b"x", "c": b"same"})
    patch = make_patch(root, {"a": b"1\n3\n4\n5\n", "b": b"x\n", "c": b"same"})
    assert patch.stat() == (2, 3, 2)
    assert patch.as_changes() == {"a": b"1\n3\n4\n5\n", "b": b"x\n"}
    assert make_patch(root, {}).diff_bytes() == b""


class Holder(BaseModel):
    """A model of somebody else's that holds a patch."""

    patch: Patch


def test_a_patch_survives_json(tmp_path: Path) -> None:
    """Any bytes and any name, alone, inside another model, and through plain values."""
    root = write(tmp_path / "r", dict.fromkeys(NAMES, bytes(range(256))))
    patch = make_patch(root, dict.fromkeys(NAMES, b"\xff\0"))
    assert Patch.model_validate_json(patch.model_dump_json()) == patch
    assert Holder.model_validate_json(Holder(patch=patch).model_dump_json()).patch == patch
    assert Patch.model_validate(json.loads(json.dumps(patch.model_dump(mode="json")))) == patch
    assert Patch(**patch.model_dump()) == patch


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("folder", "not a regular file"),
        ("link", "symbolic link"),
        ("linked/x", "link or a file"),
        ("a/x", "link or a file"),
        ("fifo", "not a regular file"),
        ("../out", "plain path"),
        ("folder/../a", "plain path"),
        ("/etc/passwd", "plain path"),
        ("./a", "plain path"),
        ("folder//x", "plain path"),
        ("a/", "plain path"),
        ("", "plain path"),
        ("a\0", "plain path"),
        (".git/config", r"\.git"),
        ("folder/.GIT/hooks/x", r"\.git"),
    ],
)
def test_only_regular_files_inside_the_root_can_be_patched(tmp_path: Path, path: str, reason: str) -> None:
    """Everything else is refused in one line, by `make_patch` and by the patch itself."""
    root = write(tmp_path / "r", {"a": b"1", "folder/x": b"2", ".git/config": b"3"})
    write(tmp_path, {"out": b"4"})
    (root / "link").symlink_to("a")
    (root / "linked").symlink_to("folder")
    os.mkfifo(root / "fifo")
    with pytest.raises(ValueError, match=reason) as error:
        make_patch(root, {path: b"new"})
    assert "\n" not in str(error.value)
    if "path" in reason or "git" in reason:
        with pytest.raises(ValueError, match=reason):
            FileChange(path=path, before=b"", after=b"")


def test_a_patch_names_each_file_once() -> None:
    """Two changes of one file would make the order matter."""
    change = FileChange(path="a", before=b"", after=b"1")
    with pytest.raises(ValueError, match="once"):
        Patch(changes=(change, change))
