"""Arithmetic that a text claims: `<<16-3=13>>` of GSM8K, `3 * 4 = 12`, chains, `20% of $50 = $10`, LaTeX."""

import re
from dataclasses import dataclass
from fractions import Fraction

from soloist_agents.selection.ballot import Claim, Truth
from soloist_agents.selection.claims.operands import Operand, first_operand, last_operand
from soloist_agents.selection.claims.rational import value_of
from soloist_agents.selection.claims.tokens import Token, tokens

MOST_TEXT = 20_000
"""Characters that are read, the last ones."""
MOST = 200
"""Claims of one text."""
NEAR = Fraction(1, 200)
"""An equation with decimal fractions in it that is off by less than this part may only carry an earlier rounding: unknown."""

_ANNOTATION = re.compile(r"<<([^<>\n]{1,200})>>[ \t]*\$?[\d,.]*\d|<<([^<>\n]{1,200})>>")


@dataclass(frozen=True)
class Equation:
    """Two sides that are said to be equal."""

    left: Operand
    right: Operand
    about: bool
    """Said with ≈."""
    annotated: bool
    """From a calculator's annotation."""

    @property
    def result(self) -> Fraction | None:
        """The value of the right side."""
        return value_of(self.right.source)

    @property
    def verdict(self) -> Truth:
        """Settled by exact arithmetic; "unknown" where units or earlier roundings leave room."""
        return _verdict(self)

    def __str__(self) -> str:
        return f"{self.left.text} {'≈' if self.about else '='} {self.right.text}"


def equations(text: str) -> tuple[Equation, ...]:
    """Those in the text, in order. An equation needs a calculation on one side: `x = 5` and `7 = 7` claim nothing."""
    found: list[Equation] = []
    place, text = 0, text[-MOST_TEXT:]
    for match in _ANNOTATION.finditer(text):
        found += _of_row(text[place : match.start()] + _result_of(match[1] or match[2]), annotated=False)
        found += _of_row(match[1] or match[2], annotated=True)
        place = match.end()
    return tuple((found + _of_row(text[place:], annotated=False))[:MOST])


def arithmetic_claims(text: str, answer: str | None = None) -> tuple[Claim, ...]:
    """The equations as settled claims, each once. With an `answer` that is a number, also the claim that one of the calculations
    gives it (kind "derived"), where there are any."""
    found = equations(text)
    claims = {str(equation): _claim(equation) for equation in found}
    value = value_of(answer.replace(",", "").lstrip("$")) if answer is not None else None
    if found and value is not None:
        holds = any(_gives(equation.result, value) for equation in found)
        text = f"a calculation gives the answer {answer}"
        claims["derived"] = Claim(text=text, verdict="true" if holds else "false", kind="derived", by="execution")
    return tuple(claims.values())


def _gives(result: Fraction | None, value: Fraction) -> bool:
    """A hundredth is left for rounding; a share may be told in percent."""
    return result is not None and any(abs(told - value) <= Fraction(1, 100) for told in (result, result * 100))


def _claim(equation: Equation) -> Claim:
    verdict = equation.verdict
    kind = "annotation" if equation.annotated else "equation"
    return Claim(text=str(equation), verdict=verdict, kind=kind, by="nobody" if verdict == "unknown" else "execution")


def _result_of(annotation: str) -> str:
    return annotation.rpartition("=")[2]


def _of_row(text: str, *, annotated: bool) -> list[Equation]:
    found: list[Equation] = []
    for row in _between_breaks(tokens(text)):
        signs = [place for place, token in enumerate(row) if token.kind in ("equals", "about")]
        starts, ends = [0, *(place + 1 for place in signs)], [*signs, len(row)]
        for number, sign in enumerate(signs):
            left = last_operand(row[starts[number] : ends[number]])
            right = first_operand(row[starts[number + 1] : ends[number + 1]])
            if left and right and (left.operators or right.operators):
                found.append(Equation(left, right, row[sign].kind == "about", annotated))
    return found


def _between_breaks(row: list[Token]) -> list[list[Token]]:
    rows: list[list[Token]] = [[]]
    for token in row:
        if token.kind == "break":
            rows.append([])
        else:
            rows[-1].append(token)
    return [row for row in rows if any(token.kind in ("equals", "about") for token in row)]


def _verdict(equation: Equation) -> Truth:
    left, right = equation.left, equation.right
    readings = [
        (one, two)
        for one in {value_of(left.source), value_of(left.plain)}
        for two in {value_of(right.source), value_of(right.plain)}
        if one is not None and two is not None
    ]
    if not readings:
        return "unknown"
    if any(_agree(one, two, equation) for one, two in readings):
        return "true"
    if len(left.units | right.units) > 1:
        return "unknown"  # an hour less 20 minutes is 40
    rounded = left.decimal or right.decimal or equation.about
    if rounded and any(abs(one - two) <= NEAR * max(abs(one), abs(two)) for one, two in readings):
        return "unknown"
    return "false"


def _agree(one: Fraction, two: Fraction, equation: Equation) -> bool:
    if one == two:
        return True
    for side, written, exact in ((equation.right, two, one), (equation.left, one, two)):
        if side.places is None or (side.places == 0 and not equation.about):
            continue
        unit = Fraction(1, 10**side.places)
        off = abs(written - exact)
        if off <= unit / 2 or (off < unit and (equation.about or abs(written) < abs(exact))):
            return True  # rounded, or cut off, at the places that are written
    return False
