"""The lines of a file that are most like the ones which were searched for in vain. Bounded in time for any input."""

import difflib
import heapq
import re
from collections import Counter
from collections.abc import Mapping, Sequence

_SHOWN_LINES = 12
_SHOWN_WIDTH = 160
_COMPARED = 40
_VOTING = 200
_EXACT = 5
_WORD = re.compile(r"\w+")


def closest(lines: Sequence[str], wanted: Sequence[str]) -> str:
    """The most similar place, as numbered lines for a model to copy; empty when nothing is similar."""
    first = _best_window(lines, wanted)
    if first is None:
        return ""
    size = min(len(wanted), _SHOWN_LINES)
    shown = range(max(0, first), min(len(lines), first + size))
    text = "\n".join(f"{number + 1:>5} | {lines[number][:_SHOWN_WIDTH]}" for number in shown)
    return f"The most similar lines of the file (number | line) are\n{text}{_hint(lines, wanted, first)}"


def _hint(lines: Sequence[str], wanted: Sequence[str], first: int) -> str:
    for number, line in enumerate(wanted):
        there = lines[first + number] if 0 <= first + number < len(lines) else None
        if there == line:
            continue
        if there is None:
            return "\nThe file ends there."
        why = ", in white space only" if there.split() == line.split() else ""
        return f"\nThe first line that differs{why}: line {number + 1} of SEARCH, {line[:_SHOWN_WIDTH]!r}"
    return ""


def _best_window(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Where most of the wanted lines stand at their distance from each other; else where one line is most alike."""
    stripped = [line.strip() for line in lines]
    places: dict[str, list[int]] = {}
    for number, line in enumerate(stripped):
        if line and len(there := places.setdefault(line, [])) < _COMPARED:
            there.append(number)
    votes = Counter(
        number - offset
        for offset, line in enumerate(wanted[:_VOTING])
        for number in places.get(line.strip(), ())
        if number >= offset
    )
    if votes:
        return max(votes, key=lambda place: (votes[place], -place))
    words = {places[line][0]: frozenset(_WORD.findall(line[:1000])) for line in places}
    found = [(_most_alike(lines, words, line), offset) for offset, line in _telling(wanted)]
    scored = [(score, number - offset) for (score, number), offset in found if score > 0.5]
    return max(0, max(scored)[1]) if scored else None


def _telling(wanted: Sequence[str]) -> list[tuple[int, str]]:
    """The longest few lines, which say most about the place."""
    return sorted(enumerate(wanted), key=lambda item: -len(item[1].strip()))[:3]


def _most_alike(lines: Sequence[str], words: Mapping[int, frozenset[str]], line: str) -> tuple[float, int]:
    """How alike, from 0 to 1, and where. Three sieves, since the exact comparison is the slow one."""
    wanted = frozenset(_WORD.findall(line[:1000]))
    sharing = heapq.nlargest(_COMPARED, words, key=lambda number: len(wanted & words[number]))
    matcher = difflib.SequenceMatcher(b=line.strip()[:_SHOWN_WIDTH], autojunk=False)

    def score(number: int, exact: bool) -> float:
        matcher.set_seq1(lines[number].strip()[:_SHOWN_WIDTH])
        return matcher.ratio() if exact else matcher.quick_ratio()

    alike = heapq.nlargest(_EXACT, sharing, key=lambda number: score(number, exact=False))
    return max(((score(number, exact=True), number) for number in alike), key=lambda item: (item[0], -item[1]), default=(0.0, 0))
