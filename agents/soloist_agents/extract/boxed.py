"""The value in the last box of a mathematical answer."""

import re

_BOX = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BARE = re.compile(r"[^\s{}$][^\s$]*")
_TEXT = r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox|operatorname)\s*\{([^{}]*)\}"
_WHOLE_TEXT = re.compile(_TEXT)
_UNIT = re.compile(rf"(?<=[\d}})])(?:\\[,;:! ]|~|\s)*{_TEXT}(?:\s*\^\s*(?:\{{\s*-?\d+\s*\}}|\d))?\s*\.?\Z")
_SPACING = re.compile(r"\\[,;:!]|\\ |\\quad(?![a-zA-Z])|\\qquad(?![a-zA-Z])|~")
_SIGNS = re.compile(r"\\?[$%]|\\\(|\\\)")
_DEGREES = re.compile(r"\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|\\degree(?![a-zA-Z])|°")
_PLACEHOLDER = re.compile(
    r"(?:[.…?_\s]|\\l?dots|\\cdots|\\square|\\_)*|(?:your|the)?\s*(?:final)?\s*(?:answer|result|value)(?:\s+here)?", re.IGNORECASE
)
MOST = 10_000
"""Characters of a box; a longer one is not an answer."""


def boxed_answer(text: str) -> str | None:
    r"""What stands in the last `\boxed{…}` or `\fbox{…}`, cleaned as `cleaned` does.

    Placeholders such as `\boxed{}` and `\boxed{...}` don't count. None without a box, and when the last one is never closed.
    """
    for match in reversed(list(_BOX.finditer(text))):
        inside = _inside(text, match.end())
        if inside is None:
            return None
        answer = cleaned(inside)
        if not is_placeholder(answer):
            return answer
    return None


def is_placeholder(answer: str) -> bool:
    """True for what only marks the place of an answer."""
    return _PLACEHOLDER.fullmatch(answer) is not None


def cleaned(answer: str) -> str:
    r"""The value without what surrounds it: dollar and percent signs, degrees, `\text{}`, a unit after a number, a last period.

    White space goes where it means nothing: not between two words and not after a comma.
    """
    answer = _DEGREES.sub("", _UNIT.sub("", answer.strip()))
    answer = _SIGNS.sub("", _SPACING.sub(" ", _WHOLE_TEXT.sub(r"\1", answer)))
    answer = re.sub(r"\s+", " ", answer).strip()
    if answer.endswith(".") and not answer.endswith(".."):
        answer = answer[:-1].rstrip()
    return re.sub(r"(?<![\w,]) | (?!\w)", "", answer) if re.search(r"[\\\d]", answer) else answer


def _inside(text: str, start: int) -> str | None:
    """The braces' content, or the one word of `\\boxed 5`."""
    if not text.startswith("{", start):
        word = _BARE.match(text, start, start + MOST)
        return word[0].rstrip(".,;") if word else None
    depth = 0
    for match in _BRACE.finditer(text, start, start + MOST):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not depth:
            return text[start + 1 : match.start()]
    return None
