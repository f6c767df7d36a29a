"""The files of `soloist solve` as a `Problem`."""

import ast
from dataclasses import dataclass
from pathlib import Path

from soloist_agents.step_check import AgreementCheck, AnswerCheck, Case, CasesCheck, StepCheck, TestsCheck

from soloist.task import Problem

INPUT, OUTPUT = ".in", ".out"


@dataclass(frozen=True)
class Given:
    """What was given to know a solution by."""

    tests: Path | None = None
    cases: Path | None = None
    answer: bool = False
    expect: str | None = None
    function: str | None = None


def read_problem(statement: Path, given: Given, module: str) -> Problem:
    """The problem with its check. Raises `ValueError` unless there is exactly one way to know that it is solved."""
    value = given.expect if given.expect is not None else given.answer or None
    if sum(way is not None for way in (given.tests, given.cases, value, given.function)) != 1:
        raise ValueError(
            "say how we will know: one of --tests FILE, --cases FOLDER, --answer (with --expect VALUE), or --function SIGNATURE"
        )
    text = _text(statement)
    if not text.strip():
        raise ValueError(f"{statement} is empty; it should hold the problem's statement")
    if given.tests is not None:
        return Problem(text=text, kind="program", check=_tests(given.tests), target=module)
    if given.cases is not None:
        return Problem(text=text, kind="program", check=CasesCheck(cases=_cases(given.cases)), target=module)
    if given.function is not None:
        return _function(text, given.function, module)
    check: StepCheck = AnswerCheck(expected=given.expect) if given.expect is not None else AgreementCheck()
    return Problem(text=text, kind="answer", check=check)


def _function(text: str, signature: str, module: str) -> Problem:
    source = f"{signature.strip().rstrip(':')}:\n    ...\n"
    try:
        body = ast.parse(source).body
    except SyntaxError:
        body = []
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        raise ValueError('--function should be one line that defines it, as "def f(a: int) -> int"')
    return Problem(text=text, kind="function", check=AgreementCheck(signature=source), target=f"{module}::{body[0].name}")


def _tests(file: Path) -> TestsCheck:
    name = file.name if file.name.startswith("test_") else f"test_{file.name}"
    if not name.endswith(".py"):
        raise ValueError(f"{file} should be a Python file of tests")
    return TestsCheck(files={name: _text(file)})


def _cases(folder: Path) -> tuple[Case, ...]:
    """Pairs NAME.in and NAME.out, by name."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; it should hold pairs of NAME{INPUT} and NAME{OUTPUT}")
    found = []
    for source in sorted(folder.glob(f"*{INPUT}")):
        expected = source.with_suffix(OUTPUT)
        if not expected.is_file():
            raise ValueError(f"{source} has no {expected.name} beside it")
        found.append(Case(stdin=_text(source), expected=_text(expected)))
    if not found:
        raise ValueError(f"{folder} holds no NAME{INPUT}; it should hold pairs of NAME{INPUT} and NAME{OUTPUT}")
    return tuple(found)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{file} is no UTF-8 text") from None
