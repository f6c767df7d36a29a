"""How a workspace is packed."""

import os
import tarfile
from pathlib import Path

import pytest
from soloist_sandbox.tree import EPOCH, Packed, pack


def content(packed: Packed) -> bytes:
    """The whole archive."""
    return b"".join(packed.chunk(offset) for offset in range(0, packed.length, 1 << 18))


def fill(root: Path) -> None:
    """A tree with something of everything."""
    (root / "b").mkdir(parents=True)
    (root / "b/script").write_text("x" * 5000)
    (root / "b/script").chmod(0o755)
    (root / "a").write_bytes(b"")
    (root / "link").symlink_to("b/script")
    (root / ".git").mkdir()
    (root / ".git/config").write_text("secret")
    (root / "b/__pycache__").mkdir()
    os.mkfifo(root / "fifo")


def test_same_tree_same_bytes(tmp_path: Path) -> None:
    """Two copies of a tree give the same archive, whenever and by whom they were made."""
    for name in ("one", "two"):
        fill(tmp_path / name)
    os.utime(tmp_path / "two/a", (1, 1))
    one, two = pack(tmp_path / "one"), pack(tmp_path / "two")
    assert content(one) == content(two)
    one.close()
    two.close()


def test_what_is_packed(tmp_path: Path) -> None:
    """Files, folders and links with their modes, owned by the sandbox's uid; nothing of git, bytecode or special files."""
    fill(tmp_path)
    packed = pack(tmp_path)
    packed.file.seek(0)
    with tarfile.open(fileobj=packed.file, mode="r:") as archive:
        members = {member.name: member for member in archive.getmembers()}
    assert list(members) == ["a", "b", "b/script", "link"]
    assert members["b/script"].mode == 0o755
    assert members["link"].linkname == "b/script"
    assert {(member.uid, member.mtime) for member in members.values()} == {(10001, EPOCH)}
    assert (packed.disk, packed.entries) == (8192, 4)
    packed.close()


def test_no_folder(tmp_path: Path) -> None:
    """Only a folder can be a workspace."""
    with pytest.raises(ValueError, match="not a folder"):
        pack(tmp_path / "nothing")
