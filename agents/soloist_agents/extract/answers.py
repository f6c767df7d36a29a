"""Are two answers the same? Plain numbers and words are compared here, everything else by computer algebra, apart and bounded."""

import re
from fractions import Fraction

from soloist_agents.extract.algebra import equal_in_algebra
from soloist_agents.extract.boxed import cleaned, is_placeholder

LONGEST = 400
"""Characters of an answer that algebra looks at."""
ROUNDING = Fraction(1, 2_000_000)
"""Half of the sixth decimal: a decimal fraction may be rounded there."""

_NUMBER = re.compile(r"([-+]?)(\d{1,60}|\d{1,3}(?:,\d{3}){1,19})?(\.\d{1,60})?(?:/(\d{1,60}))?")
_FRACTION = re.compile(r"([-+]?)\\frac(?:\{(-?\d{1,60})\}\{(-?\d{1,60})\}|(\d)(\d))")
_WORDS = re.compile(r"[^\W\d_]{4,}(?: [^\W\d_]+)*")
_HOSTILE = re.compile(
    r"\d{80}|(?:\^|\*\*)\s*[({]*\s*-?[\d,]{5}|(?:\^|\*\*)[^,=+]{0,80}(?:\^|\*\*)[^,=+]{0,80}(?:\^|\*\*)|\d(?:\^|\*\*)[({]*\d+[({]*(?:\^|\*\*)"
    r"|\d{4}\)*!|!\s*\)*!|__|\\(?:input|write|def|let|csname|sum|prod|int|lim)(?![a-z])"
)


def same_answer(a: str, b: str) -> bool:
    """True when both are known to be the same value: `\\frac{1}{2}` and `0.5`, `x=5` and `5`, `\\text{(A)}` and `A`.

    A percent sign may mean the number or its hundredth; decimals agree to six places; units and order within a set don't matter.
    An empty, over-long or hostile answer (a tower of powers, a huge factorial) is the same only as its own text. Never executes
    what it is given, never raises; takes microseconds for plain values, some milliseconds for algebra after its first use, and
    at most `algebra.SECONDS` in all. In an event loop, call it through `asyncio.to_thread`.
    """
    if len(a) > LONGEST or len(b) > LONGEST:
        return a.strip() == b.strip() != ""
    one, two = _canonical(a), _canonical(b)
    if is_placeholder(one) or is_placeholder(two):
        return False
    if one == two:
        return True
    known = _decided(a, b, one, two)
    if known is not None:
        return known
    return not _HOSTILE.search(one) and not _HOSTILE.search(two) and equal_in_algebra(_latex(one), _latex(two))


def _decided(a: str, b: str, one: str, two: str) -> bool | None:
    """Without algebra, where that is enough."""
    first, second = _number(one), _number(two)
    if first is not None and second is not None:
        exact = not ("." in one or "." in two)
        pairs = [(x, y) for x in _readings(first, a) for y in _readings(second, b)]
        return any(x == y if exact else abs(x - y) < ROUNDING for x, y in pairs)
    if _WORDS.fullmatch(one) or _WORDS.fullmatch(two):
        return one.casefold() == two.casefold()
    return None


def _readings(number: Fraction, written: str) -> tuple[Fraction, ...]:
    return (number, number / 100) if "%" in written else (number,)


def _number(text: str) -> Fraction | None:
    if match := _FRACTION.fullmatch(text):
        over, under = Fraction(match[2] or match[4]), int(match[3] or match[5])
    elif (match := _NUMBER.fullmatch(text)) and (match[2] or match[3]):
        over, under = Fraction((match[2] or "0").replace(",", "") + (match[3] or "")), int(match[4] or 1)
    else:
        return None
    return Fraction(over, under) * (-1 if match[1] == "-" else 1) if under else None


def _canonical(answer: str) -> str:
    answer = re.sub(r"\\(?:left|right|displaystyle|limits)(?![a-zA-Z])", "", cleaned(answer)).replace("{,}", ",")
    answer = re.sub(r"\\[dtc]frac(?![a-zA-Z])", r"\\frac", answer).replace("\u2212", "-")
    answer = answer if _WORDS.fullmatch(answer) else re.sub(r"(?<!\w) | (?!\w)", "", answer)
    single = re.fullmatch(r"\(([A-Za-z])\)", answer)
    return single[1] if single else answer


def _latex(answer: str) -> str:
    """Powers and products as LaTeX writes them, for answers that are written as a program would."""
    answer = re.sub(r"(?:\*\*|\^)(-?\d+|\(-?\d+\))", lambda match: "^{" + match[1].strip("()") + "}", answer)
    return answer.replace("**", "^").replace("*", r"\cdot ")
