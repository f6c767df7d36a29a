"""Functions and programs: what comes out is told exactly, and what is expected never goes in."""

import secrets

from soloist_sandbox.contract import Call, Case, FunctionCheck, Limits, ProgramCheck, Session
from soloist_sandbox.contract_suite.project import contract
from soloist_sandbox.integrity import judge

MIXED = b"""import math
def mixed(what):
    if what == "number": return 2 ** 70
    if what == "nested": return {"a": [1, 1.0, True, None, (b"x", frozenset({2}))], 1: math.inf}
    if what == "opaque": return object()
    if what == "missing": raise KeyError("no such thing")
    raise SystemExit(what)
"""
THIEF = b"""import gc, os
def steal(backwards, told=None):
    wanted = backwards[::-1]
    for fd in range(3, 200):
        try: data = os.pread(fd, 1 << 20, 0) if os.path.isfile(f"/proc/self/fd/{fd}") else b""
        except OSError: continue
        if wanted.encode() in data: return wanted
    kept = [one for one in gc.get_objects() if type(one) in (dict, list, tuple)] + [os.environ]
    for one in kept:
        for inner in one.values() if isinstance(one, dict) else one if isinstance(one, (list, tuple)) else ():
            if type(inner) in (str, bytes) and wanted in (inner if type(inner) is str else inner.decode("latin-1")): return wanted
    return told
"""
ECHO = b"import sys\nfor line in sys.stdin: print(line[::-1].strip())\nprint('end', file=sys.stderr)\n"


@contract
class TestChecks:
    """`FunctionCheck` and `ProgramCheck`."""

    async def test_function_values(self, session: Session) -> None:
        """Every call has one result, in order: the value as a literal of its exact type, or the exception with its bases."""
        calls = [Call(arguments=repr(what)) for what in ("number", "nested", "opaque", "missing", "number")]
        check = FunctionCheck(path="mixed.py", function="mixed", calls=tuple(calls))
        outcome = await session.run(check, changes={"mixed.py": MIXED})
        number, nested, opaque, missing, again = outcome.returned
        assert number.value == again.value == str(2**70)
        assert nested.value is not None
        assert "True" in nested.value
        assert "1.0" in nested.value
        assert (opaque.value, opaque.raised) == (None, ())
        assert opaque.message
        assert missing.raised[:2] == ("KeyError", "LookupError")
        assert "no such thing" in missing.message

    async def test_function_is_judged_outside(self, session: Session) -> None:
        """Exact types count, expected exceptions are met by a base, and a wrong value fails, whatever the exit code."""
        right = FunctionCheck(
            path="mixed.py",
            function="mixed",
            calls=(Call(arguments="'number'", returns=str(2**70)), Call(arguments="'missing'", raises="LookupError")),
        )
        outcome = await session.run(right, changes={"mixed.py": MIXED})
        assert judge(right, None, outcome).passed
        wrong = right.model_copy(update={"calls": (Call(arguments="'number'", returns=f"{2**70}.0"),)})
        assert not judge(wrong, None, await session.run(wrong, changes={"mixed.py": MIXED})).passed

    async def test_expectations_stay_outside(self, session: Session) -> None:
        """The function finds what it is called with, and nowhere what is expected of it."""
        secret = secrets.token_hex(16)
        call = Call(arguments=repr(secret[::-1]), returns=repr(secret))
        check = FunctionCheck(path="thief.py", function="steal", calls=(call,))
        outcome = await session.run(check, changes={"thief.py": THIEF})
        assert [result.value for result in outcome.returned] == ["None"]
        told = check.model_copy(update={"calls": (Call(arguments=f"{secret[::-1]!r}, told={secret!r}", returns=repr(secret)),)})
        found = await session.run(told, changes={"thief.py": THIEF})  # or else the thief would be no witness
        assert [result.value for result in found.returned] == [repr(secret)]

    async def test_function_that_leaves(self, session: Session) -> None:
        """Leaving the interpreter gives no result for that call and those after it."""
        leaving = b"import os\ndef leave(now):\n    if now: os._exit(0)\n    return now\n"
        calls = (Call(arguments="False", returns="False"), Call(arguments="True", returns="True"))
        check = FunctionCheck(path="leaving.py", function="leave", calls=calls)
        outcome = await session.run(check, changes={"leaving.py": leaving})
        assert [result.value for result in outcome.returned] == ["False"]
        assert not judge(check, None, outcome).passed

    async def test_function_that_hangs(self, session: Session) -> None:
        """A call that does not end is ended at the limit; what was returned before is known."""
        hanging = b"def wait(long):\n    while long: pass\n    return 1\n"
        check = FunctionCheck(path="hanging.py", function="wait", calls=(Call(arguments="False"), Call(arguments="True")))
        outcome = await session.run(check, changes={"hanging.py": hanging}, limits=Limits(seconds=1))
        assert (outcome.limit, [result.value for result in outcome.returned]) == ("seconds", ["1"])

    async def test_program_cases(self, session: Session) -> None:
        """Each case is a process of its own: its input, its exit code, and what it printed to either stream."""
        check = ProgramCheck(path="echo.py", cases=(Case(stdin="abc\n12\n", stdout="cba\n21\n"), Case(stdin="", stdout="")))
        outcome = await session.run(check, changes={"echo.py": ECHO})
        first, second = outcome.ran
        assert (first.exit_code, first.stdout, first.stderr, first.late) == (0, "cba\n21\n", "end\n", False)
        assert (second.exit_code, second.stdout) == (0, "")
        assert judge(check, None, outcome).passed

    async def test_program_that_is_late(self, session: Session) -> None:
        """A case that takes longer than its time is told so, and no later one is run."""
        check = ProgramCheck(path="late.py", cases=(Case(stdin="1"), Case(stdin="2")), case_seconds=0.5)
        outcome = await session.run(check, changes={"late.py": b"while True: pass\n"})
        assert [(case.exit_code, case.late) for case in outcome.ran] == [(None, True)]
