"""Calls that jobs may make with some arguments only.

The kernel takes only the lower 32 bits of these arguments, while a filter sees registers of 64. Their upper halves are not
compared: otherwise `ioctl(0, 1 << 32 | TIOCSTI)` would pass.
"""

import errno
from dataclasses import dataclass
from typing import Final, Literal

ALL: Final = 0xFFFFFFFF
"""Mask of a whole argument."""

AF_UNIX: Final = 1
AF_INET: Final = 2
AF_INET6: Final = 10

TIOCSTI: Final = 0x5412
TIOCLINUX: Final = 0x541C
TIOCSETD: Final = 0x5423

PR_SET_SECCOMP: Final = 22
PR_SET_MM: Final = 35
PR_SET_SYSCALL_USER_DISPATCH: Final = 59
PR_SCHED_CORE: Final = 62

CLONE_PARENT: Final = 0x00008000
CLONE_NEWNS: Final = 0x00020000
CLONE_NEWCGROUP: Final = 0x02000000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
NAMESPACES: Final = (
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
)  # not CLONE_NEWTIME: `clone` can't say it, its bits are the exit signal's


@dataclass(frozen=True, slots=True)
class Condition:
    """What one argument decides: where `argument & mask` is one of `values`, the call is `found`, otherwise the opposite."""

    call: str
    argument: int
    """Counted from 0."""
    values: tuple[int, ...]
    found: Literal["allowed", "refused"]
    reason: str
    mask: int = ALL
    error: int = errno.EPERM
    """What a refused call answers."""


CONDITIONS: Final = (
    Condition(
        "clone",
        0,
        (0,),
        "allowed",
        "no new namespaces, and no children for the parent, which is the process that reports how a job ended",
        mask=NAMESPACES | CLONE_PARENT,
    ),
    Condition(
        "socket",
        0,
        (AF_UNIX, AF_INET, AF_INET6),
        "allowed",
        "netlink, packet, vsock, alg and the like reach the kernel or the hypervisor past the network namespace",
        error=errno.EAFNOSUPPORT,
    ),
    Condition("socketpair", 0, (AF_UNIX,), "allowed", "the same", error=errno.EAFNOSUPPORT),
    Condition(
        "ioctl",
        1,
        (TIOCSTI, TIOCLINUX, TIOCSETD),
        "refused",
        "typing into another's terminal, and line disciplines, which load old kernel modules",
    ),
    Condition("prlimit64", 0, (0,), "allowed", "limits of others: the process that reports how a job ended has some too"),
    Condition("personality", 0, (0, ALL), "allowed", "odd personalities switch protections off; ALL only asks"),
    Condition(
        "prctl",
        0,
        (PR_SET_SECCOMP, PR_SET_MM, PR_SET_SYSCALL_USER_DISPATCH, PR_SCHED_CORE),
        "refused",
        "filters as in `denied.FILTERS`; a false program in /proc; calls caught before the filter; a core shared with others",
    ),
)

ALWAYS: Final = frozenset({"socket", "socketpair", "personality"})
"""Conditions that hold for the broker too, and so for the whole container."""

MISSING: Final = frozenset({"clone3"})
"""Answer ENOSYS as if the kernel were older. `clone3` keeps its flags in memory, where no filter can see them; the C library then
falls back to `clone`."""
