"""The public list is explicit, documented, and cheap to import."""

import inspect
import subprocess
import sys

import pytest
import soloist


@pytest.mark.parametrize("name", soloist.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    """What `__all__` promises can be imported and explains itself."""
    assert inspect.getdoc(getattr(soloist, name))


def test_unknown_names_are_attribute_errors() -> None:
    """The lazy package behaves like any other."""
    with pytest.raises(AttributeError, match="nonsense"):
        _ = soloist.nonsense


def test_importing_the_package_loads_nothing_else() -> None:
    """`import soloist` brings in nothing but the standard library."""
    program = (
        "import sys; before = set(sys.modules); import soloist; loaded = set(sys.modules) - before\n"
        "print(sorted(name for name in loaded if name.partition('.')[0] not in sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "['soloist']"
