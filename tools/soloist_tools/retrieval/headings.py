"""The sections of Markdown and reStructuredText, and the paragraphs of plain text, as definitions."""

import re
from collections.abc import Sequence

from soloist_tools.retrieval.definitions import Definition

_ATX = re.compile(r" {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_RULE = re.compile(r"([=\-~^\"'`#*+.:_])\1{2,}\s*$")
_PARAGRAPH_LINES = 40
"""Paragraphs are gathered up to this many lines: single ones say too little."""


def markdown_sections(lines: Sequence[str]) -> tuple[Definition, ...]:
    """One definition for each heading, up to the next one; its name carries the headings above it."""
    starts: list[tuple[int, int, str]] = []
    fence = ""
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1][:3]
        elif mark and mark[1].startswith(fence):
            fence = ""
        elif not fence and (heading := _ATX.match(line)):
            starts.append((number, len(heading[1]), heading[2]))
        elif not fence and number > 1 and lines[number - 2].strip() and re.fullmatch(r"(=+|-{3,})\s*", line):
            starts.append((number - 1, 1 if line[0] == "=" else 2, lines[number - 2].strip()))
    return _sections(starts, len(lines))


def rst_sections(lines: Sequence[str]) -> tuple[Definition, ...]:
    """The same for reStructuredText: the order in which underlines appear gives their levels."""
    starts: list[tuple[int, int, str]] = []
    order: list[str] = []
    for number, line in enumerate(lines, 1):
        title = lines[number - 2].rstrip() if number > 1 else ""
        if not title.strip() or title[:1].isspace() or _RULE.fullmatch(title):
            continue
        if not _RULE.fullmatch(line) or len(line.rstrip()) < len(title):
            continue
        over = number > 2 and lines[number - 3].rstrip() == line.rstrip()
        style = line[0] + ("over" if over else "")
        if style not in order:
            order.append(style)
        starts.append((number - (2 if over else 1), order.index(style), title.strip()))
    return _sections(starts, len(lines))


def paragraphs(lines: Sequence[str]) -> tuple[Definition, ...]:
    """Runs of paragraphs, broken at empty lines."""
    found: list[Definition] = []
    first = 1
    for number, line in enumerate(lines, 1):
        if not line.strip() and number - first >= _PARAGRAPH_LINES:
            found.append(Definition("", "text", first, number))
            first = number + 1
    if first <= len(lines):
        found.append(Definition("", "text", first, len(lines)))
    return tuple(found)


def _sections(starts: Sequence[tuple[int, int, str]], count: int) -> tuple[Definition, ...]:
    found: list[Definition] = []
    above: list[tuple[int, str]] = []
    for place, (first, level, title) in enumerate(starts):
        above = [(upper, name) for upper, name in above if upper < level] + [(level, title)]
        last = starts[place + 1][0] - 1 if place + 1 < len(starts) else count
        found.append(Definition(" > ".join(name for _, name in above), "section", first, max(first, last)))
    return tuple(found)
