"""The job's filter, compiled by libseccomp. For development only: what is committed needs neither it nor its binding."""

import ctypes
import ctypes.util
import errno
import tempfile
from typing import Final

import pyseccomp

from soloist_sandbox.seccomp.arguments import CONDITIONS, MISSING, Condition
from soloist_sandbox.seccomp.denied import DENIED
from soloist_sandbox.seccomp.known import Machine, known

_ARCHITECTURES: Final[dict[Machine, int]] = {"x86_64": pyseccomp.Arch.X86_64, "aarch64": pyseccomp.Arch.AARCH64}
_BINARY_TREE: Final = 2
_KILL_PROCESS_LEVEL: Final = 3
_NUMBERS: Final = 1024
"""More than any machine has."""


def library_version() -> str:
    """Of the libseccomp that is installed, for example "2.5.4"."""
    library = ctypes.CDLL(ctypes.util.find_library("seccomp"))
    library.seccomp_version.restype = ctypes.POINTER(ctypes.c_uint * 3)
    return ".".join(str(part) for part in library.seccomp_version().contents)


def library_calls(machine: Machine) -> dict[str, int]:
    """Every system call that the installed libseccomp knows of a machine, by number."""
    found = {}
    for number in range(_NUMBERS):
        try:
            found[pyseccomp.resolve_syscall(_ARCHITECTURES[machine], number).decode()] = number
        except ValueError:
            continue
    return found


def job_filter(machine: Machine) -> bytes:
    """BPF: 8 bytes an instruction. Raises OSError where libseccomp refuses a rule."""
    # Otherwise what the kernel here can do would decide what the filter does elsewhere.
    pyseccomp.set_api(_KILL_PROCESS_LEVEL)
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.ENOSYS))
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    rules.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, _BINARY_TREE)
    if _ARCHITECTURES[machine] != pyseccomp.system_arch():
        rules.add_arch(_ARCHITECTURES[machine])
        rules.remove_arch(pyseccomp.system_arch())
    conditions = {condition.call: condition for condition in CONDITIONS}
    for call in sorted(known(machine)):
        if call in conditions:
            _add(rules, conditions[call])
        elif call not in MISSING:
            rules.add_rule_exactly(pyseccomp.ERRNO(errno.EPERM) if call in DENIED else pyseccomp.ALLOW, call)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add(rules: pyseccomp.SyscallFilter, condition: Condition) -> None:
    """The values, then everything. That libseccomp compares in this order is a habit, no promise: tests hold it to it."""
    allow, refuse = pyseccomp.ALLOW, pyseccomp.ERRNO(condition.error)
    found, otherwise = (allow, refuse) if condition.found == "allowed" else (refuse, allow)
    for value in condition.values:
        comparison = pyseccomp.Arg(condition.argument, pyseccomp.MASKED_EQ, condition.mask, value)
        rules.add_rule_exactly(found, condition.call, comparison)
    rules.add_rule_exactly(otherwise, condition.call, pyseccomp.Arg(condition.argument, pyseccomp.GE, 0))
