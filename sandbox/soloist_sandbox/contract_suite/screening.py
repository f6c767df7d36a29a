"""Many variants in warm containers: every result, no trace of the one before."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import cast

from soloist_sandbox.contract import Check, CommandCheck, Limits, Screened, Session
from soloist_sandbox.contract_suite.host import Host
from soloist_sandbox.contract_suite.project import CALC, CHECK, FIXED, LIMITS, contract

VANDAL = b"""import os, socket, subprocess, sys, pathlib
os.environ["LEFT"] = "1"; sys.modules["json"] = None
for place in (".", "/tmp", "/dev/shm"): pathlib.Path(place, "left").write_text("x")
pathlib.Path("test_calc.py").write_text("def test_add(): pass\\ndef test_negate(): pass\\n")
os.makedirs("new/deep"); os.chmod("new", 0)
for cache in pathlib.Path().rglob("*.pyc"): cache.write_bytes(b"poison")
subprocess.Popen(["sleep", "1000"], start_new_session=True)
def add(a, b): return 3
def negate(a): return -1
"""
WITNESS = b"""import os, json, subprocess
found = [p for p in ("left", "/tmp/left", "/dev/shm/left", "new") if os.path.lexists(p)]
assert not found, found
assert "LEFT" not in os.environ and json is not None
others = [open(f"/proc/{p}/cmdline").read() for p in os.listdir("/proc") if p.isdigit()]
assert not any(other.startswith("sleep") for other in others), others
assert "calc.add" in open("test_calc.py").read()
def add(a, b): return a + b
def negate(a): return -a
"""


async def screened(
    session: Session, check: Check, variants: Sequence[Mapping[str, bytes]], limits: Limits = LIMITS
) -> list[Screened]:
    """All results, by index."""
    found = [result async for result in session.screen(check, variants, limits=limits)]
    return sorted(found, key=lambda result: result.index)


@contract
class TestScreening:
    """`Session.screen`."""

    async def test_screen_is_complete(self, session: Session) -> None:
        """Every variant has exactly one result, its own, whatever the order."""
        variants = [
            {"calc.py": FIXED if n % 3 == 0 else f"def add(a, b): return {n}\ndef negate(a): return -a\n".encode()}
            for n in range(10)
        ]
        results = await screened(session, CHECK, variants)
        assert [result.index for result in results] == list(range(10))
        for result in results:
            assert (result.exit_code == 0) == (result.index % 3 == 0 or result.index == 3), result
            assert result.report is not None
            assert len(result.report.tests) == 2
        assert await screened(session, CommandCheck(command="cat calc.py"), []) == []

    async def test_screen_keeps_no_state(self, session: Session) -> None:
        """A variant finds the workspace as it was, however the one before left it."""
        variants = [{"calc.py": VANDAL if n % 2 == 0 else WITNESS} for n in range(8)]
        results = await screened(session, CHECK, variants)
        assert [result.exit_code for result in results[1::2]] == [0] * 4, results[1].report
        again = await screened(session, CHECK, [{}])  # the unchanged tree
        assert again[0].report is not None
        assert again[0].report.ids("failed") == ("test_calc.py::test_add",)

    async def test_screen_never_serves_stale_bytecode(self, session: Session) -> None:
        """A source of the same size and name is compiled anew, variant after variant."""
        variants = [{"calc.py": CALC.replace("a - b", f"a {op} b").encode()} for op in "+-*+/+%+-+"]
        results = await screened(session, CHECK, variants)
        assert [result.exit_code for result in results] == [0 if b"a + b" in variant["calc.py"] else 1 for variant in variants]

    async def test_screen_hanging_variant(self, session: Session) -> None:
        """A variant that hangs costs its own limit and nothing more."""
        limits = LIMITS.model_copy(update={"seconds": 2.0})
        variants = [{"calc.py": FIXED}, {"calc.py": b"while True: pass\n"}, *({"calc.py": FIXED} for _ in range(4))]
        started = time.monotonic()
        results = await screened(session, CHECK, variants, limits)
        assert [result.limit for result in results] == [None, "seconds", *[None] * 4]
        assert [result.exit_code for result in results] == [0, None, *[0] * 4]
        assert time.monotonic() - started < 15

    async def test_screen_closed_early(self, session: Session, host: Host) -> None:
        """Leaving the loop ends the work under way; closing the session leaves nothing at all."""
        variants = [{"calc.py": FIXED}, *({"calc.py": b"import time\ntime.sleep(1000)\n"} for _ in range(9))]
        generator = cast("AsyncGenerator[Screened, None]", session.screen(CHECK, variants, limits=LIMITS))
        started = time.monotonic()
        async with aclosing(generator) as results:
            async for _ in results:
                break
        assert time.monotonic() - started < 9
        await session.close()
        assert await host.nothing_left()
