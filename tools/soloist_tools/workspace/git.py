"""What git says belongs to a folder. Reads only; nothing that the repository's own configuration names is ever run."""

import os
import shutil
import subprocess
from pathlib import Path

SECONDS = 120.0
"""Deadline of one git command."""

# No hooks, no file-system monitor, no pager, no download of missing objects: a hostile repository stays data.
_OPTIONS = ("--no-pager", "--literal-pathspecs", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null")
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}
# The user's own settings (safe.directory above all) count; variables that point at another repository don't.
_KEPT = (
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_KEY_",
    "GIT_CONFIG_VALUE_",
)
_KEPT_DISCOVERY = ("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")
_NO_TREE = ("not a git repository", "must be run in a work tree")


def tracked(folder: Path) -> list[str] | None:
    """Names below `folder` that git tracks; None where there is no git or no git tree.

    A name may stand for a deleted file or a submodule's folder, and comes up to three times in a merge conflict.
    Raises ValueError when git refuses the tree.
    """
    return _list(folder, "--cached")


def untracked(folder: Path) -> list[str] | None:
    """Names below `folder` that git neither tracks nor ignores; a nested repository ends with a slash. Raises as `tracked`."""
    return _list(folder, "--others", "--exclude-standard")


def _list(folder: Path, *options: str) -> list[str] | None:
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, *_OPTIONS, "-C", str(folder), "ls-files", "-z", *options]
    try:
        done = subprocess.run(
            command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"git took more than {SECONDS:.0f} s to list {folder}; point --repo at a smaller folder") from None
    if done.returncode == 0:
        return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    _raise_unless_no_tree(folder, done.stderr.decode(errors="replace"))
    return None


def _raise_unless_no_tree(folder: Path, stderr: str) -> None:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()] or ["no reason given"]
    if any(sign in stderr.lower() for sign in _NO_TREE):
        return
    if "dubious ownership" in stderr:
        raise ValueError(f"git does not trust {folder}, which another user owns; if you do, run: {lines[-1]}")
    raise ValueError(f"git can't list {folder}: {lines[0]}")


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith(_KEPT) or k in _KEPT_DISCOVERY}
    return kept | _ENVIRONMENT
