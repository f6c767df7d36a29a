"""How we will know that a step is done. Besides the sandbox's own checks: tests as code, input/output cases, an exact answer,
and, weakest, agreement among samples."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field
from soloist_sandbox.contract import CommandCheck, PytestCheck, RepositoryCheck, Value

TARGET = re.compile(r"(?P<path>[^:]+)::(?P<name>[\w.]+(?:#\d+)?)")
"""How a step names a function: `path::Qual.name`; `#2` is the second of that name."""
ANSWER_FILE = "answer.txt"
"""Where tests find the answer of a step of kind "answer"."""


class TestsCheck(Value):
    """Tests as code, written for the step and laid over the workspace; run by pytest."""

    __test__ = False  # not a test class, whatever pytest thinks of its name
    kind: Literal["tests"] = "tests"
    files: Mapping[str, str] = Field(min_length=1)
    """Path relative to the root -> Python source."""

    def __str__(self) -> str:
        return f"python -m pytest {' '.join(self.files)}"


class Case(Value):
    """One run of a program."""

    stdin: str
    expected: str
    """Standard output; white space at the ends of lines and of the text does not count."""


class CasesCheck(Value):
    """A program read from standard input and writing to standard output. What is expected never enters the sandbox."""

    kind: Literal["cases"] = "cases"
    cases: tuple[Case, ...] = Field(min_length=1)
    seconds: float = Field(default=6.0, gt=0)
    """Wall-clock seconds for each case."""

    def __str__(self) -> str:
        return f"{len(self.cases)} input/output cases"


class AnswerCheck(Value):
    """The exact answer, known beforehand; mathematically equal forms count as equal."""

    kind: Literal["answer"] = "answer"
    expected: str = Field(min_length=1)

    def __str__(self) -> str:
        return "the known answer"


class AgreementCheck(Value):
    """Nothing can be run: independent samples must agree. Never better than level "agreed"."""

    kind: Literal["agreement"] = "agreement"
    signature: str = ""
    """For a function: Python that defines it, as far as it is known (`def f(a: int) -> int:`, a docstring with examples)."""

    def __str__(self) -> str:
        return "agreement of samples"


StepCheck = Annotated[
    PytestCheck | CommandCheck | TestsCheck | CasesCheck | AnswerCheck | AgreementCheck, Field(discriminator="kind")
]


def runnable(check: StepCheck | None) -> RepositoryCheck | None:
    """What the sandbox runs for this check; None for those that it doesn't run as they are."""
    if isinstance(check, PytestCheck | CommandCheck):
        return check
    if isinstance(check, TestsCheck):
        return PytestCheck(args=tuple(check.files), as_module=True)
    return None


def test_files(check: StepCheck | None) -> dict[str, bytes]:
    """The files that the check lays over the workspace."""
    return {path: text.encode() for path, text in check.files.items()} if isinstance(check, TestsCheck) else {}


test_files.__test__ = False  # type: ignore[attr-defined]  # neither is this a test
