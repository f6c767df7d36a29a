"""Programs and functions from final answers."""

import time

import pytest
from soloist_agents.extract import fenced_blocks, function_source, python_program

ADD = "def add(a, b):\n    return a + b\n"
TWICE = "def twice(x):\n    return add(x, x)\n"


def fence(code: str, info: str = "python") -> str:
    return f"```{info}\n{code}```\n"


@pytest.mark.parametrize(
    "text",
    [
        fence(ADD),
        fence(ADD, "py"),
        fence(ADD, "Python"),
        fence(ADD, ""),
        fence(ADD, "python title=add.py"),
        f"~~~python\n{ADD}~~~",
        f"```python\n{ADD}",
        f"```python\n{ADD.rstrip()}```",
        f"````markdown\n# Title\n{fence(ADD)}````\n",
        "- So:\n\n  ```python\n  def add(a, b):\n      return a + b\n  ```\n",
        "- ```python\n  def add(a, b):\n      return a + b\n  ```\n",
        "```python\n    def add(a, b):\n        return a + b\n```",
        fence(ADD).replace("\n", "\r\n"),
        fence("def draft(:\n") + "Better:\n" + fence(ADD),
        f"```python\ndef draft(): ...\n\nNo, so:\n{fence(ADD)}",
        fence(ADD) + "It prints:\n" + fence("[1, 2]\n", ""),
        fence(ADD) + "In a shell:\n" + fence("pip install x\n", "bash"),
        fence(ADD) + fence(">>> add(1, 2)\n3\n"),
        ADD,
        f"Here is the function.\n\n{ADD}\nIt runs in constant time.\n",
        f"Here it is:\n{ADD}\nComplexity: O(1)\n",
        f"[PYTHON]\n{ADD}[/PYTHON]\n",
    ],
)
def test_program_comes_out_exactly(text: str) -> None:
    """However a model sets its program in text, exactly the program comes out."""
    assert python_program(text, "add") == ADD
    assert python_program(text) == ADD


def test_fence_in_a_string() -> None:
    """A fence inside the program's own strings doesn't end it."""
    inner = 'TEXT = """\n```\nx\n```\n"""\n\n\n' + ADD
    assert python_program(fence(inner), "add") == inner
    deep = 'def add(a, b):\n    """Say:\n\n    ```python\n    add(1, 2)\n    ```\n    """\n    return a + b\n'
    assert python_program(fence(deep), "add") == deep


def test_name_chooses() -> None:
    """The last fence that defines the name counts, not an example of its use after it."""
    text = fence("def add(a, b):\n    return 0\n") + "Wrong. So:\n" + fence(ADD) + "Use:\n" + fence("print(add(1, 2))\n")
    assert python_program(text, "add") == ADD
    assert python_program(text, "subtract") is None


def test_fences_that_belong_together() -> None:
    """What the chosen fence reads is taken from the other fences, and stands before it."""
    text = fence("import math\n") + fence(ADD) + "and\n" + fence(TWICE) + fence("unused = 1\n")
    assert python_program(text, "twice") == ADD + "\n" + TWICE


def test_methods() -> None:
    """A method may stand in its class or alone."""
    whole = "class Stack:\n    def push(self, x):\n        self.items.append(x)\n"
    alone = "def push(self, x):\n    self.items.append(x)\n"
    assert python_program(fence(whole), "Stack.push") == whole
    assert python_program(fence(alone), "Stack.push") == alone
    for program in (whole, alone):
        found = function_source(program, "Stack.push")
        assert found is not None
        assert found.function == alone


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I don't know.",
        "42",
        "Note: this",
        "[DONE]",
        ">>> add(1, 2)\n3",
        fence(">>> add(1, 2)\n3\n"),
        fence("def f(:\n"),
        fence(""),
    ],
)
def test_no_program(text: str) -> None:
    """Prose, values, transcripts and code that doesn't parse are no program."""
    assert python_program(text) is None


def test_blocks() -> None:
    """Blocks come out in order, with their language and whether they end."""
    found = fenced_blocks("```JSON\n{}\n```\n1. a\n   ~~~\n   b\n   ~~~\n```python\nc")
    assert [(block.info, block.code, block.closed) for block in found] == [
        ("json", "{}\n", True),
        ("", "b\n", True),
        ("python", "c\n", False),
    ]


PROGRAM = '''\
#!/usr/bin/env python
from __future__ import annotations

import functools
import json
import math

LIMIT = 10


def helper(x):
    return math.floor(x) + LIMIT


def unused():
    return json.dumps({})


# Cached, since it is slow.
# Very slow.
@functools.cache
def solve(x):
    """Solve."""
    return helper(x)


if __name__ == "__main__":
    print(solve(3))
'''


def test_function_with_what_it_brought() -> None:
    """A function comes with decorators and comments, and apart from it the imports and helpers that it uses."""
    found = function_source(PROGRAM, "solve")
    assert found is not None
    assert found.function == (
        '# Cached, since it is slow.\n# Very slow.\n@functools.cache\ndef solve(x):\n    """Solve."""\n    return helper(x)\n'
    )
    assert found.imports == ("from __future__ import annotations\n", "import functools\n", "import math\n")
    assert found.helpers == ("LIMIT = 10\n", "def helper(x):\n    return math.floor(x) + LIMIT\n")


def test_last_definition_counts() -> None:
    """Of two definitions of a name the last is the function, as when the program runs."""
    found = function_source("def f():\n    return 1\n\n\ndef f():\n    return 2\n", "f")
    assert found is not None
    assert found.function == "def f():\n    return 2\n"
    assert found.helpers == ()
    assert function_source("def f(:", "f") is None
    assert function_source(ADD, "g") is None


@pytest.mark.parametrize(
    "piece",
    [
        "```\n",
        "```python\n",
        "~~~\n",
        "```python\nx```\n",
        "~~~python\n```\n",
        "(\n",
        "x = (\n",
        "def f(\n",
        "'''\n",
        "- ",
        "\t",
        "-",
        "a.",
        "if x:\n",
        "```python\nx = 1\n```\n",
        "````\n```\n",
        "import a\n",
        "\\d\n",
    ],
)
def test_linear_time(piece: str) -> None:
    """A megabyte of anything takes seconds at most, and nothing is raised."""
    text = piece * (1_000_000 // len(piece))
    start = time.monotonic()
    fenced_blocks(text)
    python_program(text, "f")
    python_program(text[:150_000], "f")
    assert time.monotonic() - start < 15
