"""The files of `soloist solve` as a `Problem`."""

from pathlib import Path

from soloist_agents.step_check import AgreementCheck, AnswerCheck, Case, CasesCheck, StepCheck, TestsCheck

from soloist.task import Problem

INPUT, OUTPUT = ".in", ".out"


def read_problem(
    statement: Path, *, tests: Path | None, cases: Path | None, answer: bool, expect: str | None, module: str
) -> Problem:
    """The problem with its check. Raises `ValueError` unless there is exactly one way to know that it is solved."""
    given = [tests is not None, cases is not None, answer or expect is not None]
    if sum(given) != 1:
        raise ValueError("say how we will know: one of --tests FILE, --cases FOLDER, or --answer (with --expect VALUE)")
    text = _text(statement)
    if not text.strip():
        raise ValueError(f"{statement} is empty; it should hold the problem's statement")
    if tests is not None:
        return Problem(text=text, kind="program", check=_tests(tests), target=module)
    if cases is not None:
        return Problem(text=text, kind="program", check=CasesCheck(cases=_cases(cases)), target=module)
    check: StepCheck = AnswerCheck(expected=expect) if expect is not None else AgreementCheck()
    return Problem(text=text, kind="answer", check=check)


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
