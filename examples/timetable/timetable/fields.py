"""One field of an expression: which numbers it allows."""

from collections.abc import Iterable
from dataclasses import dataclass


class BadExpression(ValueError):
    """The text is no schedule; the message names the field and what is wrong with it."""


@dataclass(frozen=True)
class FieldKind:
    """What a field may hold."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    """Three-letter names of the values, from `first` on."""

    @property
    def size(self) -> int:
        """How many values there are."""
        return self.last - self.first + 1


MINUTE = FieldKind("minute", 0, 59)
HOUR = FieldKind("hour", 0, 23)
DAY = FieldKind("day", 1, 31)
MONTH = FieldKind("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))
WEEKDAY = FieldKind("weekday", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"))


def parse_field(text: str, kind: FieldKind) -> tuple[int, ...]:
    """The values that a field allows, ascending. Raises `BadExpression`."""
    allowed: set[int] = set()
    for part in text.split(","):
        allowed.update(parse_part(part, kind))
    return tuple(sorted(allowed))


def parse_part(part: str, kind: FieldKind) -> Iterable[int]:
    """One item of a list: `*`, `5`, `1-5`, `*/15`, `10-40/10`, `5/20` (from 5 to the end)."""
    span, slash, step_text = part.partition("/")
    step = parse_step(step_text, kind) if slash else 1
    first, last = parse_span(span, kind, to_the_end=bool(slash))
    if first <= last:
        return range(first, last + 1, step)
    over_the_end = range(first, last + kind.size + 1, step)
    return [kind.first + (value - kind.first) % kind.size for value in over_the_end]


def parse_step(text: str, kind: FieldKind) -> int:
    """The number after a slash."""
    if not text.isdecimal() or int(text) == 0:
        raise BadExpression(f"{kind.name}: the step {text!r} is not a positive number")
    return int(text)


def parse_span(text: str, kind: FieldKind, *, to_the_end: bool) -> tuple[int, int]:
    """First and last value of `*`, of a single value or of a range."""
    if text == "*":
        return kind.first, kind.last
    low, dash, high = text.partition("-")
    first = parse_value(low, kind)
    if dash:
        return first, parse_value(high, kind)
    return first, kind.last if to_the_end else first


def parse_value(text: str, kind: FieldKind) -> int:
    """A number or a name."""
    if text.lower() in kind.names:
        return kind.first + kind.names.index(text.lower())
    if not text.isdecimal():
        raise BadExpression(f"{kind.name}: {text!r} is neither a number nor a known name")
    value = int(text)
    if kind is WEEKDAY and value == 7:
        return 0  # Sunday has two numbers
    if not kind.first <= value <= kind.last:
        raise BadExpression(f"{kind.name}: {value} is not between {kind.first} and {kind.last}")
    return value
