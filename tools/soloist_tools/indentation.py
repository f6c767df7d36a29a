"""Moving Python code left and right without touching what is inside its strings."""

import io
import tokenize
from collections.abc import Iterator, Sequence

_OPENING = tuple(getattr(tokenize, name) for name in ("FSTRING_START", "TSTRING_START") if hasattr(tokenize, name))
_CLOSING = tuple(getattr(tokenize, name) for name in ("FSTRING_END", "TSTRING_END") if hasattr(tokenize, name))


def leading(line: str) -> str:
    """The white space that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t\f"))]


def inside_strings(lines: Sequence[str]) -> frozenset[int]:
    """Numbers, from 0, of the lines that begin inside a string: their white space is content.

    The lines must be complete Python, indented or not. Raises ValueError.
    """
    if not may_hold_long_string(lines):
        return frozenset()
    text = "\n".join(lines) + "\n"
    indented = bool(leading(lines[0]))
    found: set[int] = set()
    begun: list[int] = []
    for token in _tokens("if 1:\n" + text if indented else text):
        first, last = token.start[0] - indented, token.end[0] - indented
        if token.type in _OPENING:
            begun.append(first)
        elif token.type in _CLOSING:
            found.update(range(begun.pop(), last))
        elif token.type == tokenize.STRING:
            found.update(range(first, last))
    return frozenset(found)


def may_hold_long_string(lines: Sequence[str]) -> bool:
    """A quick look that is never wrong when it says no; tokenising is the slow part."""
    return any('"""' in line or "'''" in line or line.endswith("\\") for line in lines)


def outdented(lines: Sequence[str]) -> list[str]:
    """The lines moved left by the indentation of the first one. Raises ValueError."""
    prefix = leading(lines[0])
    if not prefix:
        return list(lines)
    inside = inside_strings(lines)
    return [line if number in inside else line.removeprefix(prefix) for number, line in enumerate(lines)]


def indented_like(lines: Sequence[str], unit: str) -> list[str]:
    """The lines with each level of indentation written as one more `unit`. Raises ValueError."""
    inside = inside_strings(lines)
    text = "\n".join(lines) + "\n"
    # Levels by rank, not by depth: strictly rising, so that blocks stay blocks where depths are indented unevenly.
    levels = sorted({token.string for token in _tokens(text) if token.type == tokenize.INDENT}, key=len)
    return [line if number in inside else _moved(line, levels, unit) for number, line in enumerate(lines)]


def _moved(line: str, levels: list[str], unit: str) -> str:
    for rank in range(len(levels), 0, -1):
        level = levels[rank - 1]
        if line.startswith(level):
            return unit * rank + line[len(level) :]
    return line


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError) as error:
        raise ValueError(f"not valid Python: {error.args[0]}") from None
