"""What is indexed, and what is left out."""

import os
from pathlib import Path

import pytest
from soloist_tools.retrieval.walking import walked

from tests.tools.retrieval.trees import committed, planted


def paths(root: Path) -> list[str]:
    return sorted(file.path for file in walked(root).files)


@pytest.mark.parametrize("repository", [True, False], ids=["repository", "plain folder"])
def test_ignored_files_are_not_seen(tmp_path: Path, repository: bool) -> None:
    """`.gitignore` holds whether or not the folder is a repository."""
    planted(tmp_path, {"a.py": "x = 1", "build/b.py": "x = 1", "n/c.log": "x", "n/.gitignore": "*.log", ".gitignore": "/build/"})
    if repository:
        committed(tmp_path, "first")
        planted(tmp_path, {"untracked.py": "x = 1"})
    assert paths(tmp_path) == sorted([".gitignore", "a.py", "n/.gitignore", *(["untracked.py"] if repository else [])])


def test_a_folder_that_a_repository_around_it_ignores_is_a_tree_of_its_own(tmp_path: Path) -> None:
    """Files below an ignored folder are indexed when that folder is the root."""
    planted(tmp_path, {".gitignore": "out/\n", "a.py": "x", "out/b.py": "x"})
    committed(tmp_path, "first")
    assert paths(tmp_path / "out") == ["b.py"]


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        (".env", "KEY=1", "secret"),
        (".env.production", "KEY=1", "secret"),
        ("certs/server.pem", "-----BEGIN", "secret"),
        ("keys.toml", "a = 1", "secret"),
        ("home/.ssh/id_rsa", "-----BEGIN", "secret"),
        ("credentials.json", "{}", "secret"),
        ("uv.lock", "version = 1", "lock file"),
        ("web/app.min.js", "a()", "minified"),
        ("third_party/lib/a.c", "int a;", "vendored"),
        ("web/node_modules/a/a.js", "a()", "vendored"),
        ("proto/a_pb2.py", "x = 1", "generated"),
        ("logo.png", b"\x89PNG", "binary"),
        ("big.py", "x = 1\n" * 200_000, "too large"),
        ("records.yaml", "- x\n" * 20_000, "data"),
    ],
)
def test_a_file_that_is_left_out_is_counted_with_its_reason(tmp_path: Path, path: str, content: str | bytes, reason: str) -> None:
    """Each kind of file that is skipped has a reason of its own."""
    planted(tmp_path, {path: content, "kept.py": "x = 1"})
    found = walked(tmp_path)
    assert ([file.path for file in found.files], dict(found.skipped)) == (["kept.py"], {reason: 1})


def test_examples_of_secrets_files_are_kept(tmp_path: Path) -> None:
    """`.env.example` and code about credentials hold no secrets."""
    planted(tmp_path, {".env.example": "KEY=", "credentials.py": "def load(): ..."})
    assert paths(tmp_path) == [".env.example", "credentials.py"]


def test_links_out_of_the_root_are_left_out(tmp_path: Path) -> None:
    """A link that leaves the root is counted; one that stays is not followed either, since its target is indexed itself."""
    root = planted(tmp_path / "root", {"a.py": "x = 1"})
    planted(tmp_path / "outside", {"secret.py": "x = 1"})
    (root / "out.py").symlink_to(tmp_path / "outside" / "secret.py")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "in.py").symlink_to("a.py")
    found = walked(root)
    assert [file.path for file in found.files] == ["a.py"]
    assert dict(found.skipped) == {"link out of the root": 2}


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    """What is no regular file does not hold the walk up."""
    planted(tmp_path, {"a.py": "x = 1"})
    os.mkfifo(tmp_path / "pipe.py")
    assert paths(tmp_path) == ["a.py"]


def test_a_root_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    """The message says what to do."""
    with pytest.raises(NotADirectoryError, match="name the root of a source tree"):
        walked(tmp_path / "missing")
