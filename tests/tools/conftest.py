"""A user without privileges, for tests in which permission bits must bite."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def as_nobody() -> Iterator[Callable[[], Path]]:
    """Call it to go on as a user whom permissions bind (root becomes nobody); gives a folder of that user."""
    privileged = os.geteuid() == 0
    home = Path(tempfile.mkdtemp(prefix="soloist-nobody-"))

    def become() -> Path:
        if privileged:
            os.chown(home, NOBODY, NOBODY)
            groups[:] = os.getgroups()
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, 0)
            os.setresuid(NOBODY, NOBODY, 0)
        return home

    groups: list[int] = []
    try:
        yield become
    finally:
        if privileged and os.geteuid() != 0:
            os.seteuid(0)
            os.setresuid(0, 0, 0)
            os.setresgid(0, 0, 0)
            os.setgroups(groups)
        for folder in [home, *home.rglob("*")]:
            if folder.is_dir() and not folder.is_symlink():
                folder.chmod(0o700)
        shutil.rmtree(home)
