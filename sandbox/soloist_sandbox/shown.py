"""Long texts cut to what a reader needs: the two ends, or of two texts the place where they part."""

from itertools import takewhile
from typing import Final

_BEFORE: Final = 80
"""Characters kept of what two texts have in common."""


def shortened(text: str, most: int) -> str:
    """Beginning and end of a text that has more than `most` characters."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2]} … {len(text) - most} characters left out … {text[-(most - most // 2) :]}"


def side_by_side(one: str, other: str, most: int) -> tuple[str, str]:
    """Two different texts, each with at most about `most` characters; long ones from shortly before their first difference on."""
    if len(one) <= most and len(other) <= most:
        return one, other
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    start = max(0, common - _BEFORE)
    return _from(one, start, most), _from(other, start, most)


def _from(text: str, start: int, most: int) -> str:
    head = f"… {start} characters left out … " if start else ""
    rest = text[start : start + most]
    left = len(text) - start - len(rest)
    return f"{head}{rest}" + (f" … {left} characters left out" if left else "")
