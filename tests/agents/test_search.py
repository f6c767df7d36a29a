"""The search specialist: order, form, pairs, repairs, and good manners."""

import ast
import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from soloist_agents.contract import Candidate, NearMiss, Specialist, Step, SuspectLine
from soloist_agents.search.specialist import Search
from soloist_sandbox.contract import CommandCheck

MEAN = '''\
def mean(xs):
    """The arithmetic mean."""
    total = 0  # running sum
    for x in xs:
        total -= x
    return total / len(xs)
'''


def step(source: str, name: str, *lines: SuspectLine) -> Step:
    return Step(
        id="s", goal="g", kind="function", target=f"m.py::{name}", source=source, check=CommandCheck(command="true"), lines=lines
    )


async def take(stream: AsyncIterator[Candidate], most: int) -> list[Candidate]:
    taken: list[Candidate] = []
    async for candidate in stream:
        taken.append(candidate)
        if len(taken) == most:
            break
    return taken


async def first(source: str, name: str, most: int = 300) -> list[Candidate]:
    return await take(Search().propose(step(source, name)), most)


def test_it_is_a_specialist() -> None:
    """`Search` keeps the protocol of every specialist and signs as "search"."""
    specialist: Specialist = Search()
    assert specialist.name == "search"


async def test_likely_fix_comes_early() -> None:
    """The wrong sign is among the first candidates, with a note that names line and change."""
    candidates = await first(MEAN, "mean", 20)
    fix = next(c for c in candidates if "total += x" in c.text)
    assert fix.note == "line 5: `-=` → `+=`"
    assert (fix.author, fix.size, fix.depth) == ("search", 1, 1)


async def test_order_is_the_same_every_time() -> None:
    """Two streams of one step agree, so that a run can be resumed."""
    assert await first(MEAN, "mean") == await first(MEAN, "mean")


async def test_suspicion_moves_edits_forward() -> None:
    """The same kind of edit comes first on the line that the evidence points at."""
    source = "def f(a, b):\n    c = a < b\n    d = a < b\n    return c, d\n"
    suspect = step(source, "f", SuspectLine(line=3, score=1.0), SuspectLine(line=2, score=0.4))
    candidates = await take(Search().propose(suspect), 40)
    boundaries = [c.note for c in candidates if c.note.endswith("`<` → `<=`")]
    assert boundaries == ["line 3: `<` → `<=`", "line 2: `<` → `<=`"]


async def test_likely_edit_of_another_line_beats_unlikely_edit_of_the_first() -> None:
    """Suspicion and kind of edit are weighed against each other: no line is exhausted before the next begins."""
    source = "def f(a, b):\n    c = a < b\n    d = a - b\n    return c, d\n"
    suspect = step(source, "f", SuspectLine(line=3, score=1.0), SuspectLine(line=2, score=0.7))
    lines = [c.note[:7] for c in await take(Search().propose(suspect), 60)]
    assert lines.index("line 2:") < len(lines) - 1 - lines[::-1].index("line 3:")


async def test_nothing_is_said_twice_and_everything_compiles() -> None:
    """No two candidates have the same syntax tree, none has the original's, and all compile."""
    candidates = await first(MEAN, "mean", 5000)
    trees = [ast.dump(ast.parse(c.text)) for c in candidates]
    assert len(set(trees)) == len(trees) > 1000
    assert ast.dump(ast.parse(MEAN)) not in trees
    for candidate in candidates:
        compile(candidate.text, "candidate", "exec")


async def test_pairs_follow_the_single_edits() -> None:
    """When single edits run out, two edits are made at once, the likeliest pair first."""
    candidates = await first("def f(a, b):\n    return a < b, a > 1\n", "f", 4000)
    returned = [c.text.rpartition("return ")[2].strip() for c in candidates]
    pair = returned.index("a <= b, a >= 1")
    assert candidates[pair].note == "line 2: `<` → `<=`; line 2: `>` → `>=`"
    assert max(returned.index(single) for single in ("a <= b, a > 1", "a < b, a >= 1", "None")) < pair


async def test_comments_and_layout_are_kept() -> None:
    """An edit changes its own place only: comments, blank lines and quotes stay as they are."""
    source = "def f(a,b):  # why\n\n    # about c\n    c = a+b   # sum\n    return (c)\n"
    candidates = await first(source, "f")
    assert source.replace("a+b", "a-b") in [c.text for c in candidates]
    assert all(c.text.startswith("def f(a,b):  # why\n") or "default" in c.note for c in candidates[:50])


async def test_windows_line_ends_are_kept() -> None:
    """A file with CRLF gives candidates with CRLF only, inserted lines included."""
    source = "def f(xs):\r\n    n = 0\r\n    for x in xs:\r\n        n += x\r\n    return n\r\n"
    candidates = await first(source, "f", 2000)
    assert any("insert" in c.note for c in candidates)
    assert [c for c in candidates if "\n" in c.text.replace("\r\n", "")] == []


async def test_tabs_are_kept() -> None:
    """Inserted lines are indented as the function is."""
    source = "def f(xs):\n\tn = 0\n\tfor x in xs:\n\t\tn += x\n\treturn n\n"
    candidates = await first(source, "f", 2000)
    assert any("insert `if" in c.note for c in candidates)
    assert [c for c in candidates if "  " in c.text] == []


