"""Answers that are stated in words, without a box."""

import re

from soloist_agents.extract.boxed import boxed_answer, is_placeholder

_SECTION = re.compile(r"[\[<](answer)[\]>](.*?)(?:[\[<]/answer[\]>]?|(?=[\[<]answer[\]>])|\Z)", re.IGNORECASE | re.DOTALL)
_LINE = re.compile(
    r"^[ \t>*#_-]{0,8}(?:(?:the\s)?(?:final\s)?answer[ \t*_]{0,4}(?::|is\b:?)|(?-i:A:)|####)[ \t*_]{0,4}(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_PHRASE = re.compile(r"\banswer is:?[ \t*_]{0,4}([^\n]{1,200})", re.IGNORECASE)
_END = re.compile(r"[.!](?=\s|\Z)")


def short_answer(text: str) -> str | None:
    """The value that a mathematical answer comes to: the last box or, without any, what is stated in words."""
    return boxed_answer(text) or stated_answer(text)


def stated_answer(text: str) -> str | None:
    """What stands last in an answer section, after `Answer:`, `A:` or `####`, or after "the answer is". As written, not cleaned.

    The forms: `[ANSWER]…[/ANSWER]` and `<answer>…</answer>` (the end may be missing), a line `Answer: …` with the value on it or
    on the next one, a line `#### …`, and a sentence. None where nothing is stated.
    """
    found = [*_sections(text), *_lines(text), *_phrases(text)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _sections(text: str) -> list[tuple[int, str]]:
    found = [(match.start(), match[2].strip()) for match in _SECTION.finditer(text)]
    return [(len(text), value) for _, value in found[-1:] if value and not is_placeholder(value)]


def _lines(text: str) -> list[tuple[int, str]]:
    last: list[tuple[int, str]] = []
    for match in _LINE.finditer(text):
        value = _plain(match[1]) or _plain(text[match.end() : match.end() + 500].lstrip().split("\n", 1)[0])
        if value and not is_placeholder(value):
            last = [(match.start(), value)]
    return last


def _phrases(text: str) -> list[tuple[int, str]]:
    last: list[tuple[int, str]] = []
    for match in _PHRASE.finditer(text):
        end = _END.search(match[1])
        value = _plain(match[1][: end.start()] if end else match[1])
        if value and not is_placeholder(value):
            last = [(match.start(), value)]
    return last


def _plain(value: str) -> str:
    value = value.strip().strip("*_").strip()
    return value[:-1].rstrip() if value.endswith(".") else value
