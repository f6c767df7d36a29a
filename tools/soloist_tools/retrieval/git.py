"""Asking git about a repository that nobody vouches for: nothing that its configuration names is run, nothing is fetched."""

import os
import subprocess
from pathlib import Path

_OPTIONS = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


class GitFailed(OSError):
    """git is not installed, said no, or took too long; the text is its last line."""


def asked(folder: Path, *arguments: str, seconds: float = 30.0) -> str:
    """What `git ARGUMENTS` prints in a folder, broken encodings replaced. Raises GitFailed."""
    return _run(("-C", str(folder)), arguments, seconds).decode("utf-8", "replace")


def listed(folder: Path, git_dir: Path | None = None, *, seconds: float = 60.0) -> list[str]:
    """Paths below a folder that git knows or would add, ignore rules applied. Raises GitFailed.

    With an (empty) `git_dir` the folder need not be a repository: its `.gitignore` files hold all the same.
    """
    where: tuple[str, ...] = ("-C", str(folder))
    if git_dir is not None:
        where += ("--git-dir", str(git_dir), "--work-tree", str(folder))
    printed = _run(where, ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"), seconds)
    return [os.fsdecode(path) for path in printed.split(b"\0") if path]


def _run(where: tuple[str, ...], arguments: tuple[str, ...], seconds: float) -> bytes:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", *_OPTIONS, *where, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, env=clean, stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError as error:
        raise GitFailed("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise GitFailed(f"git {arguments[0]} took more than {seconds:g} s") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise GitFailed(f"git {arguments[0]}: {said[-1]}")
    return done.stdout
