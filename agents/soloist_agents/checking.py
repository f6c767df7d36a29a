"""Is a check any good? It must run and fail before any candidate is tried, and it should refuse wrong variants of a solution."""

import re
from collections.abc import Sequence

from soloist_sandbox.contract import Outcome, PytestCheck, TestResult
from soloist_tools.localise import FAILING

from soloist_agents.contract import NearMiss
from soloist_agents.step_check import StepCheck, TestsCheck, runnable

_ERROR = re.compile(r"^E\s+(?:\w+\.)*(\w+(?:Error|Exception))\b", re.MULTILINE)
_OWN_FAULTS = frozenset({"SyntaxError", "IndentationError", "TabError", "NameError", "UnboundLocalError"})
"""What a test raises by itself when it is written wrong. Missing modules, names and attributes are what it waits for."""
_OWN_CRASH = re.compile(rf"^(?:\S*/)?test_[^/\s]*\.py:\d+: (?:{'|'.join(sorted(_OWN_FAULTS))})\s*$", re.MULTILINE)
"""Pytest's last line of a failure: where it was raised, and what."""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
LEAST_ALIKE = 3
NOT_FOUND = 127


def fault_of_check(check: StepCheck | None, before: Outcome) -> str | None:
    """Why a check can't be used, seen by its run on the present code; None when it runs and fails as it should."""
    if runnable(check) is None:
        return None
    if before.limit is not None:
        return f"on the present code it was ended by its limit of {before.limit}"
    if before.exit_code == 0:
        return "it passes on the present code, so it would prove nothing"
    if before.exit_code == NOT_FOUND:
        return f"its command is not there: {before.stderr.strip()[-300:]}"
    if isinstance(check, TestsCheck):
        return _fault_of_tests(before)
    return None


def _fault_of_tests(before: Outcome) -> str | None:
    report = before.report
    if report is None or not report.tests:
        return f"pytest found no test in it: {(before.stdout + before.stderr).strip()[-600:]}"
    failing = [test for test in report.tests if test.status in FAILING]
    if not failing:
        return f"no test of it failed, yet pytest ended with {before.exit_code}"
    return next((fault for test in failing if (fault := _own_fault(test))), None)


def _own_fault(test: TestResult) -> str | None:
    """The test's own crash, told apart from its waiting for what is not there yet."""
    if re.search(r"fixture '\w+' not found", test.message):
        return f"{test.id} uses a fixture that does not exist:\n{test.message[-600:]}"
    errors = _ERROR.findall(test.message)
    in_test = not test.frames or test.frames[-1].path == test.id.partition("::")[0]
    if errors and errors[-1] in _OWN_FAULTS and in_test:
        return f"{test.id} crashes by itself:\n{test.message[-600:]}"
    return None


def failure_of(check: StepCheck | None, outcome: Outcome | None, why: str) -> str:
    """What a repairing model should see of a failed run."""
    if outcome is None:
        return why
    if outcome.report is not None and isinstance(runnable(check), PytestCheck):
        failing = [f"{test.id}\n{test.message}" for test in outcome.report.tests if test.status in FAILING]
        if failing:
            return "\n\n".join([why, *failing[:3]])
    return "\n".join(part for part in (why, outcome.stdout[-1500:], outcome.stderr[-1500:]) if part.strip())


def suspicious(misses: Sequence[NearMiss]) -> str | None:
    """Why the check itself is the suspect: it crashes, or different candidates fail it in exactly the same way; else None."""
    if own := next((miss.why for miss in misses if _OWN_CRASH.search(miss.why)), None):
        return f"the test crashes by itself:\n{own[-600:]}"
    marks: dict[str, set[str]] = {}
    for miss in misses:
        assertion = _assertion(miss.why)
        if assertion:
            marks.setdefault(assertion, set()).add(miss.candidate.text)
    for assertion, candidates in marks.items():
        if len(candidates) >= LEAST_ALIKE:
            return f"{len(candidates)} different candidates agree with each other and all fail here:\n{assertion}"
    return None


def _assertion(why: str) -> str:
    """The values of the failed assertion: candidates that agree show the same ones."""
    lines = [_ADDRESS.sub("", line) for line in why.splitlines() if line.startswith("E ")]
    return "\n".join(lines[:3]) if any("assert" in line for line in lines) else ""
