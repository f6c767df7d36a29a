"""Small bugs of the kind that people write, fixed by really running the candidates."""

import asyncio
import json
import subprocess
import sys

import pytest
from soloist_agents.contract import Step
from soloist_agents.search.specialist import Search
from soloist_sandbox.contract import CommandCheck

RUNNER = """
import json, resource, signal, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

class Late(BaseException):
    pass

def late(signum, frame):
    raise Late

signal.signal(signal.SIGALRM, late)
texts, test = json.load(sys.stdin)
found = None
for number, text in enumerate(texts):
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        space = {"__name__": "candidate"}
        exec(text, space)
        exec(test, space)
        found = number
        break
    except (Exception, Late):
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
print(json.dumps(found))
"""

BUGS = {
    "a boundary": (
        "def clamp(x, low, high):\n    if x < low:\n        return low\n    if x < high:\n        return high\n    return x\n",
        "assert [clamp(n, 1, 3) for n in range(5)] == [1, 1, 2, 3, 3]",
        5,
    ),
    "a wrong name": (
        "def spread(prices):\n    best = max(prices)\n    worst = min(prices)\n    return best - best\n",
        "assert spread([3, 9, 5]) == 6",
        20,
    ),
    "a missing guard": (
        "def average(xs):\n    return sum(xs) / len(xs)\n",
        "assert average([2, 4, 9]) == 5\nassert average([]) == 0",
        150,
    ),
    "a name that may be None": (
        "def initials(person):\n    if person.name == '':\n        return '?'\n    return person.name[0]\n",
        "class P:\n    def __init__(self, name): self.name = name\n"
        "assert initials(P('Ann')) == 'A'\nassert initials(P('')) == '?'\nassert initials(None) == '?'",
        60,
    ),
    "a forgotten update": (
        "def distinct(xs):\n    seen = set()\n    out = []\n    for x in xs:\n        if x not in seen:\n"
        "            out.append(x)\n    return out\n",
        "assert distinct([1, 2, 1, 3, 2]) == [1, 2, 3]",
        120,
    ),
    "empty is not None": (
        "def label(name, default):\n    if name:\n        return name\n    return default\n",
        "assert label('', 'x') == ''\nassert label(None, 'x') == 'x'\nassert label('a', 'x') == 'a'",
        15,
    ),
    "case matters where it must not": (
        "def is_command(token):\n    return token.value == 'CREATE'\n",
        "class T:\n    value = 'create'\nassert is_command(T())\nT.value = 'drop'\nassert not is_command(T())",
        40,
    ),
    "two arguments mixed up": (
        "def powers(base, n):\n    return [pow(i, base) for i in range(n)]\n",
        "assert powers(2, 4) == [1, 2, 4, 8]",
        20,
    ),
}


async def proposals(source: str, name: str, most: int) -> list[str]:
    step = Step(id="s", goal="g", kind="function", target=f"m.py::{name}", source=source, check=CommandCheck(command="true"))
    texts: list[str] = []
    async for candidate in Search().propose(step):
        texts.append(candidate.text)
        if len(texts) == most:
            break
    return texts


@pytest.mark.parametrize("bug", BUGS)
async def test_real_looking_bug_is_fixed_early(bug: str) -> None:
    """The candidate that passes comes within the number of tries that its bug deserves."""
    source, test, tries = BUGS[bug]
    name = source[4 : source.index("(")]
    texts = await proposals(source, name, tries)
    job = await asyncio.to_thread(
        lambda: subprocess.run(
            [sys.executable, "-I", "-c", RUNNER],
            input=json.dumps([texts, test]),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    )
    assert json.loads(job.stdout) is not None
