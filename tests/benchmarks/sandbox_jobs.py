"""The jobs that sandboxes are measured with: a function with 200 calls, 20 parametrised tests, and a test file of a repository.

Each is written once as a check for our sessions and once as a plain program, so that both do the same work.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import scratch
from soloist_sandbox.contract import Call, Changes, Check, FunctionCheck, Outcome, PytestCheck, Screened

EXAMPLE = Path(__file__).parents[2] / "examples" / "timetable"
CALLS = 200
FUNCTION = '''def digits(number):
    """The sum of a number's decimal digits, down to a single one."""
    while number > 9:
        number = sum(int(digit) for digit in str(number))
    return number
'''
WRONG = FUNCTION.replace("number > 9", "number > 99")
TESTS = """import pytest
from solution import digits


@pytest.mark.parametrize("number", range(1000, 1020))
def test_digits(number):
    assert digits(number) == (number - 1) % 9 + 1
"""


class WrongAnswer(RuntimeError):
    """A way that did not do the work that it is measured with."""


@dataclass(frozen=True)
class Job:
    """The same work for every way."""

    name: str
    check: Check
    changed: str
    """The file that each variant replaces."""
    content: bytes
    wrong: bytes
    """A content of it with which the job must fail: the control that it is really run."""
    plain: tuple[str, ...]
    """Arguments of a Python that does the work in the tree and ends with 0."""
    files: tuple[tuple[str, str], ...] = ()
    """Of the tree; none: the example library."""

    def variants(self, count: int) -> list[Changes]:
        """So many candidates, no two of the same text."""
        return [{self.changed: self.content + f"\n# variant {number}\n".encode()} for number in range(count)]

    @contextmanager
    def tree(self) -> Iterator[Path]:
        """The workspace, with a variant laid over it; any user may read it."""
        with scratch() as folder:
            folder.chmod(0o755)
            tree = folder / "tree"
            if not self.files:
                shutil.copytree(EXAMPLE, tree, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            tree.mkdir(exist_ok=True)
            for path, text in self.files:
                (tree / path).write_text(text)
            (tree / self.changed).write_bytes(self.content)
            yield tree

    def judge(self, seen: Sequence[Outcome | Screened]) -> None:
        """Raise `WrongAnswer` unless every job did its work and found the candidate right."""
        for one in seen:
            if not self.passed(one):
                said = (getattr(one, "stderr", "") or repr(one)).strip().splitlines()[-1]
                raise WrongAnswer(f"a right candidate did not pass, exit code {one.exit_code}: {said[:200]}")

    def passed(self, seen: Outcome | Screened) -> bool:
        """Judged without the product's own grading, from what was returned."""
        if isinstance(self.check, FunctionCheck):
            wanted = [call.returns for call in self.check.calls]
            return [one.value for one in seen.returned] == wanted and seen.limit is None
        return seen.exit_code == 0 and seen.limit is None


def digits(number: int) -> int:
    """What the function of the jobs should return."""
    return (number - 1) % 9 + 1 if number else 0


def program(calls: int = CALLS) -> str:
    """The function job as a program that ends with 0, and says so, when every call was right."""
    pairs = [(number, digits(number)) for number in numbers(calls)]
    return f'{FUNCTION}\n\nfor number, wanted in {pairs}:\n    assert digits(number) == wanted\nprint("all right")\n'


def numbers(calls: int) -> list[int]:
    """What the function is called with."""
    return [at * 7919 % 100_003 for at in range(calls)]


def function_job(calls: int = CALLS) -> Job:
    """So many calls of a small function."""
    made = tuple(Call(arguments=str(number), returns=str(digits(number))) for number in numbers(calls))
    return Job(
        name=f"function, {calls} calls" if calls > 1 else "function, 1 call",
        check=FunctionCheck(path="solution.py", function="digits", calls=made),
        changed="solution.py",
        content=FUNCTION.encode(),
        wrong=FUNCTION.replace("return number", "return str(number)").encode(),
        plain=("-I", "-S", "job.py"),
        files=(("job.py", program(calls)),),
    )


def pytest_job() -> Job:
    """20 parametrised tests of the same function."""
    return Job(
        name="pytest, 20 tests",
        check=PytestCheck(args=("-q", "test_solution.py")),
        changed="solution.py",
        content=FUNCTION.encode(),
        wrong=WRONG.encode(),
        plain=("-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "test_solution.py"),
        files=(("test_solution.py", TESTS),),
    )


def repository_job() -> Job:
    """One test file of the example library, with one of its modules replaced."""
    source = (EXAMPLE / "timetable/explain.py").read_bytes()
    return Job(
        name="repository, 1 test file",
        check=PytestCheck(args=("-q", "tests/test_explain.py")),
        changed="timetable/explain.py",
        content=source,
        wrong=source.replace(b" == ", b" != "),
        plain=("-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "tests/test_explain.py"),
    )
