"""Each ending, as evidence: one job in one clean container, with all that an `Outcome` tells."""

import os
import time

import pytest
from soloist_sandbox.contract import CommandCheck, Outcome, PytestCheck

from .yard import LIMITS, Yard, numbered

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDINGS: dict[str, tuple[str, int | None, int | None, str]] = {
    "ok": ("ok", 0, None, "print('done')"),
    "nonzero": ("nonzero", 3, None, "raise SystemExit(3)"),
    "24 signal": ("signal", None, 15, "import os\nos.kill(os.getpid(), 15)\nwhile 1: pass"),
    "08 timeout": ("timeout", None, None, "while 1: pass"),
    "03 oom": (
        "oom",
        None,
        None,
        "import os, time\nfor _ in range(6):\n if os.fork() == 0:\n  x = b'x' * (100 << 20)\n  time.sleep(9)\ntime.sleep(9)",
    ),
    "06 output_limit": ("output_limit", None, None, "while 1: print('x' * 99)"),
    "05 disk_limit": ("disk_limit", None, None, "f = open('x', 'wb')\nwhile 1: f.write(bytes(1 << 20))"),
    "15 refused": ("refused", None, 31, "import ctypes\nctypes.CDLL(None).syscall(0x40000027)"),
}


@pytest.mark.parametrize(("ending", "code", "signal", "source"), **numbered(ENDINGS))
async def test_endings(yard: Yard, ending: str, code: int | None, signal: int | None, source: str) -> None:
    """The ending is exact, and so are exit code and signal; the time is the limit's, and the whole call does not take long."""
    if ending == "refused" and not _is_x86():
        pytest.skip("only x86-64 has calls of another machine that are easily made")
    limits = LIMITS.model_copy(update={"seconds": 2.0})
    started = time.monotonic()
    outcome = await yard.session.run(_program(yard, source), limits=limits)
    assert (outcome.ended, outcome.exit_code) == (ending, code), outcome
    assert signal is None or outcome.signal == signal
    assert outcome.seconds < limits.seconds + 0.5
    assert time.monotonic() - started < 20
    if ending == "timeout":
        assert outcome.seconds >= 2
        assert outcome.cpu_seconds > 0.1  # also of what was killed and never waited for
    if ending == "oom":
        assert outcome.peak_memory_mb is None or outcome.peak_memory_mb > 20


async def test_24_signals_at_the_wrong_moment(yard: Yard) -> None:
    """Signals that ask a traced run for its end, sent by the job itself, do no harm to the process that reports."""
    test = """import os
def test_it():
    if os.fork() == 0:
        while True:
            os.kill(1, 26)
"""
    outcome: Outcome = await yard.session.run(
        PytestCheck(args=("test_it.py",)), changes={"test_it.py": test.encode()}, limits=LIMITS, trace=True
    )
    assert outcome.exit_code is not None or outcome.signal == 26, outcome


async def test_03_many_share_much(yard: Yard) -> None:
    """However many processes share memory, a job ends at its limit of time: looking at their memory delays nothing."""
    source = """import os, time
kept = bytearray(200 << 20)
for n in range(0, len(kept), 4096): kept[n] = 1
for _ in range(16):
    if os.fork() == 0: time.sleep(9)
time.sleep(9)
"""
    outcome = await yard.session.run(_program(yard, source), limits=LIMITS.model_copy(update={"seconds": 1.5}))
    assert outcome.ended == "timeout", outcome
    assert outcome.seconds < 2


def _program(yard: Yard, source: str) -> CommandCheck:
    return CommandCheck(command=f"cat > /tmp/job.py <<'END'\n{source}\nEND\nexec python3 /tmp/job.py {yard.mark}")


def _is_x86() -> bool:
    return os.uname().machine == "x86_64"
