"""What a question demands of any answer, whatever the right one is."""

import re
from fractions import Fraction

from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.claims.rational import value_of

_AMOUNT = re.compile(r"\bhow (?:many|much|far|long|old|tall|high|big|large|heavy|deep|wide|often|fast)\b", re.IGNORECASE)
_COUNT = re.compile(r"\bhow many (?:more |fewer |less |other |total |additional |extra )*(?P<what>[a-z]+)", re.IGNORECASE)
_LONG = re.compile(r"\.\d{3,}\s*\Z")
_MEASURE = re.compile(
    r"(?:hour|minute|second|day|week|month|year|decade|mile|kilomet(?:er|re)|met(?:er|re)|centimet(?:er|re)|yard|pound|ounce|gram"
    r"|kilogram|kilo|ton|lit(?:er|re)|millilit(?:er|re)|gallon|quart|pint|cup|tablespoon|teaspoon|dollar|cent|euro|percent|degree"
    r"|acre|hectare|time|calorie|unit|point)s?|centuries|feet|inches|square|cubic|mph|km|cm|mm|kg",
    re.IGNORECASE,
)
"""May come in parts, though they are asked for by "how many"."""
_SHARED = re.compile(r"\b(?:average|mean|per|each|every|ratio|rate|fraction)\b", re.IGNORECASE)
"""What is shared out may come in parts too."""


def demands(question: str, answer: str) -> tuple[Claim, ...]:
    """Claims about a numerical answer, settled: kinds "non-negative" and "short" (an amount), "whole" (a count).

    Only the last sentence that asks is read. None where the answer is no number or nothing is demanded. English alone.
    """
    value = value_of(answer.replace(",", "").replace("$", "").strip() or "none")
    asked = _asking(question)
    if value is None or not _AMOUNT.search(asked):
        return ()
    found = [
        _claim("non-negative", "an amount is not below zero", value >= 0),
        _claim("short", "an amount is told with two decimals at most", not _LONG.search(answer)),
    ]
    count = _COUNT.search(asked)
    if count and not _MEASURE.fullmatch(count["what"]) and not _SHARED.search(asked[count.end() :]):
        found.append(_claim("whole", f"a number of {count['what']} is whole", _whole(value)))
    return tuple(found)


def _asking(question: str) -> str:
    sentences = re.split(r"(?<=[.!?])\s+", question[-5_000:].strip())
    asking = [sentence for sentence in sentences if _AMOUNT.search(sentence)]
    return asking[-1] if asking else ""


def _whole(value: Fraction) -> bool:
    return abs(value - round(value)) <= Fraction(1, 1_000_000)


def _claim(kind: str, text: str, holds: bool) -> Claim:
    return Claim(text=text, verdict="true" if holds else "false", kind=kind, by="execution")
