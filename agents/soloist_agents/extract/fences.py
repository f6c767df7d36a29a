"""Fenced blocks, as models write them."""

import re
from dataclasses import dataclass
from itertools import islice

_FENCE = re.compile(r"^((?:[ \t]*(?:[-*+]|\d{1,3}[.)])(?=[ \t]))?[ \t]*)(`{3,}|~{3,})([^\n]*)$")
_TEXTS = frozenset({"markdown", "md"})


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block."""

    info: str
    """The language, in lower case: "" where none is named."""
    code: str
    """Without the fence's own indentation, blank lines at both ends left out, ending in a line feed; "" when there is none."""
    closed: bool
    """False where the text ended first, or another block began."""
    first_line: int
    """Of the opening fence, from 0."""
    wider: tuple[str, ...] = ()
    """The same block read on to a later closing fence, nearest first: code whose own strings hold fences needs it."""


MOST_WIDER = 4
_AHEAD = 60
"""Fence lines that are looked at to find a block's end: keeps the work linear."""


def fenced_blocks(text: str) -> tuple[Fence, ...]:
    """All blocks in order, of backticks and of tildes, indented ones and those in lists; the last may lack its end.

    A fence that names a language inside an open block begins a new one, and a closing fence may stand at the end of a line of
    code: models write both. Blocks inside a block of Markdown come out too.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    marks = [(number, _Mark(match)) for number, line in enumerate(lines) if (match := _FENCE.match(line))]
    found: list[Fence] = []
    line = 0
    for place, (number, mark) in enumerate(marks):
        if number < line:
            continue
        block, line = _block(lines, number, mark, marks[place + 1 : place + _AHEAD])
        if block.info in _TEXTS:
            line = number + 1 if mark.length == 3 else line
            found += fenced_blocks(block.code) if mark.length > 3 else ()
        else:
            found.append(block)
    return tuple(found)


class _Mark:
    """A line that opens or closes a block."""

    def __init__(self, match: re.Match[str]) -> None:
        self.indent = len(match[1].expandtabs(4))
        self.listed = bool(match[1].strip())
        self.sign, self.length = match[2][0], len(match[2])
        self.plain = match[2] == "```"
        self.info = match[3].strip()
        self.inline = self.sign in self.info
        """Code on the fence's own line, or a span of code that only looks like a fence."""

    def closes(self, other: "_Mark") -> bool:
        return (
            not self.info
            and not self.listed
            and self.sign == other.sign
            and self.length >= other.length
            and self.indent <= other.indent + 3
        )

    def begins_anew(self, other: "_Mark") -> bool:
        """A named block inside an unnamed or unclosed one of the same kind."""
        fits = self.sign == other.sign and self.length == other.length and self.indent <= other.indent + 3
        return bool(self.info) and not self.inline and fits and " " not in self.info


def _block(lines: list[str], number: int, mark: _Mark, later: list[tuple[int, _Mark]]) -> tuple[Fence, int]:
    """The block that begins here, and the line after it."""
    closers = list(islice((at for at, other in later if other.closes(mark)), 1 + MOST_WIDER))
    last = later[-1][0] if len(later) == _AHEAD - 1 else len(lines)
    anew = next((at for at, other in later if other.begins_anew(mark)), last)
    info, beside = _info(mark)
    end = min([*closers[:1], anew])
    late = next((at for at in range(number + 1, end) if _closes_late(lines[at])), None) if mark.plain else None
    if mark.inline:
        return Fence(info, beside, True, number), number + 1
    code = [beside, *lines[number + 1 : end]] if beside else lines[number + 1 : end]
    wider = tuple(_code(lines[number + 1 : at], mark.indent) for at in closers[1:])
    if late is not None:
        return _closed_late(lines, number, late, mark, info, (_code(code, mark.indent), *wider))
    closed = bool(closers) and end == closers[0]
    return Fence(info, _code(code, mark.indent), closed, number, wider), end + 1 if closed else end


def _closes_late(line: str) -> bool:
    line = line.strip()
    return len(line) > 3 and line.endswith("```") and line.count("`") == 3


def _closed_late(lines: list[str], number: int, late: int, mark: _Mark, info: str, wider: tuple[str, ...]) -> tuple[Fence, int]:
    """The closing fence stands behind the last line of code."""
    last = lines[late].rstrip()[:-3]
    return Fence(info, _code([*lines[number + 1 : late], last], mark.indent), True, number, wider), late + 1


def _info(mark: _Mark) -> tuple[str, str]:
    """The language, and code that stands on the opening line."""
    first, _, rest = mark.info.partition(" ")
    word = first.strip("{}.").lower()
    if mark.inline:
        inside = mark.info.rstrip(mark.sign).rstrip()
        named = re.match(r"(?:python3?|py)\s+", inside)
        return ("python", inside[named.end() :] + "\n") if named else ("", inside + "\n")
    if word in ("python", "py", "python3") and re.match(r"(?:def|class|import|from|async|@)\b", rest.strip()):
        return word, rest.strip()
    if first in ("def", "class", "import", "from", "async"):
        return "", mark.info
    return word, ""


def _code(lines: list[str], indent: int) -> str:
    """The lines without as much indentation as the fence has, and without blank lines at the ends."""
    lines = [_less(line, indent) for line in lines] if indent else list(lines)
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[filled[0] : filled[-1] + 1]) + "\n" if filled else ""


def _less(line: str, indent: int) -> str:
    blanks = len(line) - len(line.lstrip(" \t"))
    lead = line[:blanks].expandtabs(4)
    return lead[min(indent, len(lead)) :] + line[blanks:]
