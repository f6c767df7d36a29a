"""What a user may type after --check."""

import pytest
from soloist_sandbox.checks import parse_check
from soloist_sandbox.contract import CommandCheck, PytestCheck


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("pytest", PytestCheck()),
        (" pytest -q  tests/a.py ", PytestCheck(args=("-q", "tests/a.py"))),
        ("python -m pytest -x", PytestCheck(args=("-x",), as_module=True)),
        ("python3 -m pytest", PytestCheck(as_module=True)),
        ("python3.12 -m pytest t.py", PytestCheck(args=("t.py",), as_module=True)),
        ("pytest 't.py::test_a[x y-1]'", PytestCheck(args=("t.py::test_a[x y-1]",))),
        ("pytest t.py::test_a[1-2]", PytestCheck(args=("t.py::test_a[1-2]",))),
        ('pytest -k "a and not b"', PytestCheck(args=("-k", "a and not b"))),
        ("pytest -k 'a > $b; c'", PytestCheck(args=("-k", "a > $b; c"))),
    ],
)
def test_pytest_is_recognised(text: str, check: PytestCheck) -> None:
    """A plain pytest command becomes a pytest check with the same arguments."""
    assert parse_check(text) == check


@pytest.mark.parametrize(
    "text",
    [
        "make test",
        "pytest && true",
        "pytest; true",
        "pytest || true",
        "pytest | tee log",
        "pytest > log",
        "pytest $ARGS",
        'pytest "$ARGS"',
        "pytest `cat args`",
        "pytest tests/*.py",
        "pytest -q # all",
        "pytest 'unbalanced",
        "FLAG=1 pytest",
        "cd tests && pytest",
        "python -W error -m pytest",
        "python run.py",
        "./pytest",
        "pytest\ntrue",
    ],
)
def test_everything_else_is_a_command(text: str) -> None:
    """What a shell must read is given to a shell, untouched."""
    assert parse_check(text) == CommandCheck(command=text)


@pytest.mark.parametrize("text", ["", "  \n", "a\0b"])
def test_no_command(text: str) -> None:
    """An empty check, or one that no shell could take, is refused with a line that says so."""
    with pytest.raises(ValueError, match="the check"):
        parse_check(text)


def test_checks_read_as_typed() -> None:
    """A check is shown as it was typed."""
    for text in ("pytest -q t.py", "python -m pytest -x", "make test"):
        assert str(parse_check(text)) == text
