"""When two answers are one: a cheap normal form first, the dear comparison only between forms that differ."""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from fractions import Fraction

from soloist_sandbox.values import canonical, same_value

from soloist_agents.extract import same_answer
from soloist_agents.extract.boxed import cleaned

_PLAIN = re.compile(r"[-+]?(?:\d{1,60}|\d{1,3}(?:,\d{3}){1,19})(?:\.\d{1,60})?")

_ROUNDING = Fraction(1, 1000)
"""More than `same_answer` allows decimal fractions to differ."""


@dataclass(frozen=True)
class Sameness:
    """One way to compare. Equal forms must be the same answer; answers with different forms may still be."""

    form: Callable[[str], Hashable]
    """Microseconds for one answer."""
    same: Callable[[str, str], bool]
    differ: Callable[[Hashable, Hashable], bool] = lambda one, two: False
    """True where two forms alone show that the answers differ; saves the comparison."""


def mathematical_form(answer: str) -> Hashable:
    """A plain number as an exact fraction, all else as its cleaned text. With a percent sign a number has two readings: apart."""
    text = cleaned(answer)
    if "%" not in answer and _PLAIN.fullmatch(text):
        return Fraction(text.replace(",", ""))
    return ("%", text) if "%" in answer else text


def differ_as_numbers(one: Hashable, two: Hashable) -> bool:
    """Two plain numbers further apart than any rounding."""
    return isinstance(one, Fraction) and isinstance(two, Fraction) and abs(one - two) > _ROUNDING


def literal_form(answer: str) -> Hashable:
    """A Python literal in its canonical spelling; text that is none stands for itself."""
    try:
        return canonical(answer)
    except ValueError:
        return ("text", answer.strip())


def same_literal(a: str, b: str) -> bool:
    """Equal values of equal types, as a `FunctionCheck` compares them; never raises."""
    try:
        return same_value(a, b)
    except ValueError:
        return a.strip() == b.strip()


MATHEMATICS = Sameness(mathematical_form, same_answer, differ_as_numbers)
"""Answers of mathematical problems."""
LITERALS = Sameness(literal_form, same_literal, lambda one, two: True)
"""Values of a program: order and types matter, and equal values have equal forms."""
