"""Pieces of Python in a text: what stands in its fences, or the bare code among its prose."""

import ast
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from soloist_tools.parsing import parsed

from soloist_agents.extract.fences import Fence, fenced_blocks
from soloist_agents.extract.names import bound

_PYTHON = frozenset({"python", "py", "python3", "py3", "sage", "ipython"})
_BEGINS = re.compile(
    r"from\s+[\w.]+\s+import\s|import\s+\w|(?:async\s+)?def\s+\w|class\s+\w|@\w|#|if\s.*:|for\s.*:|while\s.*:|with\s.*:|try:"
    r"|[\w.]+(?:\[.*\]|\s*,\s*\w+)*\s*(?::\s*[\w\[\], .|]+)?\s*[-+*/|&]?=(?!=)|print\(|[\w.]+\(.*\)\s*$|\"\"\"|'''"
)
MOST_CODE = 200_000
"""Characters of one piece; longer ones are no answer to anything."""
_MOST_LINE = 2_000
_MOST_BLOCKS = 200
"""Blocks of Python that are read, the last ones."""
_MOST_TRIES = 60
"""Pieces of bare code, or starts of one, that are tried."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Code that parses."""

    code: str
    body: tuple[ast.stmt, ...]
    named: bool
    """True when its fence says that it is Python."""


def fenced_pieces(text: str) -> tuple[Piece, ...]:
    """The Python in fences, in order. A fence without a language counts when what stands in it is a program."""
    blocks = [block for block in fenced_blocks(text) if block.code and (not block.info or block.info in _PYTHON)]
    return tuple(piece for piece in map(_fenced, blocks[-_MOST_BLOCKS:]) if piece)


def bare_pieces(text: str) -> tuple[Piece, ...]:
    """The Python outside any fence: all of the text where that is code, else what is left of it without the prose."""
    if len(text) > MOST_CODE:
        return ()
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    whole = _piece(text + "\n", named=False)
    if whole:
        return (whole,) if _is_program(whole.body) else ()
    return tuple(_among_prose(text.split("\n")))


def _fenced(block: Fence) -> Piece | None:
    named = block.info in _PYTHON
    for code in (block.code, *block.wider):
        piece = _piece(code, named=named)
        if piece:
            return piece if named or _is_program(piece.body) else None
    return None


def _piece(code: str, *, named: bool) -> Piece | None:
    if len(code) > MOST_CODE:
        return None
    for text in (code, textwrap.dedent(code)):
        try:
            body = parsed(text).body
        except ValueError:
            continue
        return Piece(text, tuple(body), named) if body else None
    return None


def _among_prose(lines: list[str]) -> Iterable[Piece]:
    """Runs of lines that parse and do something, prose before, between and after them left out."""
    line = tries = 0
    while line < len(lines) and tries < _MOST_TRIES:
        if len(lines[line]) < _MOST_LINE and _BEGINS.match(lines[line]):
            tries += 1
            end = _end_of_code(lines, line)
            piece = _piece("\n".join(lines[line:end]).rstrip("\n") + "\n", named=False) if end > line else None
            if piece and _is_program(piece.body):
                yield _without_labels(piece)
                line = end
                continue
        line += 1


def _end_of_code(lines: list[str], start: int) -> int:
    """The line after the longest run from `start` that parses; `start` where there is none.

    The parser names the line where it stumbles; the code ends before the statement that holds it.
    """
    end = len(lines)
    for _ in range(4):
        try:
            parsed("\n".join(lines[start:end]))
        except ValueError as error:
            stumble = _line_of(error)
            end = start + min(stumble, end - start) - 1
            while end > start and (not lines[end].strip() or lines[end][0] in " \t)]}"):
                end -= 1
        else:
            return end
        if end <= start:
            break
    return start


def _line_of(error: ValueError) -> int:
    match = re.search(r"line (\d+)", str(error))
    return int(match[1]) if match else 1


def _is_program(body: Iterable[ast.stmt]) -> bool:
    """More than words that happen to parse: it defines, binds, imports, branches or calls something."""
    return any(not _is_label(statement) for statement in body)


def _is_label(statement: ast.stmt) -> bool:
    """`Note: this`, `[DONE]`, `42` and the like."""
    if isinstance(statement, ast.AnnAssign):
        return statement.value is None
    return isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Call | ast.Await | ast.Yield | ast.YieldFrom)


def _without_labels(piece: Piece) -> Piece:
    """Without prose at the end that happens to parse, such as `Complexity: O(n)` or `[DONE]`. Strings and its own names stay."""
    body, own = list(piece.body), bound(statement for statement in piece.body if not _is_label(statement))
    while _is_label(body[-1]) and not isinstance(getattr(body[-1], "value", None), ast.Constant) and not _read(body[-1]) & own:
        body.pop()
    if len(body) == len(piece.body):
        return piece
    lines = piece.code.split("\n")[: body[-1].end_lineno]
    return Piece("\n".join(lines) + "\n", tuple(body), piece.named)


def _read(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
