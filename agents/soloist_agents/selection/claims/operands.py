"""The expression that ends, or begins, a row of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from soloist_agents.selection.claims.tokens import Token

_QUALIFIERS = frozenset({"remainder", "rem", "mod", "modulo", "with"})
"""What comes after a number that is only part of the result: `63 / 5 = 12 remainder 3`."""
_MOST = 60
"""Tokens of one expression."""


@dataclass(frozen=True)
class Operand:
    """One side of an equation."""

    text: str
    """As it was written."""
    source: str
    """Python arithmetic; percent signs are written `/100`."""
    plain: str
    """The same with the percent signs left out: `25%` may be 25 as well."""
    units: frozenset[str]
    operators: bool
    places: int | None
    """Decimal places, where it is a single number."""
    decimal: bool
    """A decimal fraction stands in it, which may have been rounded before."""


def last_operand(row: Sequence[Token]) -> Operand | None:
    """What stands before an equals sign: the longest expression at the row's end. None where it has names in it."""
    start = len(row)
    while start > 0 and len(row) - start < _MOST and _belongs(row, start - 1):
        start -= 1
    taken = _after_open_bracket(row[start:])
    before = row[start - 1] if start and len(taken) == len(row) - start else None
    if not taken or (before and not _may_precede(before, taken)):
        return None
    return _operand(taken)


def first_operand(row: Sequence[Token]) -> Operand | None:
    """What stands after an equals sign: the longest expression at the row's start. None where it has names in it."""
    end = depth = 0
    while end < min(len(row), _MOST) and _belongs(row, end):
        depth += {"(": 1, ")": -1}.get(row[end].text, 0)
        if depth < 0:
            break
        end += 1
    taken = row[:end]
    if not taken:
        return None
    after = row[end] if end < len(row) and depth >= 0 else None
    if after is not None and after.kind == "word" and (_qualifies(after) or _is_sign(taken[-1])):
        return None
    return _operand(taken)


def _belongs(row: Sequence[Token], place: int) -> bool:
    token = row[place]
    if token.kind != "word":
        return token.kind in ("number", "operator", "percent")
    return _is_of(row, place) or _is_unit(row, place)


def _is_of(row: Sequence[Token], place: int) -> bool:
    if row[place].text != "of" or not 0 < place < len(row) - 1:
        return False
    return row[place - 1].kind == "percent" and (row[place + 1].kind == "number" or row[place + 1].text == "(")


def _is_unit(row: Sequence[Token], place: int) -> bool:
    """A word after a number, with an operator or nothing behind it."""
    before = row[place - 1] if place else None
    after = row[place + 1] if place + 1 < len(row) else None
    return (
        before is not None
        and (before.kind in ("number", "percent") or before.text == ")")
        and row[place].spaced
        and len(row[place].text) > 1
        and row[place].text not in _QUALIFIERS
        and (after is None or (after.kind == "operator" and after.text != "("))
    )


def _may_precede(before: Token, taken: Sequence[Token]) -> bool:
    if before.kind != "word":
        return before.kind == "break"
    if len(before.text) == 1 and before.text not in "aAI":
        return taken[0].kind == "number" and taken[0].spaced
    if taken[0].text == "(" and not taken[0].spaced:
        return False  # a call
    return taken[0].spaced and (not _is_sign(taken[0]) or (len(taken) > 1 and not taken[1].spaced))


def _qualifies(word: Token) -> bool:
    return not word.spaced or len(word.text) == 1 or word.text in _QUALIFIERS


def _is_sign(token: Token) -> bool:
    return token.kind == "operator" and token.text not in "()"


def _after_open_bracket(row: Sequence[Token]) -> Sequence[Token]:
    depth = 0
    for place in range(len(row) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(row[place].text, 0)
        if depth < 0:
            return row[place + 1 :]
    return row


def _operand(row: Sequence[Token]) -> Operand | None:
    source, plain, units = [], [], set()
    for token in row:
        if token.kind == "word" and token.text != "of":
            units.add(token.text.lower().rstrip("s"))
        elif token.kind == "percent":
            source.append("/100")
        else:
            sign = "*" if token.text == "of" else token.text
            source.append(sign)
            plain.append(sign)
    numbers = [token.text for token in row if token.kind == "number"]
    if not numbers:
        return None
    single = len(numbers) == 1 and all(part in "()+-" or part == numbers[0] for part in plain)
    return Operand(
        text="".join((" " if token.spaced else "") + token.text for token in row).strip(),
        source=" ".join(source),
        plain=" ".join(plain),
        units=frozenset(units),
        operators=not single,
        places=len(numbers[0].partition(".")[2]) if single else None,
        decimal=any("." in number for number in numbers),
    )
