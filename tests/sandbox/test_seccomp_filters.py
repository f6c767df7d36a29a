"""The generated filters, call by call for both machines, in a model of the kernel's BPF."""

import errno
import os
import struct
from pathlib import Path
from typing import Final

import pytest
from soloist_sandbox.image import seccomp as installer
from soloist_sandbox.image_spec import RUNNER
from soloist_sandbox.seccomp.arguments import ALL, CONDITIONS, MISSING, Condition
from soloist_sandbox.seccomp.denied import DENIED
from soloist_sandbox.seccomp.known import MACHINES, Machine, known, reviewed_with

FILTERS: Final = RUNNER / "filters"
ARCHITECTURE: Final[dict[str, int]] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "i386": 0x40000003, "arm": 0x40000028}
ALLOW: Final = 0x7FFF0000
KILL_PROCESS: Final = 0x80000000
JUMPS: Final = {0x15: int.__eq__, 0x25: int.__gt__, 0x35: int.__ge__, 0x45: lambda a, k: a & k != 0}


def refused(error: int) -> int:
    return 0x00050000 | error


def verdict(machine: Machine, number: int, *arguments: int, architecture: str = "") -> int:
    """What the filter returns, by the kernel's rules for classic BPF."""
    data = struct.pack("<IIQ6Q", number, ARCHITECTURE[architecture or machine], 0, *arguments, *(0,) * (6 - len(arguments)))
    program = list(struct.iter_unpack("<HBBI", (FILTERS / f"job.{machine}.bpf").read_bytes()))
    accumulator = position = 0
    while True:
        code, if_true, if_false, constant = program[position]
        position += 1
        if code == 0x06:
            return int(constant)
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, constant)
        elif code == 0x54:
            accumulator &= constant
        elif code == 0x05:
            position += constant
        else:
            position += if_true if JUMPS[code](accumulator, constant) else if_false


def test_generated_files() -> None:
    """What is committed is exactly what the tables give, with the libseccomp of the last review."""
    try:
        from soloist_sandbox.seccomp import compiler, generate
    except (ImportError, RuntimeError) as missing:
        pytest.skip(f"no libseccomp here: {missing}")
    if compiler.library_version() != reviewed_with():
        pytest.skip(f"libseccomp {compiler.library_version()} may order the same rules otherwise than {reviewed_with()}")
    for path, content in generate.generated():
        assert path.read_bytes() == content, f"{path.name} is out of date: run `python -m soloist_sandbox.seccomp.generate`"


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call(machine: Machine) -> None:
    """A denied call answers EPERM, an unknown one and clone3 ENOSYS, and every other one is allowed."""
    names = {number: name for name, number in known(machine).items()}
    conditional = {condition.call for condition in CONDITIONS}
    for number in range(1024):
        name = names.get(number)
        if name in conditional:
            continue
        expected = ALLOW
        if name is None or name in MISSING:
            expected = refused(errno.ENOSYS)
        elif name in DENIED:
            expected = refused(errno.EPERM)
        assert verdict(machine, number, ALL, ALL) == expected, (number, name)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.call)
@pytest.mark.parametrize("machine", MACHINES)
def test_every_condition(machine: Machine, condition: Condition) -> None:
    """An argument decides by its lower 32 bits alone, whatever the upper ones and the other arguments are."""
    number = known(machine)[condition.call]
    near = {value + step & ALL for value in condition.values for step in (-1, 0, 1)}
    for argument in {*near, *range(128), *(1 << bit for bit in range(32)), *(ALL ^ 1 << bit for bit in range(32))}:
        allowed = (argument & condition.mask in condition.values) == (condition.found == "allowed")
        expected = ALLOW if allowed else refused(condition.error)
        for upper in (0, 1 << 32, ALL << 32):
            arguments = [0x1234 << 32 | 0x5678] * 6
            arguments[condition.argument] = upper | argument
            assert verdict(machine, number, *arguments) == expected, hex(argument)


@pytest.mark.parametrize("machine", MACHINES)
def test_foreign_architectures(machine: Machine) -> None:
    """A call by another architecture's numbers ends the process, even one that would be allowed by its number."""
    for architecture in ARCHITECTURE.keys() - {machine}:
        assert all(verdict(machine, number, architecture=architecture) == KILL_PROCESS for number in range(512))
    if machine == "x86_64":
        assert all(verdict(machine, 0x40000000 | number) == KILL_PROCESS for number in range(600))


def test_damaged_filter(tmp_path: Path) -> None:
    """A filter that is missing or cut off is an error, never a job without one."""
    if os.uname().machine in MACHINES:
        with pytest.raises(FileNotFoundError):
            installer.load(str(tmp_path))
    for code in (b"", b"half an"):
        with pytest.raises(ValueError, match="build the image again"):
            installer.Program(code)
