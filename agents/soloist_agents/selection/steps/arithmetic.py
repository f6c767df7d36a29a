"""A calculation in steps: parts named by letters, each worked out by a chain of equations, then put together."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from soloist_agents.selection.claims.rational import value_of
from soloist_agents.selection.steps.mistake import Mistake

_SETUP = re.compile(r"written as \"?(.+?)\"?,? where (.+?)\.?\s*\Z", re.DOTALL)
_PART = re.compile(r"\b([A-Z]) = (.+?)(?=,?\s*(?:and\s+)?\b[A-Z] = |\Z)", re.DOTALL)
_ANSWER = re.compile(r"\bthe answer is:?\s*(-?[\d,.]*\d)")
_CHAIN = re.compile(r"(?<![<>!=])=(?!=)")
_EDGES = re.compile(r"^[^-+(\dA-Z]*|[^)\dA-Z]*$")
_WORD = re.compile(r"[A-Za-z'\u2019]{2,}")


def arithmetic_mistake(question: str, steps: Sequence[str], *, setup: bool = True) -> Mistake | None:
    """The first step that claims an equality that doesn't hold, sets up another expression than the question's, or sums up
    something else than was worked out. None where all is right. The question is one expression, as `value_of` reads them.

    A step may use letters for parts that earlier steps have named. Values that a step gives to a part are taken from there on,
    so only the first mistake is reported. Sides that can't be read are passed over. Without `setup` the expression that a step
    sets up is taken as it is, brackets that got lost included, and only what follows from it is judged.
    """
    wanted = value_of(question.strip().rstrip("=").strip())
    parts: dict[str, str] = {}
    worked: dict[str, Fraction] = {}
    for number, step in enumerate(steps):
        if match := _SETUP.search(step):
            parts = {name: text.strip().rstrip(",.").removesuffix(" and").rstrip(",") for name, text in _PART.findall(match[2])}
            whole = _value(match[1], parts)
            if setup and None not in (whole, wanted) and whole != wanted:
                return Mistake(number, f"{match[1]} with these parts is {whole}, the question's value is {wanted}")
            continue
        why = _wrong_chain(step, parts, worked)
        if why:
            return Mistake(number, why)
    return None


def _wrong_chain(step: str, parts: dict[str, str], worked: dict[str, Fraction]) -> str:
    body = step.partition("So the answer")[0]
    sides = [side for side in (_side(text) for text in _CHAIN.split(body)) if side]
    values = [(side, _value(side, parts | {name: str(value) for name, value in worked.items()})) for side in sides]
    known = [(side, value) for side, value in values if value is not None]
    named = sides[0] if sides and re.fullmatch("[A-Z]", sides[0]) else None
    for (one, first), (two, second) in pairwise(known):
        if first != second:
            return f"{one} is {first}, not {second} ({two})"
    if named and known:
        worked[named] = known[-1][1]
    answer = _ANSWER.search(step)
    if answer and known and value_of(answer[1].replace(",", "")) != known[-1][1]:
        return f"the answer should be {known[-1][1]}"
    return ""


def _side(text: str) -> str:
    """The expression in a piece between equals signs: words before it and marks after it left out."""
    text = _WORD.sub(" ", text.replace("[", "(").replace("]", ")")).strip()
    return _EDGES.sub("", text).strip()


def _value(text: str, parts: Mapping[str, str]) -> Fraction | None:
    """With letters replaced by what they stand for, in brackets; None where that can't be evaluated."""
    names = set(re.findall(r"\b[A-Z]\b", text))
    if not names <= parts.keys():
        return None
    return value_of(re.sub(r"\b[A-Z]\b", lambda match: f"({parts[match[0]]})", text))
