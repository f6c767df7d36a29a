"""Functions are found by name and replaced without disturbing another byte."""

import ast
import codecs
import sys
import sysconfig
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from soloist_tools.functions import FunctionSlot, function_source, functions, replace_function
from soloist_tools.parsing import parsed

STDLIB = Path(sysconfig.get_path("stdlib"))
# fmt: off
MODULES = (
    "argparse", "ast", "asyncio/base_events", "bisect", "calendar", "cmd", "codecs", "collections/__init__", "configparser",
    "contextlib", "copy", "csv", "dataclasses", "difflib", "dis", "doctest", "enum", "fractions", "functools", "heapq",
    "inspect", "json/decoder", "logging/__init__", "tempfile", "pickle", "random", "shutil", "statistics", "string", "tarfile",
    "textwrap", "typing", "unittest/mock",
)
# fmt: on


def module(name: str) -> bytes:
    """The source of a module or package of the standard library."""
    path = STDLIB / f"{name}.py"
    return (path if path.exists() else STDLIB / name / "__init__.py").read_bytes()


@pytest.mark.parametrize("name", MODULES)
def test_putting_back_the_same_function_changes_nothing(name: str) -> None:
    """For the functions of a real module: the extracted text parses alone, and put back it gives the same bytes."""
    source = module(name)
    spans = functions(source)
    assert spans
    for span in spans[:: max(1, len(spans) // 8)]:
        slot = FunctionSlot(source, span.qualname)
        assert len(ast.parse(slot.source).body) == 1
        assert slot.put(slot.source) == source
        assert slot.put(textwrap.indent("\n\n" + slot.source.replace("\n", "\r\n"), "")) == source


@pytest.mark.parametrize("name", ["argparse", "difflib", "tarfile", "textwrap"])
def test_a_rewritten_function_means_the_same_in_its_place(name: str) -> None:
    """Functions rendered anew from their syntax tree, long strings included, are indented without a change of meaning."""
    source = module(name)
    for span in functions(source)[::20]:
        slot = FunctionSlot(source, span.qualname)
        again = slot.put(ast.unparse(ast.parse(slot.source)))
        assert ast.dump(ast.parse(again)) == ast.dump(ast.parse(source))
        lines, kept = again.splitlines(), source.splitlines()
        assert lines[: span.first_line - 1] == kept[: span.first_line - 1]
        assert lines[len(lines) - len(kept) + span.last_line :] == kept[span.last_line :]


NESTED = b"""\
import x

# about f
@decorate(
    1,
)
@(
    other
)
async def f(a, /, b, *rest, c=1, **more):
    def inner(y):
        return y
    return inner


class C:
    @property
    def v(self):
        return 1

    @v.setter
    def v(self, value):
        pass

    if x:
        def w(self): return 1
    else:
        def w(self): return 2

    class D:
        def deep(self):
            class E:
                def deeper(self): ...
"""


def test_spans_name_every_function_and_its_lines() -> None:
    """Nested functions and methods have dotted names, repeated names are numbered, decorators belong to the function."""
    spans = {span.qualname: span for span in functions(NESTED)}
    assert list(spans) == ["f", "f.inner", "C.v", "C.v#2", "C.w", "C.w#2", "C.D.deep", "C.D.deep.E.deeper"]
    f = spans["f"]
    assert (f.first_line, f.def_line, f.last_line, f.is_async) == (4, 10, 13, True)
    assert f.parameters == ("a", "b", "rest", "c", "more")
    assert (spans["C.v#2"].first_line, spans["C.v#2"].def_line) == (21, 22)
    assert functions(NESTED.decode()) == functions(NESTED)


def test_the_second_of_two_definitions_is_replaced_alone() -> None:
    """`C.w#2` is the second definition; the first one, comments and all else stay byte by byte."""
    new = replace_function(NESTED, "C.w#2", "def w(self):\n    return 3\n")
    assert new == NESTED.replace(b"        def w(self): return 2\n", b"        def w(self):\n            return 3\n")


def test_a_comment_above_and_line_ends_and_a_missing_last_newline_stay() -> None:
    """CRLF, a byte order mark, comments around the function and the file's unfinished last line survive."""
    source = codecs.BOM_UTF8 + b"# one\r\ndef f():  # two\r\n    return 1  # three\r\n    # four\r\n# five\r\ndef g(): return 2"
    new = replace_function(source, "f", "def f():\n    if 1:\n        return '\u00e9'\n")
    assert new == source.replace(b"():  # two\r\n    return 1  # three", "():\r\n    if 1:\r\n        return 'é'".encode())
    assert replace_function(source, "g", "def g(): return 3\n") == source[:-1] + b"3"
    assert replace_function(b"\xef\xbb\xbfdef f(): return 1", "f", "def f(): return 2") == b"\xef\xbb\xbfdef f(): return 2"


def test_the_encoding_cookie_counts() -> None:
    """New text is written in the file's encoding, and refused in one line when it can't be."""
    source = "# -*- coding: latin-1 -*-\nNAME = 'é'\ndef f():\n    return 'à'\n".encode("latin-1")
    new = replace_function(source, "f", "def f():\n    return 'ü'\n")
    assert new == source.replace(b"\xe0", b"\xfc")
    with pytest.raises(ValueError, match="iso-8859-1, which can't hold '€'"):
        replace_function(source, "f", "def f():\n    return '€'\n")


def test_white_space_inside_strings_is_content() -> None:
    """A method's multi-line strings keep their lines as they are, however the code around them is indented."""
    source = b"class C:\n    def f(self):\n        return 1\n"
    text = 'def f(self):\n    a = """\nx\n  y\n\n    z"""\n    b = "p\\\n  q"\n    return a, b\n'
    new = replace_function(source, "C.f", text)
    spaces: dict[str, type] = {}
    exec(new, spaces)  # noqa: S102 -- our own text
    assert spaces["C"]().f() == ("\nx\n  y\n\n    z", "p  q")
    assert replace_function(new, "C.f", textwrap.indent(function_source(source, "C.f"), "  ")) == source
    assert replace_function(new, "C.f", function_source(new, "C.f").replace("return a, b", "return b, a")) == new.replace(
        b"return a, b", b"return b, a"
    )


def test_a_line_that_becomes_part_of_a_string_is_not_taken_for_the_old_code() -> None:
    """Equal last lines are not kept as they were when they were code before and are text now."""
    source = b"class C:\n    def f(self):\n        x = 1\n        pass\n        '''end'''\n"
    text = "def f(self):\n    x = '''\n    pass\n    '''; y = 'end' ''''''\n    return x\n"
    spaces: dict[str, type] = {}
    exec(replace_function(source, "C.f", text), spaces)  # noqa: S102 -- our own text
    assert spaces["C"]().f() == "\n    pass\n    "


def test_tabs_and_spaces_follow_the_file() -> None:
    """A function written with spaces goes into a file of tabs with tabs, and the other way round."""
    tabs = b"class C:\n\tdef f(self):\n\t\tif 1:\n\t\t\treturn 1\n"
    new = "def f(self):\n    # why\n    if 2:\n        return (1,\n                2)\n"
    want = b"class C:\n\tdef f(self):\n\t\t# why\n\t\tif 2:\n\t\t\treturn (1,\n\t\t\t        2)\n"
    assert replace_function(tabs, "C.f", new) == want
    spaces = tabs.replace(b"\t", b"  ")
    assert replace_function(spaces, "C.f", function_source(tabs, "C.f").replace("1", "3")) == spaces.replace(b"1", b"3")


def test_async_may_change_and_one_line_functions_work() -> None:
    """A plain function may become asynchronous, and a one-line body may grow."""
    source = b"if 1:\n  def f(): return 1\nx = 2\n"
    new = replace_function(source, "f", "async def f():\n  await g()\n")
    assert new == b"if 1:\n  async def f():\n    await g()\nx = 2\n"


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("def g():\n    pass\n", "defines g, not f"),
        ("x = 1\n", "must be one function, f"),
        ("", "must be one function, f"),
        ("def f():\n    pass\n\ndef f():\n    pass\n", "must be one function, f"),
        ("def f(:\n    pass\n", "not valid Python: line 1"),
        ("    def f():\n        x\n  y\n", "not valid Python"),
        ('    def f():\n        """open\n', "not valid Python"),
        ("def f():\n    return '\0'\n", "not valid Python"),
        ("def f():\n    return " + "(" * 300 + ")" * 300, "not valid Python"),
    ],
)
def test_anything_but_one_function_of_that_name_is_refused(new: str, reason: str) -> None:
    """The reason is one clear line."""
    with pytest.raises(ValueError, match=reason) as error:
        replace_function(b"def f():\n    pass\n", "f", new)
    assert "\n" not in str(error.value)


