"""Prose with arithmetic in it, as tokens: LaTeX, money, percentages, units and signs of multiplication brought to one form."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "operator", "percent", "equals", "about", "word", "break"]

_LATEX = (
    (re.compile(r"\\(?:left|right|displaystyle|quad|qquad|,|;|!|:)(?![a-z])"), " "),
    (re.compile(r"(?<![\w.}])(\d+)\s*\\[dtc]?frac\s*\{(\d{1,9})\}\s*\{(\d{1,9})\}"), r"(\1+((\2)/(\3)))"),  # a mixed number
    (re.compile(r"\\[dtc]?frac\s*\{([^{}]{1,80})\}\s*\{([^{}]{1,80})\}"), r"((\1)/(\2))"),
    (re.compile(r"\\(?:times|cdot)(?![a-z])|[\u00d7\u00b7\u2217]"), "*"),
    (re.compile(r"\\div(?![a-z])|÷"), "/"),
    (re.compile(r"\\approx(?![a-z])|≈"), "≈"),
    (re.compile(r"\\text\s*\{([^{}]{0,80})\}"), r" \1 "),
    (re.compile(r"\\([%$])"), r"\1"),
    (re.compile(r"[\u2212\u2013]"), "-"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\^\s*\{?\s*(-?\d{1,4})\s*\}?"), r"**\1"),
    (re.compile(r"[$&]"), ""),
    (re.compile(r"(?<=[\d)%])(?: [xX] |[xX](?=[\d(]))(?=[-\d(.])"), "*"),
    (re.compile(r"==+"), "="),
    (re.compile(r"\n[ \t]*(?==)"), " "),
)
_TOKEN = re.compile(
    r"(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)|(?P<equals>(?<![<>!≠])=(?!>))|(?P<about>≈)"
    r"|(?P<operator>\*\*|[-+*/()])|(?P<percent>%)|(?P<word>[^\W\d]\w*)|(?P<space>[ \t]+)|(?P<other>.)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the text."""

    kind: Kind
    text: str
    spaced: bool
    """White space, or the start of the text, stands before it."""


def tokens(text: str) -> list[Token]:
    """In order, without the white space. Time linear in the text."""
    for pattern, plain in _LATEX:
        text = pattern.sub(plain, text)
    found: list[Token] = []
    spaced = True
    for match in _TOKEN.finditer(text):
        name = match.lastgroup or "other"
        if name == "space":
            spaced = True
            continue
        kind: Kind = "break" if name == "other" else name  # type: ignore[assignment]  # the names of the groups are the kinds
        found.append(Token(kind, match[0].replace(",", "") if kind == "number" else match[0], spaced))
        spaced = False
    return found
