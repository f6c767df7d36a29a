"""Which system calls a sandbox lets through: the tables, and what is generated from them.

`denied` and `arguments` are the policy, reviewed by people. `generate` makes two things of them: the filter that every job gets
(`image/filters`, installed by `image/seccomp.py`) and the filter of the whole container, `docker.json`.
"""

from pathlib import Path
from typing import Final

PROFILE: Final = Path(__file__).with_name("docker.json")


def container_profile() -> str:
    """JSON for Docker's option `seccomp=`."""
    return PROFILE.read_text()
