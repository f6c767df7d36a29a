"""Which calls tell the programs for one function apart: those of the tests and examples, variations on them, and guesses."""

import ast
from collections.abc import Sequence
from typing import Final

from soloist_sandbox.contract import Value

from soloist_agents.selection.behaviour_claims import Claim, claims_of, examples_of
from soloist_agents.selection.behaviour_inputs import varied
from soloist_agents.selection.behaviour_signature import fitting

STATED: Final = 150
"""Calls taken from generated tests, at most."""
VARIED: Final = 40
"""Inputs made from the examples, and as many from the tests."""
GUESSED: Final = 40
"""Inputs made from the signature."""


class Question(Value):
    """One function that programs were written for."""

    path: str
    """The file that holds it, relative to the workspace; every program is the whole text of this file."""
    function: str
    """Its name; `Class.method` for a static or class method."""
    source: str = ""
    """Python that defines the function's signature, as far as it is known; the bodies are not looked at."""
    claims: tuple[Claim, ...] = ()
    """Generated: they may be wrong."""
    examples: tuple[Claim, ...] = ()
    """Given by whoever asked."""

    @property
    def calls(self) -> tuple[str, ...]:
        """Arguments of the calls to make, all different, at most 310 and the examples' own; the same each time."""
        given = list(dict.fromkeys(claim.arguments for claim in self.examples))
        stated = list(dict.fromkeys(claim.arguments for claim in self.claims))[:STATED]
        guessed = fitting(self.source, self.function, GUESSED)
        return tuple(dict.fromkeys([*given, *stated, *varied(given, VARIED), *varied(stated, VARIED), *guessed]))


def question(path: str, function: str, source: str, tests: Sequence[str] = (), counts: Sequence[int] | None = None) -> Question:
    """A question from a prompt (`source`, with or without a body) and sources of generated tests.

    The docstring's examples become the given ones. `counts`: how often each test was written.
    """
    text = _parsable(source)
    return Question(
        path=path,
        function=function,
        source=text,
        claims=claims_of(tests, function, counts),
        examples=examples_of(docstring(text, function), function),
    )


def docstring(source: str, function: str) -> str:
    """The first string that stands alone in the function's body; "" where there is none, or no such function."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function.rpartition(".")[2]:
            for part in node.body:
                if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str):
                    return part.value.value
    return ""


def _parsable(source: str) -> str:
    """A prompt ends where the body should begin."""
    for text in (source, f"{source.rstrip()}\n    pass\n"):
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return text
    return ""
