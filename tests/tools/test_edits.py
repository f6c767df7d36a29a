"""Edits written by a model fit exactly once or are refused with what to do about it."""

import codecs
import time
from pathlib import Path

import pytest
from soloist_tools.edits import GRAMMAR, Edit, apply_edits, parse_edits

PYTHON = b"def f(x):\n    return x + 1\n\n\ndef g(x):\n    return x + 2\n"


def block(path: str, search: str, replace: str) -> str:
    """One SEARCH/REPLACE block."""
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


def applied(text: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """What an answer makes of some files."""
    return apply_edits(parse_edits(text), files.get)


def refusal(text: str, files: dict[str, bytes] | None = None) -> str:
    """What the model is told about its answer."""
    with pytest.raises(ValueError, match=r".") as error:
        applied(text, files or {})
    return str(error.value)


def test_the_grammar_shown_to_the_model_is_the_one_that_is_parsed() -> None:
    """The two blocks of the prompt's text are edits."""
    search, whole = parse_edits(GRAMMAR.partition("Rules:")[0])
    assert search == Edit(1, 6, "path/to/file.py", ("lines as they stand in the file now",), ("lines that take their place",))
    assert (whole.number, whole.path, whole.search) == (2, "path/to/file.py", None)
    assert whole.replace == ("every line of the file",)


def test_several_blocks_and_files_in_one_answer() -> None:
    """Prose around them is ignored; blocks of one file are applied in order, a later one may build on an earlier."""
    text = (
        "I change f first.\n\n"
        + block("a.py", "    return x + 1\n", "    y = x + 1\n    return y\n")
        + "\nThen again, and the other file:\n\n"
        + block("a.py", "    return y\n", "    return y * 2\n")
        + block("pkg/b.py", "old\n", "")
        + "\nFILE: c.txt\n```text\nall\nnew\n```\nDone.\n"
    )
    files = {"a.py": PYTHON, "pkg/b.py": b"1\nold\n2\n", "c.txt": b"what was\n"}
    assert applied(text, files) == {
        "a.py": PYTHON.replace(b"    return x + 1\n", b"    y = x + 1\n    return y * 2\n"),
        "pkg/b.py": b"1\n2\n",
        "c.txt": b"all\nnew\n",
    }


@pytest.mark.parametrize(
    "text",
    [
        "```python\na.py\n<<<<<<< SEARCH\n1\n=======\n2\n>>>>>>> REPLACE\n```\n",
        "a.py\n```python\n<<<<<<< SEARCH\n1\n=======\n2\n>>>>>>> REPLACE\n```\n",
        "### `a.py`\n\n```\n<<<<<<< SEARCH\n1\n=======\n2\n>>>>>>> REPLACE\n\n```",
        "**./a.py**:\n<<<<<<< SEARCH\r\n1\r\n=======\r\n2\r\n>>>>>>> REPLACE",
        "FILE: a.py\n<<<<<<< SEARCH\n1\n======= \n2\n>>>>>>> REPLACE ",
        "**FILE: `a.py`**\n\n```py\n2\n3\n```",
        "FILE: a.py\n````\n2\n3\n````\n",
    ],
)
def test_the_ways_in_which_models_decorate_a_block(text: str) -> None:
    """Fences around the block, marks around the path, other ends of lines: all mean the same edit."""
    assert applied(text, {"a.py": b"1\n3\n"}) == {"a.py": b"2\n3\n"}


def test_a_second_block_right_behind_the_first_is_of_the_same_file() -> None:
    """Only there the path may be left out."""
    second = "<<<<<<< SEARCH\n3\n=======\n4\n>>>>>>> REPLACE\n"
    assert applied(block("a", "1\n", "2\n") + "\n" + second, {"a": b"1\n3\n"}) == {"a": b"2\n4\n"}
    assert "put the file's path there" in refusal(block("a", "1\n", "2\n") + "And then the rest\n" + second)


def test_files_are_created() -> None:
    """By an empty SEARCH part, refused when the file exists, or whole; a name with spaces stands in backticks."""
    text = block("new/a.py", "", "x = 1\n") + block("b.py", "\n", "") + "FILE: `c d.txt`\n```\n```\n"
    assert applied(text, {}) == {"new/a.py": b"x = 1\n", "b.py": b"", "c d.txt": b""}
    assert "block 1 (a): the file exists already" in refusal(block("a", "", "x\n"), {"a": b""})
    assert applied(block("a", "", "x\n") + block("a", "x\n", "y\n"), {}) == {"a": b"y\n"}


def test_what_stays_the_same_is_left_out() -> None:
    """An edit that changes nothing is no change."""
    assert applied(block("a", "1\n", "1\n"), {"a": b"1\n"}) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"1\r\nold\r\n3\r\n", b"1\r\nnew\r\nlines\r\n3\r\n"),
        (b"1\nold", b"1\nnew\nlines"),
        (b"1\r\nold", b"1\r\nnew\r\nlines"),
        (b"old", b"new\nlines"),
        (b"1\rold\r", b"1\rnew\rlines\r"),
        (b"1\nold\r\n3\n", b"1\nnew\r\nlines\r\n3\n"),
        (b"\xef\xbb\xbfold\n", b"\xef\xbb\xbfnew\nlines\n"),
        ("# ü\r\nold\r\n".encode("utf-16"), codecs.BOM_UTF16 + "# ü\r\nnew\r\nlines\r\n".encode("utf-16")[2:]),
        ("# coding: latin-1\n# ü\nold\n".encode("latin-1"), "# coding: latin-1\n# ü\nnew\nlines\n".encode("latin-1")),
        (b"\xff\0\x85\nold\n\x0c\n\xe9\xa0", b"\xff\0\x85\nnew\nlines\n\x0c\n\xe9\xa0"),
    ],
)
def test_every_other_byte_stays(before: bytes, after: bytes) -> None:
    """Line ends, a missing last one, byte order marks, encodings, and bytes that are no text at all."""
    assert applied(block("a", "old\n", "new\nlines\n"), {"a": before}) == {"a": after}