def test_a_file_that_can_not_be_read_or_lacks_the_function_is_refused() -> None:
    """Broken source, a wrong encoding and an unknown name each give one line."""
    with pytest.raises(ValueError, match=r"there is no function f\.x"):
        replace_function(b"def f(): pass\n", "f.x", "def x(): pass")
    with pytest.raises(ValueError, match="not valid Python: line 2"):
        functions(b"x = 1\nprint 'two'\n")
    with pytest.raises(ValueError, match="can't decode"):
        functions(b"x = '\xff'\n")
    with pytest.raises(ValueError, match="can't decode"):
        functions(b"# coding: klingon\n")


def test_code_with_questionable_escapes_gives_no_warning() -> None:
    r"""A `\d` in a plain string is the user's affair: no warning, which would be an error in this suite."""
    source = b"def f():\n    return '\\d'\n"
    assert replace_function(source, "f", "def f():\n    return '\\w'\n") == source.replace(b"d'", b"w'")


def test_a_slot_is_cheap_to_fill() -> None:
    """A thousand replacements in a file of 5,000 lines take well under the time of parsing it a hundred times."""
    source = b"".join(b"def f%d(x):\n    y = x + %d\n    return y\n\n\n" % (n, n) for n in range(1000))
    slot = FunctionSlot(source, "f500")
    begun = time.process_time()
    for n in range(1000):
        assert slot.put(f"def f500(x):\n    y = x - {n}\n    return y\n") != source
    filling = time.process_time() - begun
    begun = time.process_time()
    for _ in range(3):
        ast.parse(source)
    assert filling < (time.process_time() - begun) / 3 * 100


@pytest.mark.skipif(sys.version_info < (3, 12), reason="strings of this form came with Python 3.12")
def test_formatted_strings_with_quotes_and_lines_inside_are_left_alone() -> None:
    """From Python 3.12 on, the fields of a formatted string may hold its own quotes, line feeds and further strings."""
    source = b"class C:\n    def f(self):\n        return 1\n"
    text = 'def f(self):\n    a = {"b": 1}\n    return f"""{\n  a["b"]} {f"{a["b"]}"}\n  end"""\n'
    new = replace_function(source, "C.f", text)
    spaces: dict[str, type] = {}
    exec(new, spaces)  # noqa: S102 -- our own text
    assert spaces["C"]().f() == "1 1\n  end"
    assert function_source(new, "C.f") == text


def test_parsing_from_several_threads_at_once() -> None:
    """One interpreter counts the depth of all syntax trees together: parsing side by side must not mix them up."""
    text = "x = " + "(" * 60 + "1" + ")" * 60 + "\n" + "def f(a):\n    return [a for a in (1, (2, (3, a)))]\n" * 200
    with ThreadPoolExecutor(4) as pool:
        trees = list(pool.map(lambda _: len(parsed(text).body), range(24)))
    assert trees == [201] * 24
