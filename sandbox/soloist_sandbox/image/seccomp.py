"""Installs the filter of system calls that a job starts with, and that neither it nor its descendants can take off again.

The filters are generated elsewhere (see `soloist_sandbox/seccomp`). What can be prepared is prepared in the broker: a job
makes two calls.
"""

import ctypes
import os
import struct
from typing import Final

_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_INSTRUCTION: Final = 8
_MACHINES: Final = ("x86_64", "aarch64")

_prctl = ctypes.CDLL(None, use_errno=True).prctl
_prctl.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)


class Program:
    """A filter, where the kernel can read it."""

    def __init__(self, code: bytes) -> None:
        if not code or len(code) % _INSTRUCTION:
            raise ValueError("the filter of system calls is damaged: build the image again")
        self._code = ctypes.create_string_buffer(code, len(code))
        head = struct.pack("@HP", len(code) // _INSTRUCTION, ctypes.addressof(self._code))
        self._head = ctypes.create_string_buffer(head, len(head))
        self._address = ctypes.addressof(self._head)

    def apply(self) -> None:
        """For this thread and all its descendants, for ever. Raises OSError."""
        done = _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, self._address, 0, 0)
        if done != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"the filter of system calls: {os.strerror(number)}")


def load(folder: str) -> Program | None:
    """This machine's filter; None where there is none. Raises OSError for a missing file, ValueError for a damaged one."""
    machine = os.uname().machine
    if machine not in _MACHINES or ctypes.sizeof(ctypes.c_void_p) != 8:  # a 32-bit program on a 64-bit kernel
        return None
    with open(f"{folder}/job.{machine}.bpf", "rb") as file:
        return Program(file.read())