def test_new_text_is_in_the_encoding_of_the_file() -> None:
    """Where that lacks a character, the edit is refused instead of mixing two encodings; a rewrite keeps it as well."""
    latin = "# coding: latin-1\r\nold ü\r\n".encode("latin-1")
    assert applied(block("a", "old ü\n", "é\n"), {"a": latin}) == {"a": "# coding: latin-1\r\né\r\n".encode("latin-1")}
    assert "iso8859-1, has no character '\\u20ac'" in refusal(block("a", "old ü\n", "€\n"), {"a": latin})
    assert "ascii, has no character" in refusal(block("a", "old\n", "é\n"), {"a": b"old\n\xe9\n"})
    assert applied("FILE: a\n```\nü\n2\n```", {"a": b"\xef\xbb\xbf1\r\n"}) == {"a": b"\xef\xbb\xbf\xc3\xbc\r\n2\r\n"}


def test_a_search_that_is_nowhere_shows_the_closest_lines() -> None:
    """With their numbers as they stand in the file, and the first difference, so that the model can copy them."""
    told = refusal(block("a.py", "def g(x):\n  return x + 2\n", "x\n"), {"a.py": PYTHON})
    assert "block 1 (a.py): the SEARCH lines are not in the file" in told
    assert "    5 | def g(x):\n    6 |     return x + 2\n" in told
    assert "differs, in white space only: line 2 of SEARCH, '  return x + 2'" in told
    told = refusal(block("a.py", "    retrun x+2\n", "x\n"), {"a.py": PYTHON})
    assert "6 |     return x + 2" in told
    told = refusal(block("a.py", "def g(x):\n    return x + 2\nmore\n", "x\n"), {"a.py": PYTHON})
    assert "The file ends there." in told


def test_a_search_that_was_replaced_before_is_told_so() -> None:
    """A model that repeats its answer after a partial success learns what happened."""
    assert "was it applied before?" in refusal(block("a.py", "gone\n", "def g(x):\n"), {"a.py": PYTHON})


def test_a_search_that_occurs_twice_names_the_lines() -> None:
    """Overlapping places count; the cure is context."""
    told = refusal(block("a", "1\n1\n", "2\n"), {"a": b"1\n1\n1\n"})
    assert "more than once, on lines 1, 2; add neighbouring lines" in told
    assert "on lines 1, 2, 3, 4, 5, ..." in refusal(block("a", "1\n", "2\n"), {"a": b"1\n" * 9})


@pytest.mark.parametrize("search", ["return x + 1\n", "    return x + 1 \n", "def f(x)\n", "\tdef f(x):\n"])
def test_only_whole_and_exact_lines_match(search: str) -> None:
    """A part of a line, other indentation or trailing white space are no match."""
    assert "are not in the file" in refusal(block("a.py", search, "x\n"), {"a.py": PYTHON})


