"""Thinking and answer are told apart."""

import itertools

import pytest
from soloist_agents.models.contract import Completion
from soloist_agents.models.thinking import Ended, Splitter, continued, inside_trace

WHOLE = [
    ("plain", "42", Ended("", "42", True)),
    ("usual", "<think>Hm.</think>42", Ended("Hm.", "42", True)),
    ("newlines", "<think>\nHm.\n</think>\n\n42\n", Ended("\nHm.\n", "42\n", True)),
    ("preamble", "Okay. <think>Hm.</think>42", Ended("Hm.", "42", True)),
    ("opened by the template", "Hm.</think>42", Ended("Hm.", "42", True)),
    ("the last closing tag counts", "<think>a </think> b</think>42", Ended("a  b", "42", True)),
    ("twice", "<think>a</think>no<think>b</think>42", Ended("ano<think>b", "42", True)),
    ("never closed", "<think>Hm", Ended("Hm", "", False)),
    ("mentioned in the answer", "<think>a</think>use <think> tags", Ended("a", "use <think> tags", True)),
    ("mentioned late", "x" * 300 + " <think> is a tag", Ended("", "x" * 300 + " <think> is a tag", True)),
    ("other tags", "a <b> </thin <thinker>", Ended("", "a <b> </thin <thinker>", True)),
    ("half a tag at the end", "a </thi", Ended("", "a </thi", True)),
    ("nothing", "", Ended("", "", True)),
    ("empty trace", "<think></think>42", Ended("", "42", True)),
]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in WHOLE], ids=[case[0] for case in WHOLE])
def test_split(text: str, expected: Ended, size: int) -> None:
    """Thinking ends at the last closing tag, wherever the pieces are cut."""
    splitter = Splitter()
    pieces = [splitter.feed(text[start : start + size]) for start in range(0, len(text), size)]
    assert splitter.end() == expected
    said = "".join(part for piece in pieces for part in piece)
    assert expected.content.strip() in said or "</thi" in text


def test_cut_before_any_tag() -> None:
    """Where the template is known to open the trace, a text cut before its closing tag is no answer; one that ended is."""
    for cut, expected in ((True, Ended("Hm", "", False)), (False, Ended("", "Hm", True))):
        splitter = Splitter(template_opens=True)
        splitter.feed("Hm")
        assert splitter.end(cut=cut) == expected


def test_template_is_found_out() -> None:
    """A closing tag without an opening one tells that the template opens the trace; a usual trace does not."""
    for text, opened in (("Hm.</think>42", True), ("<think>Hm.</think>42", False), ("42", False)):
        splitter = Splitter()
        splitter.feed(text)
        assert splitter.closed_unopened is opened


def test_continued() -> None:
    """A trace that was cut, and then continued in steps, is one trace."""
    first = continued(Completion(thinking="one ", thought=False, finish="length"))
    assert first.prefix
    assert inside_trace(first.content)
    splitter = Splitter(inside=True)
    splitter.feed("two")
    ended = splitter.end(cut=True)
    second = continued(Completion(thinking=ended.thinking, thought=False, finish="length"), first.content)
    assert second.content == "<think>one two"
    third = continued(Completion(thinking=" three", content="4", finish="length"), second.content)
    assert third.content == "<think>one two three</think>4"


def test_linear() -> None:
    """Pieces of one character, each of which may begin a tag, cost no more than their number."""
    splitter = Splitter()
    for piece in itertools.repeat("<", 200_000):
        splitter.feed(piece)
    assert splitter.end().content == "<" * 200_000
