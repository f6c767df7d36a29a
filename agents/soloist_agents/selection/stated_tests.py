"""The assertions about one function that stand in a final answer: text in, text out, nothing runs."""

import ast
from collections.abc import Iterator
from typing import Final

from soloist_agents.extract.pieces import bare_pieces, fenced_pieces
from soloist_agents.selection.behaviour_claims import claims_of

MOST: Final = 20
LONGEST: Final = 1_000
"""Characters of one assertion; a longer one is left out."""


def stated_tests(text: str, function: str) -> tuple[str, ...]:
    """The last `MOST` different assertions in the text's Python that call the function once with literals, one line each.

    `function`: its name, or `Class.method`. What the function's own body asserts is no test of it. Never raises.
    """
    found: dict[str, None] = {}
    for piece in fenced_pieces(text) or bare_pieces(text):
        for node in _asserts(piece.body, function.rpartition(".")[2]):
            if (line := _line(node)) and claims_of([line], function):
                found.pop(line, None)  # said again: its last place counts
                found[line] = None
    return tuple(found)[-MOST:]


def _asserts(body: tuple[ast.stmt, ...], name: str) -> Iterator[ast.Assert]:
    """In order of the text, those inside of tests too."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            continue
        if isinstance(node, ast.Assert):
            yield node
        else:
            yield from _asserts(tuple(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)), name)


def _line(node: ast.Assert) -> str | None:
    """Without its message; None for one that is too long or nested too deep to be written."""
    try:
        line = ast.unparse(ast.Assert(test=node.test, msg=None))
    except (ValueError, RecursionError):
        return None
    return line if len(line) <= LONGEST and "\n" not in line else None
