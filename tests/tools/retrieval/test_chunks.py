"""Splitting files at their own seams."""

import pytest
from soloist_tools.retrieval.chunks import MOST_LINES, chunks

PAD = "\n" * 14  # makes a class long enough to be split


@pytest.mark.parametrize(
    ("path", "source", "symbols"),
    [
        (
            "a.py",
            f"class A:\n    x = 1{PAD}    @property\n    def y(self):\n        return 1\n\ndef f():\n    pass\n",
            "A, A.y, f",
        ),
        ("a.py", "try:\n    import x\nexcept ImportError:\n    def x():\n        pass\n", "-, x"),
        ("a.js", f"class A {{{PAD}  go() {{ return 1; }}\n}}\nexport const f = (a) => {{\n  return a;\n}};\n", "A, A.go, f"),
        ("a.ts", "interface I { a: string }\nexport function f<T>(a: T): T {\n  return a;\n}\n", "I, f"),
        ("a.tsx", "export const View = () => <b>hi</b>;\n", "View"),
        ("a.go", "package a\n\nfunc (t *T) Go() int {\n\treturn 1\n}\n\nfunc Stop() {}\n", "-, T.Go, Stop"),
        ("a.rs", f"struct P;\nimpl P {{{PAD}  fn new() -> P {{ P }}\n}}\nfn main() {{}}\n", "P, P, P.new, main"),
        ("A.java", f"class A {{{PAD}  int go() {{ return 1; }}\n  A() {{}}\n}}\n", "A, A.go, A.A"),
        ("a.c", "#include <a.h>\nstruct P { int a; };\nstatic int *go(struct P *p) {\n  return 0;\n}\n", "-, P, go"),
        ("a.cpp", f"namespace n {{{PAD}class A {{ int x; }};\nint A::go() {{ return 1; }}\n}}\n", "n, n.A, n.A::go"),
        ("a.md", "# One\ntext\n## Two\n```sh\n# no heading\n```\n# Three\ntext\n", "One, One > Two, Three"),
        ("a.rst", "One\n===\n\ntext\n\nTwo\n---\n\ntext\n", "One, One > Two"),
        ("a.txt", "some words\n\nmore words\n", "-"),
    ],
)
def test_definitions_are_chunks(path: str, source: str, symbols: str) -> None:
    """Functions, methods, classes and sections become chunks under their names; "-" is what stands between."""
    assert [chunk.symbol or "-" for chunk in chunks(path, source.encode())] == symbols.split(", ")


def test_comments_and_decorators_belong_to_their_function() -> None:
    """A chunk begins at the comment right above the definition."""
    (_, chunk) = chunks("a.py", b"import os\n\n# Why.\n@cache\ndef f():\n    return 1\n")
    assert (chunk.first, chunk.last, chunk.text) == (3, 6, "# Why.\n@cache\ndef f():\n    return 1")


def test_chunks_cover_every_line_once() -> None:
    """No line with words is lost, none stands in two chunks."""
    source = (
        "import os\n\nclass A:\n"
        + "".join(f"    def f{n}(self):\n        return {n}\n\n    x{n} = {n}\n" for n in range(9))
        + "end = 1\n"
    )
    covered = [line for chunk in chunks("a.py", source.encode()) for line in range(chunk.first, chunk.last + 1)]
    assert len(covered) == len(set(covered))
    assert {n for n, line in enumerate(source.splitlines(), 1) if line.strip()} <= set(covered)


def test_broken_code_gives_what_can_be_told() -> None:
    """A syntax error costs nothing but its own place."""
    names = [
        chunk.symbol
        for chunk in chunks("a.py", b"def ok():\n  return 1\n\ndef broken(:\n  return 2\n\ndef also():\n  return 3\n")
    ]
    assert {"ok", "also"} <= set(names)


def test_long_functions_are_cut_into_windows() -> None:
    """No chunk has more than `MOST_LINES` lines; the windows keep the name."""
    found = chunks("a.py", b"def long():\n" + b"    x = 1\n" * 500)
    assert {chunk.symbol for chunk in found if chunk.first <= 500} == {"long"}
    assert max(chunk.last - chunk.first + 1 for chunk in found) <= MOST_LINES


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\xff\xfe", b"def f():\r\n  s = '\xe9'\r\n", b"(" * 20_000, b"\xef\xbb\xbfx = 1"])
def test_no_content_is_too_strange(raw: bytes) -> None:
    """Broken encodings are replaced, empty and hostile files split without an error."""
    for chunk in chunks("a.py", raw):
        assert 1 <= chunk.first <= chunk.last
