"""The programs of the image: a shell and what checks written for a shell commonly call."""

import os
from pathlib import Path
from shutil import copyfile, which

from soloist_sandbox.contract import SandboxUnavailable

REQUIRED = ("sh", "env", "cat", "ls", "rm", "cp", "mkdir", "grep", "sed", "find")
WELCOME = (
    "[", "awk", "base64", "basename", "bash", "bunzip2", "bzip2", "chmod", "cmp", "comm", "cut", "date", "dd", "diff",
    "dirname", "du", "echo", "egrep", "expand", "expr", "false", "fgrep", "fold", "gunzip", "gzip", "head", "id", "install",
    "join", "kill", "link", "ln", "make", "md5sum", "mktemp", "mv", "nice", "nl", "nohup", "nproc", "od", "paste", "patch",
    "printenv", "printf", "ps", "pwd", "readlink", "realpath", "rmdir", "seq", "sha1sum", "sha256sum", "shuf", "sleep", "sort",
    "split", "stat", "stdbuf", "stty", "sync", "tac", "tail", "tar", "tee", "test", "timeout", "touch", "tr", "true",
    "truncate", "tsort", "tty", "uname", "unexpand", "uniq", "unxz", "wc", "which", "whoami", "xargs", "xz", "yes", "zcat",
)  # fmt: skip
_SYSTEM = "/usr/bin:/bin"
"""Looked through first: the user's own programs are not for the image."""


def install(root: Path) -> None:
    """Copy the programs to /usr/bin. Raises `SandboxUnavailable` when one of `REQUIRED` is missing."""
    copied: dict[Path, Path] = {}
    for name in (*REQUIRED, *WELCOME):
        found = which(name, path=_SYSTEM) or which(name, path=os.environ.get("PATH"))
        if found is None:
            if name in REQUIRED:
                raise SandboxUnavailable(f"this machine has no program {name!r} to make the sandbox image from")
            continue
        source, target = Path(found).resolve(), root / "usr/bin" / name
        if source in copied:  # one program with many names, as in busybox
            target.hardlink_to(copied[source])
        else:
            copyfile(source, target)
            target.chmod(0o755)
            copied[source] = target
