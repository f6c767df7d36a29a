"""The container's own filter, for Docker: what jobs may call, and what the broker needs before it turns into one.

It is coarser than the job's, and needs nothing that Docker 20.10 lacks: what it refuses answers EPERM. Jobs do not notice. Of two
filters that refuse a call the later one answers, and that is theirs.
"""

import errno
from collections.abc import Iterator
from typing import Any, Final

from soloist_sandbox.seccomp.arguments import ALWAYS, CONDITIONS, MISSING, Condition
from soloist_sandbox.seccomp.denied import BROKER, DENIED
from soloist_sandbox.seccomp.known import MACHINES, known

_ARCHITECTURES: Final = ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")
_ALLOW: Final = "SCMP_ACT_ALLOW"
_REFUSE: Final = "SCMP_ACT_ERRNO"

Rule = dict[str, Any]


def profile() -> Rule:
    """The profile as Docker's JSON has it."""
    conditions = [condition for condition in CONDITIONS if condition.call in ALWAYS]
    every = set().union(*(known(machine) for machine in MACHINES))
    return {
        "defaultAction": _REFUSE,
        "archMap": [{"architecture": name, "subArchitectures": []} for name in _ARCHITECTURES],
        "syscalls": [
            {"names": sorted(every - (DENIED - BROKER) - ALWAYS - MISSING), "action": _ALLOW},
            {"names": sorted(MISSING), "action": _REFUSE, "errnoRet": errno.ENOSYS},
            *(rule for condition in conditions for rule in _rules(condition)),
        ],
    }


def _rules(condition: Condition) -> Iterator[Rule]:
    for value in condition.values:
        comparison = {"index": condition.argument, "value": condition.mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}
        yield {"names": [condition.call], "action": _ALLOW, "args": [comparison]}
