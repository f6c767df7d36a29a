"""What the broker asks of the kernel that Python 3.11 has no function for, and what it can be told about memory."""

import ctypes
import os
from typing import Final

NEWNS: Final = 0x00020000
NEWUTS: Final = 0x04000000
NEWIPC: Final = 0x08000000
NEWUSER: Final = 0x10000000
NEWPID: Final = 0x20000000

RDONLY: Final = 1
NOSUID: Final = 2
NODEV: Final = 4
NOEXEC: Final = 8
REMOUNT: Final = 32
BIND: Final = 4096
REC: Final = 16384
PRIVATE: Final = 1 << 18

_PR_SET_DUMPABLE: Final = 4
_PR_CAPBSET_DROP: Final = 24
_CAPABILITY_VERSION_3: Final = 0x20080522
_LAST_CAPABILITY: Final = 63
"""More than there are: the kernel says where they end."""

_libc = ctypes.CDLL(None, use_errno=True)
_NO_CAPABILITIES = (ctypes.c_uint32 * 6)()
_CAPABILITY_HEADER = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)


def unshare(flags: int) -> None:
    """Raises OSError."""
    _must(_libc.unshare(flags), "unshare")


def enter(namespace: int, flag: int) -> None:
    """`setns`. Raises OSError."""
    _must(_libc.setns(namespace, flag), "setns")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """Raises OSError."""
    done = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _must(done, f"mount {kind or 'bind'} on {target}")


def set_dumpable(allowed: bool) -> None:
    """Let other processes of this uid trace this one and open its /proc entries, or not. Raises OSError."""
    _must(_libc.prctl(_PR_SET_DUMPABLE, int(allowed), 0, 0, 0), "prctl(PR_SET_DUMPABLE)")


def bound_capabilities() -> None:
    """Empty the bounding set of this process and of all that it will fork: what they drop can't come back."""
    for number in range(_LAST_CAPABILITY):
        if _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            break


def drop_capabilities() -> None:
    """All of them. Raises OSError."""
    _must(_libc.capset(_CAPABILITY_HEADER, _NO_CAPABILITIES), "capset")


def _must(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
