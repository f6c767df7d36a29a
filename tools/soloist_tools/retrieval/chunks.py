"""Splitting a file into chunks at its own seams: functions, classes, sections. Every line with words is in one chunk."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from soloist_tools.retrieval.definitions import Definition, definitions
from soloist_tools.retrieval.headings import markdown_sections, paragraphs, rst_sections
from soloist_tools.retrieval.languages import GRAMMARS, language

WHOLE_LINES = 12
"""A class of at most this many lines stays one chunk."""
MOST_LINES = 120
"""A longer piece is cut into windows of equal length."""

# Of any language, decorators and annotations too; `#include` and its like are none.
_COMMENT = re.compile(r"\s*(?:#(?!(?:include|define|undef|if|elif|else|endif|pragma|error|import)\b)|//|/\*|\*|@|--|;)")
_WORDS = re.compile(r"\w")
_LINE_END = re.compile(r"\r\n|\r|\n")  # what editors and git take for a line end; str.splitlines knows more kinds


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one file."""

    path: str
    first: int
    """Line, from 1."""
    last: int
    """Line, included."""
    symbol: str
    """Dotted name, heading, or "" between definitions."""
    kind: str
    text: str


def decoded(raw: bytes) -> str:
    """The text of a file; what can't be decoded is replaced."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    return raw.decode("utf-8-sig", "replace")


def chunks(path: str, raw: bytes) -> tuple[Chunk, ...]:
    """The chunks of a file, in order of their lines, none overlapping. Never raises on what a file may hold."""
    text = decoded(raw)
    lines = _LINE_END.split(text)
    pieces = _cover(_seams(path, text, lines), 1, len(lines), lines, "", "module")
    return tuple(
        Chunk(path, first, last, symbol, kind, "\n".join(lines[first - 1 : last]))
        for piece in pieces
        for first, last, symbol, kind in _windows(*piece)
        if _has_words(lines, first, last)
    )


def _seams(path: str, text: str, lines: Sequence[str]) -> tuple[Definition, ...]:
    name = language(path)
    if name in GRAMMARS:
        return definitions(text.encode("utf-8", "replace"), name)
    if name == "markdown":
        return markdown_sections(lines)
    return rst_sections(lines) if name == "rst" else paragraphs(lines)


_Piece = tuple[int, int, str, str]


def _cover(parts: Sequence[Definition], first: int, last: int, lines: Sequence[str], owner: str, kind: str) -> Iterator[_Piece]:
    """Every line from `first` to `last`: the definitions, and what stands between them under their owner's name."""
    at = first
    for part in parts:
        if part.last < at:
            continue  # several definitions on one line
        begins = max(part.first, at)
        while begins > at and _COMMENT.match(lines[begins - 2]):
            begins -= 1
        if begins > at:
            yield at, begins - 1, owner, kind
        name = f"{owner}.{part.name}" if owner else part.name
        if part.inner and part.last - part.first >= WHOLE_LINES:
            yield from _cover(part.inner, begins, part.last, lines, name, part.kind)
        else:
            yield begins, part.last, name, part.kind
        at = part.last + 1
    if at <= last:
        yield at, last, owner, kind


def _windows(first: int, last: int, symbol: str, kind: str) -> Iterator[_Piece]:
    count = -(-(last - first + 1) // MOST_LINES)
    size = -(-(last - first + 1) // max(count, 1))
    for begins in range(first, last + 1, max(size, 1)):
        yield begins, min(begins + size - 1, last), symbol, kind


def _has_words(lines: Sequence[str], first: int, last: int) -> bool:
    return any(_WORDS.search(line) for line in lines[first - 1 : last])
