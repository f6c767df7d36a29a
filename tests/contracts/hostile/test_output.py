"""Rows 6, 7, 23, 28: what a program writes is data, within its cap, whatever it is and wherever it is written."""

import pytest
from soloist_sandbox.contract import Call, CommandCheck, FunctionCheck, Limits

from .yard import LIMITS, Yard, ended, numbered

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLOOD: dict[str, tuple[str]] = {
    "06 stdout": ("while 1: print('x' * 80)",),
    "06 stderr": ("import sys\nwhile 1: print('x' * 80, file=sys.stderr)",),
    "06 both": ("import os\nwhile 1: os.write(1, bytes(999)); os.write(2, bytes(999))",),
    "06 one line of 100 MB": ("import sys\nsys.stdout.write('x' * (100 << 20))",),
    "06 no line's end": ("import sys\nwhile 1: sys.stdout.write('x')",),
    "06 from a daemon": ("import os\nif os.fork(): os.wait()\nos.setsid()\nwhile 1: os.write(1, b'x' * 9999)",),
    "06 from many": ("import os\nfor _ in range(4): os.fork()\nwhile 1: os.write(1, b'x' * 9999)",),
    "06 at the very end": ("import os\nos.write(1, bytes(300 << 10))\nos._exit(0)",),
}


@pytest.mark.parametrize(("source",), **numbered(FLOOD))
async def test_06_floods(yard: Yard, source: str) -> None:
    """Who writes more than is kept is ended at once, whichever stream it is."""
    result = await yard.command(source)
    assert ended(result) == "output_limit", result
    assert result.seconds < 1


async def test_06_and_07_what_is_kept(yard: Yard) -> None:
    """Of a flood the beginning is kept; just below the cap nothing is lost and nothing is late, on both streams at once."""
    check = CommandCheck(command="echo first; yes")
    flood = await yard.session.run(check, limits=LIMITS)
    assert (flood.ended, flood.truncated, len(flood.stdout)) == ("output_limit", True, 256 << 10)
    assert flood.stdout.startswith("first\ny\n")
    both = (
        "import os, threading\ndef w(n): os.write(n, b'x' * (3 << 20))\n"
        "for n in 1, 2: threading.Thread(target=w, args=(n,)).start()"
    )
    limits = Limits(seconds=5, memory_mb=256, disk_mb=16, processes=32, output_kb=3072)
    much = await yard.session.run(CommandCheck(command=f'exec python3 -c "{both}"'), limits=limits)
    assert (much.ended, much.truncated, len(much.stdout), len(much.stderr)) == ("ok", False, 3 << 20, 3 << 20)
    assert much.seconds < 2


async def test_23_descriptors(yard: Yard) -> None:
    """A program has the three standard descriptors only: nothing to forge a result with."""
    source = """import os, struct
found = sorted(map(int, os.listdir("/proc/self/fd")))
frames = [b"SLO2" + struct.pack(">BxxxQ", 2, 64) + bytes(64), b"SLO1" + bytes(60), b"s" + bytes(4), b"g", b"r"]
for number in range(3, 2000):
    for frame in frames:
        try: os.write(number, frame); found.append(-number)
        except OSError: pass
print(found)
"""
    assert await yard.told(source) == "[0, 1, 2, 3]\n"  # 3 is the listing's own
    closed = await yard.command("import os\nos.closerange(0, 5000)\nos._exit(7)")
    assert (ended(closed), closed.exit_code) == ("nonzero", 7)


async def test_23_output_that_looks_like_a_result(yard: Yard) -> None:
    """Frames on standard output are output."""
    source = "import os, struct\nos.write(1, b'SLO2' + struct.pack('>BxxxQ', 2, 64) + bytes(64))\nraise SystemExit(3)"
    outcome = await yard.session.run(CommandCheck(command=f'exec python3 -c "{source}"'), limits=LIMITS)
    assert (outcome.ended, outcome.exit_code, outcome.stdout[:4]) == ("nonzero", 3, "SLO2")


BYTES = r"""import os
os.write(1, b"\x00\xff\x1b[2J\x1b]0;title\x07\xe2\x80\xae\xed\xa0\x80end")
"""


async def test_28_bytes(yard: Yard) -> None:
    """Bytes that are no text are replaced; everything else is kept as it is, also what terminals obey."""
    outcome = await yard.session.run(CommandCheck(command=f"exec python3 - <<'END'\n{BYTES}\nEND"), limits=LIMITS)
    assert outcome.stdout == "\x00\ufffd\x1b[2J\x1b]0;title\x07\u202e\ufffd\ufffd\ufffdend"


REPORTS: dict[str, tuple[str, int, str]] = {
    "28 10 MB of JSON": ("ok", 0, "b'[\"' + b'x' * (10 << 20) + b'\"]\\n'"),
    "28 deep JSON": ("ok", 0, "b'{\"value\":' + b'[' * 10**6 + b'\\n'"),
    "28 deep JSON, closed": ("ok", 0, "(b'{\"value\":' + b'[' * 990 + b']' * 990 + b'}\\n') * 999"),
    "28 long number": ("ok", 0, "b'{\"value\":' + b'9' * (2 << 20) + b'}\\n'"),
    "28 NaN": ("ok", 0, 'b\'{"value":NaN}\\n{"value":-Infinity}\\n\''),
    "28 surrogates": ("ok", 2, 'b\'{"opaque":"\\\\ud800"}\\n\''),
    "28 NUL and no UTF-8": ("ok", 0, "b'\\x00\\xff\\xfe{}\\n'"),
    "28 a million lines": ("ok", 100_000, "b'{\"value\":1}\\n' * 10**6"),
    "28 empty lines": ("ok", 0, "b'\\n' * (8 << 20)"),
    "23 more than any report": ("output_limit", 0, "b'x' * (40 << 20)"),
}


@pytest.mark.parametrize(("verdict", "most", "text"), **numbered(REPORTS))
async def test_28_reports(yard: Yard, verdict: str, most: int, text: str) -> None:
    """What is written instead of a function's result is understood in bounded time, or not at all."""
    source = f"import os\ndef f():\n data = memoryview({text})\n while data: data = data[os.write(1000, data):]\n return 42"
    result = await yard.function(source)
    assert ended(result) == verdict, result
    assert len(result.returned) <= most


async def test_28_values(yard: Yard) -> None:
    """Values with lone surrogates, NaN and control characters come out as the literals that they are."""
    calls = FunctionCheck(path="job.py", function="f", calls=(Call(arguments=""),))
    source = "def f(): return ['\\ud800', float('nan'), float('inf'), '\\x00\\x1b', -0.0, 1e999]"
    result = await yard.trial(calls, {"job.py": source.encode()})
    assert result.returned[0].value is not None
    result.returned[0].value.encode()
    deep = await yard.function("def f():\n x = []\n for _ in range(10**5): x = [x]\n return x")
    assert (ended(deep), deep.returned[0].value) == ("ok", None)