async def test_method_of_a_nested_class_stands_alone() -> None:
    """A decorated async method is taken out dedented, decorators kept, and its strings untouched."""
    source = (
        "class A:\n    class B:\n        @staticmethod\n        async def f(x):\n"
        '            text = """\n        kept\n    as it is"""\n            return x + 1, text\n'
    )
    candidates = await first(source, "A.B.f", 100)
    expected = '@staticmethod\nasync def f(x):\n    text = """\n        kept\n    as it is"""\n    return x - 1, text\n'
    assert expected in [c.text for c in candidates]
    assert "line 8: `+` → `-`" in [c.note for c in candidates]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", "no function 'absent' in m.py"),
        ("mean.inner", r"no function 'mean\.inner'"),
        ("C", r"give it as path::function or path::Class\.method"),
    ],
)
async def test_unknown_target_is_a_clear_error(name: str, message: str) -> None:
    """A target that isn't there is a ValueError of one line that says what is wrong."""
    with pytest.raises(ValueError, match=message) as error:
        await first(MEAN + "class C:\n    pass\n", name)
    assert "\n" not in str(error.value)


async def test_source_that_does_not_parse_is_a_clear_error() -> None:
    """A file with a syntax error is a ValueError that says so."""
    with pytest.raises(ValueError, match=r"m\.py can't be parsed"):
        await first("def f(:\n", "f")


async def test_repair_adds_an_edit_to_the_miss() -> None:
    """A half-fixed function is fixed by a second edit; note, size and depth tell of both."""
    half = Candidate(author="search", text=MEAN.replace("-=", "+="), note="line 5: `-=` → `+=`", size=1)
    broken = MEAN.replace("len(xs)", "len(xs) - 1")
    miss = NearMiss(candidate=half.model_copy(update={"text": broken.replace("-=", "+=")}), passed=1)
    candidates = await take(Search().repair(step(broken, "mean"), [miss]), 60)
    fix = next(c for c in candidates if c.text == MEAN.replace("-=", "+="))
    assert fix.note.startswith("line 5: `-=` → `+=`; line 6: ")
    assert fix.depth == 2
    assert fix.size > 1


async def test_repair_tries_the_best_miss_first() -> None:
    """The first candidates build on the miss that turned most tests green, whatever the order given."""
    broken = "def f(a, b):\n    c = a - b\n    return c < 1\n"
    good = NearMiss(candidate=Candidate(author="search", text=broken.replace("-", "+"), note="good", size=1), passed=3)
    poor = NearMiss(candidate=Candidate(author="search", text=broken.replace("1", "2"), note="poor", size=1), passed=1)
    candidates = await take(Search().repair(step(broken, "f"), [poor, good]), 200)
    notes = [c.note.partition(";")[0] for c in candidates]
    assert notes[0] == "good"
    assert "poor" in notes


async def test_repair_says_nothing_that_was_said_before() -> None:
    """Neither the original, nor a single edit of it, nor a miss comes back as a repair."""
    singles = {c.text for c in await first(MEAN, "mean", 400) if ";" not in c.note}
    half = Candidate(author="search", text=MEAN.replace("-=", "+="), note="n", size=1)
    repaired = {c.text for c in await take(Search().repair(step(MEAN, "mean"), [NearMiss(candidate=half, passed=1)]), 400)}
    assert not repaired & (singles | {MEAN, half.text})


async def test_repair_without_misses_ends() -> None:
    """No misses, no repairs."""
    assert await take(Search().repair(step(MEAN, "mean"), []), 5) == []


def long_function() -> str:
    parts = [f"    if a[{i}] > b and c:\n        total += a[{i}] * len(xs)\n" for i in range(100)]
    return f"def f(a, b, c, xs):\n    total = 0\n{''.join(parts)}    return total\n"


async def test_a_long_function_starts_quickly() -> None:
    """The first 50 candidates of a function of 200 lines take well under a second of work."""
    suspects = [SuspectLine(line=n, score=0.5 if n != 60 else 1.0) for n in range(2, 203)]
    began = time.process_time()
    candidates = await take(Search().propose(step(long_function(), "f", *suspects)), 50)
    assert len(candidates) == 50
    assert time.process_time() - began < 2.0  # a loaded machine included


async def test_other_tasks_keep_running() -> None:
    """While candidates are made, the event loop is never held for long."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - began)

    watcher = asyncio.create_task(watch())
    await take(Search().propose(step(long_function(), "f")), 300)
    watcher.cancel()
    assert longest < 1.0


async def test_it_can_be_cancelled() -> None:
    """A consumer that is cancelled ends at once, though pairs of edits are nearly endless."""

    async def consume() -> None:
        async for _ in Search().propose(step(MEAN, "mean")):
            pass

    task = asyncio.create_task(consume())
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


async def test_definitions_of_one_name_are_told_apart() -> None:
    """`x` is the first definition and `x#2` the second, as the tool that puts candidates in their place has it."""
    source = (
        "class A:\n    @property\n    def x(self):\n        return self._x + 1\n\n"
        "    @x.setter\n    def x(self, value):\n        self._x = value - 2\n"
    )
    for name, own in (("A.x", "@property"), ("A.x#2", "@x.setter")):
        step = Step(id="a", goal="g", kind="function", target=f"m.py::{name}", source=source, check=CommandCheck(command="true"))
        texts = [candidate.text async for candidate in Search().propose(step)]
        assert texts
        assert all(text.startswith(own) for text in texts)
