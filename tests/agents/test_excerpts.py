"""What is shown of long files, and which evidence an answer is written from."""

from soloist.evidence import evidence_for_answer
from soloist_agents.excerpts import MOST, excerpt, path_of
from soloist_agents.outline import outlined
from soloist_tools.evidence import Evidence

LONG = "".join(f"line_{n} = {n}\n" for n in range(3000))


def test_a_short_file_is_shown_whole() -> None:
    """Nothing is lost that fits."""
    assert excerpt("a = 1\n", ["m.py"], "").whole


def test_of_a_long_file_the_wanted_lines_are_shown() -> None:
    """With some around them, and a mark for what is left out."""
    shown = excerpt(LONG, ["m.py:100-101"], "")
    assert not shown.whole
    assert shown.text.splitlines()[0] == "[… lines 1-87 are not shown …]"
    assert "line_99 = 99" in shown.text
    assert shown.text.splitlines()[-1] == "[… lines 114-3000 are not shown …]"


def test_without_lines_what_the_task_speaks_of_is_shown() -> None:
    """And never more than fits."""
    shown = excerpt(LONG, ["m.py"], "Change line_2500 only.")
    assert "line_2500 = 2500" in shown.text
    assert "line_1500 = 1500" not in shown.text
    everything = " ".join(f"line_{n}" for n in range(3000))
    assert len(excerpt(LONG, ["m.py"], everything).text) < 2 * MOST


def test_a_range_is_no_part_of_the_path() -> None:
    """`path:first-last` names a file."""
    assert [path_of(file) for file in ("a.py", "a.py:3", "a.py:3-9", "a:b.py")] == ["a.py", "a.py", "a.py", "a:b.py"]


def test_a_solver_sees_what_its_task_speaks_of() -> None:
    """Imports, the function, its class with decorators, short helpers that are named; not the rest of a long file."""
    source = (
        "import re\n\nLIMIT = 3\nOTHER = 4\n\n\ndef helper(x):\n    return x\n\n\ndef unrelated():\n    return 0\n\n\n"
        "class A:\n    def __init__(self):\n        self.x = 1\n\n"
        "    @property\n    def f(self):\n        return helper(LIMIT)\n\n    def g(self):\n        return 1\n"
    )
    text = "\n".join(outlined(source, "A.f", {"helper", "LIMIT"}))
    assert all(part in text for part in ("import re", "LIMIT = 3", "    return x", "class A:", "@property", "helper(LIMIT)"))
    assert all(part not in text for part in ("OTHER", "unrelated", "def g"))


def test_what_was_read_goes_before_what_a_search_has_found() -> None:
    """A broad search can't push out a file that was read, and repeats nothing of it."""
    read = Evidence(source="a.py:1-100", text="the proof", why="read by the planner")
    hits = [Evidence(source=f"b.py:{n}", text=f"hit {n}", why="holds 'x'") for n in range(500)]
    inside = Evidence(source="a.py:7", text="a line of it", why="holds 'x'")
    first, second = evidence_for_answer([read, inside, *hits])
    assert (first.title, first.text) == ("a.py:1-100", "the proof")
    assert second.text.splitlines()[0] == "b.py:0: hit 0"
    assert len(second.text.splitlines()) == 80
