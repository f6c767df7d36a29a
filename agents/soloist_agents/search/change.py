"""What an edit is: pieces of the function's text replaced by other text."""

import re
from collections.abc import Sequence
from typing import NamedTuple

TOKEN = re.compile(r"\w+|[^\w\s]")
NOTE_WIDTH = 60


class Splice(NamedTuple):
    """Replace `text[start:end]` of the function by `new`; an insertion has `start == end`."""

    start: int
    end: int
    new: str


class Change(NamedTuple):
    """One way in which an operator would change the function."""

    splices: tuple[Splice, ...]
    weight: float = 1.0
    """How likely it is beside the other changes of the same operator."""


class Edit(NamedTuple):
    """A change with its place in the order: the lower the cost, the earlier it is tried."""

    operator: str
    splices: tuple[Splice, ...]
    cost: float

    def touches(self, other: "Edit") -> bool:
        """True where both can't be made at once, because they replace or fill the same piece of text."""
        return any(_overlap(mine, theirs) for mine in self.splices for theirs in other.splices)

    def joined(self, other: "Edit") -> "Edit":
        """Both edits as one."""
        return Edit(f"{self.operator} + {other.operator}", self.splices + other.splices, self.cost + other.cost)


def apply(text: str, splices: Sequence[Splice]) -> str:
    """The text after all splices, which must not overlap."""
    pieces: list[str] = []
    done = 0
    for splice in sorted(splices):
        pieces += (text[done : splice.start], splice.new)
        done = splice.end
    return "".join((*pieces, text[done:]))


def size(text: str, splices: Sequence[Splice]) -> int:
    """How many tokens change."""
    return sum(max(len(old), len(new)) for old, new in (_differing(text[s.start : s.end], s.new) for s in splices))


def describe(text: str, splices: Sequence[Splice], first_line: int) -> str:
    """The edit for people, for example "line 12: `<` → `<=`". `first_line` is the file's line of the text's first."""
    return "; ".join(_describe_one(text, splice, first_line) for splice in sorted(splices))


def _describe_one(text: str, splice: Splice, first_line: int) -> str:
    old, new = text[splice.start : splice.end], splice.new
    where = splice.start + len(old) - len(old.lstrip()) if old.strip() else splice.start
    line = f"line {first_line + text.count(chr(10), 0, where)}"
    if not old.strip():
        return f"{line}: insert {_quoted(new)}"
    if not new.strip():
        return f"{line}: delete {_quoted(old)}"
    return f"{line}: {_quoted(old)} → {_quoted(new)}"


def _quoted(code: str) -> str:
    flat = " ".join(code.split())
    return f"`{flat if len(flat) <= NOTE_WIDTH else flat[: NOTE_WIDTH - 1] + '…'}`"


def _overlap(one: Splice, two: Splice) -> bool:
    if one.start == one.end and two.start == two.end:
        return one.start == two.start
    return one.start < two.end and two.start < one.end


def _differing(old: str, new: str) -> tuple[list[str], list[str]]:
    """Both token lists without what they share at either end."""
    a, b = TOKEN.findall(old), TOKEN.findall(new)
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    return a, b
