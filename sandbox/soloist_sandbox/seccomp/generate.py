"""`python -m soloist_sandbox.seccomp.generate [--learn]`: write the filters again after a change of the tables.

`--learn` first takes up the system calls that the installed libseccomp knows: review what it adds to `known.json`. What is
neither denied nor conditional is allowed from then on.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from soloist_sandbox.seccomp import PROFILE
from soloist_sandbox.seccomp.compiler import job_filter, library_calls, library_version
from soloist_sandbox.seccomp.docker import profile
from soloist_sandbox.seccomp.known import FILE, MACHINES

_FILTERS: Final = Path(__file__).parents[1] / "image/filters"


def generated() -> Iterator[tuple[Path, bytes]]:
    """Every file that follows from the tables, with its content."""
    for machine in MACHINES:
        yield _FILTERS / f"job.{machine}.bpf", job_filter(machine)
    yield PROFILE, _text(profile())


def learnt() -> bytes:
    """What `known.json` would be with the libseccomp of this machine."""
    calls = {machine: library_calls(machine) for machine in MACHINES}
    return _text({"libseccomp": library_version(), "calls": calls})


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


if __name__ == "__main__":
    if "--learn" in sys.argv[1:]:
        FILE.write_bytes(learnt())
    for path, content in generated():
        path.write_bytes(content)
        print(f"{path.name}: {len(content)} bytes")
