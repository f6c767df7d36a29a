"""Python, git, and the folder in which runs are kept."""

import os
import shutil
import sys
from collections.abc import Sequence

from soloist.doctor.finding import Finding, fine, missing, remark
from soloist.rundir import state_folder


def machine() -> Sequence[Finding]:
    """What stands on this machine."""
    return (fine("python", ".".join(map(str, sys.version_info[:3]))), _git(), _state())


def _git() -> Finding:
    git = shutil.which("git")
    return fine("git", git) if git else remark("git", "missing: without it every file of a folder is copied", "install git")


def _state() -> Finding:
    folder = state_folder()
    cure = "set XDG_STATE_HOME to a folder of yours"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return missing("state", f"{folder} can't be made ({error.strerror})", cure)
    return fine("state", str(folder)) if os.access(folder, os.W_OK) else missing("state", f"{folder} is not writable", cure)
