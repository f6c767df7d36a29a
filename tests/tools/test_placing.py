"""New functions and what they bring along find their place; nothing that is there changes."""

import pytest
from soloist_tools.placing import place_function, with_support

MODULE = (
    b'"""Doc."""\n\nimport os\n\nLIMIT = 1\n\n\nclass A:\n    def f(self):\n        return LIMIT\n\n\ndef g():\n    return 2\n'
)


def test_a_function_that_is_there_is_replaced() -> None:
    """In its place, and nothing else."""
    placed = place_function(MODULE, "A.f", "def f(self):\n    return 3\n")
    assert placed == MODULE.replace(b"return LIMIT", b"return 3")


def test_a_new_function_goes_to_the_end_of_its_file() -> None:
    """With two blank lines before it."""
    assert place_function(MODULE, "h", "def h():\n    pass\n") == MODULE + b"\n\ndef h():\n    pass\n"


def test_a_new_method_goes_to_the_end_of_its_class() -> None:
    """With the class's indentation."""
    placed = place_function(MODULE, "A.h", "@property\ndef h(self):\n    return 1\n")
    assert b"return LIMIT\n\n    @property\n    def h(self):\n        return 1\n\n\ndef g" in placed


def test_a_new_file_holds_nothing_else() -> None:
    """There need be no file yet."""
    assert place_function(None, "h", "def h():\n    pass\n") == b"def h():\n    pass\n"
    brought = place_function(None, "h", "def h():\n    return re.I\n", ["import re\n"])
    assert brought == b"import re\n\n\ndef h():\n    return re.I\n"


def test_imports_join_the_imports_and_helpers_come_before_the_code() -> None:
    """Once; what the file has already under that name stays as it is."""
    placed = with_support(MODULE, ["import re\n", "import os\n", "def helper():\n    return 1\n", "LIMIT = 99\n"]).decode()
    assert placed.startswith('"""Doc."""\n\nimport os\nimport re\n\n\ndef helper():\n    return 1\n\n\nLIMIT = 1\n')
    assert placed.count("import os") == 1
    assert "99" not in placed


@pytest.mark.parametrize(
    ("name", "text"),
    [("h", "x = 1\n"), ("h", "def other():\n    pass\n"), ("B.h", "def h(self):\n    pass\n"), ("h", "def h(:\n")],
)
def test_what_is_no_such_function_is_refused(name: str, text: str) -> None:
    """Another name, no function, no class to go to, no Python."""
    with pytest.raises(ValueError, match=r"function|class|Python"):
        place_function(MODULE, name, text)
