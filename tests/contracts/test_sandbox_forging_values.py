"""No program is judged as passed for anything but doing the work, where values are compared outside its interpreter."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from soloist_sandbox.contract import Call, Case, CommandCheck, FunctionCheck, Limits, Outcome, ProgramCheck, Session
from soloist_sandbox.integrity import judge

from .conftest import AnySandbox

LIMITS = Limits(seconds=10, memory_mb=256, disk_mb=16, processes=64)
FUNCTION = FunctionCheck(
    path="calc.py", function="add", calls=(Call(arguments="1, 2", returns="3"), Call(arguments="3, 4", returns="7"))
)
PROGRAM = ProgramCheck(path="calc.py", cases=(Case(stdin="1 2\n", stdout="3\n"), Case(stdin="3 4\n", stdout="7\n")))
WRONG = "def add(a, b): return a - b\n"

LIE = """class Lie{base}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = {base_name}.__hash__
def add(a, b): return Lie()
"""
FORGED_VALUES = {
    "exit at import": "import os; os._exit(0)",
    "exit in the function": "import os\ndef add(a, b): os._exit(0)",
    "exit at the end": f"import atexit, os; atexit.register(os._exit, 0)\n{WRONG}",
    "sys.exit": "import sys\ndef add(a, b): sys.exit(0)",
    "nothing at all": "",
    "equals everything": LIE.format(base="", base_name="object"),
    **{
        f"{kind} that equals everything": LIE.format(base=f"({kind})", base_name="object")
        for kind in ("int", "str", "float", "list", "dict", "tuple")
    },
    "a bool": "def add(a, b): return True",
    "a float": "def add(a, b): return float(a + b)",
    "a class that says it is int": "class Lie:\n    __class__ = int\ndef add(a, b): return Lie()",
    "results written ahead": """import os
for fd in range(1, 2000):
    try: os.write(fd, b'{"value":3}\\n{"value":7}\\n')
    except OSError: pass
"""
    + WRONG,
    "results written over and over": """import os
def add(a, b):
    os.write(1000, b'{"value":3}\\n')
    return a - b
""",
    "results printed": f"print(3)\nprint(7)\n{WRONG}",
    "what is expected, searched for": """import gc, sys
def add(a, b):
    frame, found = sys._getframe(), []
    while frame:
        found += [v for v in [*frame.f_locals.values(), *frame.f_globals.values(), *frame.f_code.co_consts] if type(v) is str]
        frame = frame.f_back
    found += [thing for thing in gc.get_objects() if type(thing) is dict and "returns" in thing]
    return next((thing["returns"] for thing in found if type(thing) is dict), a - b)
""",
    "the writer replaced": """import sys
def add(a, b):
    frame = sys._getframe(1)
    frame.f_globals["values"].encode = lambda value: "3"
    return a - b
""",
    "a child goes on": "import os\ndef add(a, b):\n    os.fork()\n    return a - b",
    "the first process killed": """import os
for pid in (1, os.getppid()):
    try: os.kill(pid, 9)
    except OSError: pass
"""
    + WRONG,
}
FORGED_OUTPUT = {
    "exit at once": "import os; os._exit(0)",
    "nothing printed": "",
    "a report printed": 'print(\'{"exit": 0, "stdout": "Mwo="}\')',
    "the answer of the first case": "print(3)",
    "reports on every descriptor": """import base64, json, os
line = {"exit": 0, "signal": None, "late": False, "too_much": False, "stdout": base64.b64encode(b"3\\n").decode(), "stderr": ""}
for fd in range(3, 2000):
    try: os.write(fd, json.dumps(line).encode() + b"\\n")
    except OSError: pass
print(0)
""",
    "the parent looked into": """import os
for pid in (os.getppid(), 1):
    for name in ("mem", "environ", "fd"):
        try: print(open(f"/proc/{pid}/{name}", "rb").read(100))
        except OSError: pass
    try: os.kill(pid, 9)
    except OSError: pass
""",
    "a process left behind": """import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(0.2)
    print(7, flush=True)
    os._exit(0)
print(3)
""",
}


@pytest.fixture
async def bench(sandbox: AnySandbox, tmp_path: Path) -> AsyncIterator[Session]:
    """A session over a `calc.py` whose `add` is wrong."""
    (tmp_path / "calc.py").write_text(WRONG)
    session = await sandbox.open(tmp_path, limits=LIMITS)
    yield session
    await session.close()


async def outcomes(session: Session, check: FunctionCheck | ProgramCheck, sources: list[str]) -> list[Outcome]:
    """One for each source, in order."""
    turn = asyncio.Semaphore(4)

    async def run(source: str) -> Outcome:
        async with turn:
            return await session.run(check, changes={"calc.py": source.encode()})

    return await asyncio.gather(*map(run, sources))


async def test_function_forgeries_never_pass(bench: Session) -> None:
    """What a function returns is compared outside: no value of a class of its own, no written line and no exit passes."""
    before = await bench.run(FUNCTION)
    found = await outcomes(bench, FUNCTION, list(FORGED_VALUES.values()))
    for name, outcome in zip(FORGED_VALUES, found, strict=True):
        judgement = judge(FUNCTION, before, outcome)
        assert not judgement.passed, (name, judgement, outcome)
    (right,) = await outcomes(bench, FUNCTION, [WRONG.replace("-", "+")])
    assert judge(FUNCTION, before, right).level == "tested"


async def test_program_forgeries_never_pass(bench: Session) -> None:
    """What a program prints is read by the process above it: nothing but the right output passes."""
    before = await bench.run(PROGRAM)
    for name, outcome in zip(FORGED_OUTPUT, await outcomes(bench, PROGRAM, list(FORGED_OUTPUT.values())), strict=True):
        judgement = judge(PROGRAM, before, outcome)
        assert not judgement.passed, (name, judgement, outcome)
    (right,) = await outcomes(bench, PROGRAM, ["print(sum(map(int, input().split())))"])
    assert judge(PROGRAM, before, right).level == "tested"


async def test_command_is_judged_by_its_exit_code(bench: Session) -> None:
    """A command has only its exit code: where that is the program's own to choose it can be forged; what it prints can't."""
    inside = CommandCheck(command="python3 -c 'import calc; assert calc.add(1, 2) == 3'")
    outside = CommandCheck(command="""test "$(python3 -c 'import calc; print(calc.add(1, 2))')" = 3""")
    leaves = {"calc.py": b"import os; os._exit(0)"}
    assert judge(inside, await bench.run(inside), await bench.run(inside, changes=leaves)).passed
    for source in (
        "import os; os._exit(0)",
        "import sys; sys.exit(0)",
        "def add(a, b): return type('Lie', (), {'__eq__': id})()",
    ):
        outcome = await bench.run(outside, changes={"calc.py": source.encode()})
        assert not judge(outside, await bench.run(outside), outcome).passed