def test_all_edits_that_do_not_fit_are_told_at_once() -> None:
    """One round of repair for all of them, at most 5 in detail; and nothing is given when one fails."""
    told = refusal("".join(block(f"f{n}", "x\n", "y\n") for n in range(9)), {"f0": b"x\n"})
    assert told.startswith("no edit was applied:\nblock 2 (f1): there is no such file")
    assert told.count("no such file") == 5
    assert told.endswith("3 more blocks don't fit")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no edit block"),
        ("I would change a.py.", "has no edit block"),
        (
            "a.py\n<<<<<<< SEARCH\n1\n=======\n2\n",
            "block 1 (a.py, line 2 of the answer): the answer ends without a line >>>>>>> REPLACE",
        ),
        ("a.py\n<<<<<<< SEARCH\n1\n>>>>>>> REPLACE\n", "line 4 is '>>>>>>> REPLACE', but the lines to search for must end"),
        ("a.py\n<<<<<<< SEARCH\n1\n=======\n2\n<<<<<<< SEARCH\n", "line 6 is '<<<<<<< SEARCH', but the new lines must end"),
        ("a.py\n<<<<<<< SEARCH\n1\n=======\n2\n=======\n3\n>>>>>>> REPLACE\n", "a second ======= on line 6"),
        ("2\n>>>>>>> REPLACE\n", "line 2 of the answer: >>>>>>> REPLACE without"),
        ("<<<<<<< SEARCH\n1\n=======\n2\n>>>>>>> REPLACE\n", "above <<<<<<< SEARCH stands nothing; put the file's path"),
        (block("Here is the change:", "1\n", "2\n"), "stands 'Here is the change:'; put the file's path"),
        (block("../a.py", "1\n", "2\n"), "is not a plain path"),
        (block("/etc/passwd", "", "2\n"), "is not a plain path"),
        (block(".git/hooks/x", "", "2\n"), "never written"),
        ("FILE: a.py\nx = 1\n", "the line after FILE: must be a fence"),
        ("FILE: a b.py\n```\nx = 1\n```\n", "'FILE: a b.py' names no file; write FILE: and a path"),
        ("FILE: a.py\n```\nx = 1\n", "the answer ends before the closing ```"),
        (
            "FILE: a.md\n```\ntext\n```python\nx\n```\nmore\n```\n",
            "the file's line 2 begins with ```; put the file between lines of 4",
        ),
        ("FILE: a.md\n```\ntext\n```\nx\n```\nmore\n```\n", "so where the file ends is not clear"),
        ("".join(block("a", "1\n", "2\n") for _ in range(201)), "more than 200 blocks"),
    ],
)
def test_a_malformed_answer_is_refused_with_the_cure(text: str, told: str) -> None:
    """On one line, naming the block or the line and what to write."""
    with pytest.raises(ValueError, match=r".") as error:
        parse_edits(text)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_four_backticks_hold_a_file_with_fences() -> None:
    """Whatever is inside, markers of edits too."""
    inside = "# T\n```py\nx\n```\n<<<<<<< SEARCH\n=======\nFILE: b\n"
    assert applied(f"FILE: a.md\n````markdown\n{inside}````\n", {}) == {"a.md": inside.encode()}


MB = 2**20
MALFORMED = {
    "no blocks": "x" * MB,
    "blank lines": "\n" * MB,
    "markers": "<<<<<<< SEARCH\n" * (MB // 15),
    "fences": "```\n" * (MB // 4),
    "files": "FILE: a\n" * (MB // 8),
    "stars": "FILE:" + "*" * MB,
    "ticks": "`" * MB,
}
USELESS = {
    "one line": block("a", "x" * MB + "z\n", "y\n"),
    "periodic": block("a", "a\nb\n" * (MB // 8) + "c\n", "y\n"),
    "many empty lines": block("a", "\n" * (MB // 2) + "c\n", "y\n"),
    "many blocks": "".join(block("a", f"{n}{'x' * 5000}\n", "y\n") for n in range(190)),
    "near misses": "".join(block("a", "ab" * 70 + f"{n}\n", "y\n") for n in range(190)),
}
BIG = {
    "same lines": b"a\nb\n" * (MB // 4),
    "one line": b"x" * MB,
    "nearly": (b"ab" * 69 + b"ba\n") * (MB // 141),
    "words": b"".join(b"ab ba %d\n" % n for n in range(MB // 12)),
    "punycode": b"# coding: punycode\n" + b"x" * MB,
}


@pytest.mark.parametrize("text", MALFORMED)
def test_a_hostile_answer_is_refused_in_bounded_time(text: str) -> None:
    """A megabyte of what is no edit."""
    begun = time.monotonic()
    assert len(refusal(MALFORMED[text])) < 1000
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(("text", "content"), [(text, content) for text in USELESS for content in BIG])
def test_a_hostile_search_is_refused_in_bounded_time(text: str, content: str) -> None:
    """A megabyte of edits that don't fit a megabyte of file; the refusal stays short."""
    begun = time.monotonic()
    assert len(refusal(USELESS[text], {"a": BIG[content]})) < 20_000
    assert time.monotonic() - begun < 10


def test_many_edits_of_a_big_file_are_quick() -> None:
    """Each costs a search, not a pass over all lines in Python."""
    content = b"".join(b"line %d\n" % n for n in range(80_000))
    text = "".join(block("a", f"line {n}\n", f"{n}\n") for n in range(0, 80_000, 500))
    begun = time.monotonic()
    assert len(applied(text, {"a": content})["a"].splitlines()) == 80_000
    assert time.monotonic() - begun < 5


def test_a_real_file_survives_a_round_of_edits() -> None:
    """Every line of this file that is unique can be replaced, and everything else stays."""
    content = Path(__file__).read_bytes()
    lines = content.decode().split("\n")
    chosen = [n for n, line in enumerate(lines) if line.strip() and lines.count(line) == 1 and not set(line) <= set("=")][::7]
    edits = [Edit(n, n, "t.py", (lines[n],), (f"{lines[n]} # edited",)) for n in chosen]
    wanted = [f"{line} # edited" if n in set(chosen) else line for n, line in enumerate(lines)]
    assert apply_edits(edits, {"t.py": content}.get) == {"t.py": "\n".join(wanted).encode()}
