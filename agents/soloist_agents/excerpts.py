"""What is shown of a file: all of a short one; of a long one the wanted lines, or those around names that a text speaks of."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

WHOLE = 20_000
"""Characters of a file that is still shown whole."""
MOST = 24_000
"""Characters shown of a longer one."""
AROUND = 12
"""Lines before and after a line that is wanted."""
_RANGE = re.compile(r"(?P<path>.+?)(?::(?P<first>\d+)(?:-(?P<last>\d+))?)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{3,}")
COMMON = 12
"""A name on more lines than this tells nothing about where to look."""


@dataclass(frozen=True)
class Excerpt:
    """Text of a file, and whether it is all of it."""

    text: str
    whole: bool


def path_of(file: str) -> str:
    """The path of `path` or `path:first-last`."""
    found = _RANGE.fullmatch(file)
    return found["path"] if found else file


def excerpt(content: str, wanted: Iterable[str], about: str) -> Excerpt:
    """The file, or its parts. `wanted`: entries like `path:first-last` for this file; `about`: the text whose names count."""
    ranges = [(int(found["first"]), int(found["last"] or found["first"])) for file in wanted
              if (found := _RANGE.fullmatch(file)) and found["first"]]  # fmt: skip
    if len(content) <= WHOLE and not ranges:
        return Excerpt(content, whole=True)
    lines = content.splitlines()
    if len(content) <= WHOLE and all(last - first + 1 >= len(lines) for first, last in ranges):
        return Excerpt(content, whole=True)
    chosen = _around(lines, ranges or list(_spoken_of(lines, about)))
    return Excerpt(_written(lines, chosen), whole=len(chosen) == len(lines))


def _spoken_of(lines: list[str], about: str) -> Iterator[tuple[int, int]]:
    """Lines with a name that the text speaks of and that is not everywhere in the file; the head of the file always."""
    yield 1, AROUND
    names = set(_NAME.findall(about))
    places = {name: [n for n, line in enumerate(lines, 1) if re.search(rf"\b{name}\b", line)] for name in names}
    for found in sorted(places.values(), key=len):
        if 0 < len(found) <= COMMON:
            yield from ((number, number) for number in found)


def _around(lines: list[str], ranges: list[tuple[int, int]]) -> set[int]:
    """Line numbers, as many as fit, the first ranges first."""
    chosen: set[int] = set()
    room = MOST
    for first, last in ranges:
        for number in range(max(1, first - AROUND), min(len(lines), last + AROUND) + 1):
            if number not in chosen:
                room -= len(lines[number - 1]) + 1
                if room < 0:
                    return chosen
                chosen.add(number)
    return chosen


def _written(lines: list[str], chosen: set[int]) -> str:
    """The chosen lines, with a mark for each gap."""
    parts: list[str] = []
    gap = 0
    for number, line in enumerate(lines, 1):
        if number in chosen:
            if gap:
                parts.append(f"[… lines {gap}-{number - 1} are not shown …]")
            gap = 0
            parts.append(line)
        elif not gap:
            gap = number
    if gap:
        parts.append(f"[… lines {gap}-{len(lines)} are not shown …]")
    return "\n".join(parts)
