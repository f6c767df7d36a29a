"""The embedded planner: one play, no model. Make a failing check pass by repairing one of the suspect functions."""

import io
import re
import tokenize
from collections.abc import Sequence

from soloist_sandbox.contract import Check, Outcome, PytestCheck, TestReport
from soloist_tools.evidence import Evidence
from soloist_tools.localise import FAILING, Suspect

from soloist_agents.contract import Plan, PlannerNeeded, Situation, Step, ToolCall

STEPS_PER_PLAN = 12
"""Suspects tried side by side before the plan is made anew with the next ones."""
SHOWN_FAILURES = 3

REPAIR_WORDS = re.compile(
    r"\b(fix\w*|repair\w*|pass(es|ing)?|green|bugs?|debug|broken|fail\w*|faults?|regress\w*|crash\w*|errors?|defects?|wrong|correct)\b",
    re.IGNORECASE,
)
HOW_TO_SET_A_PLANNER = (
    "name one with --planner or SOLOIST_PLANNER: URL#model-id, SERVER/model-id, or package.module:factory of your own"
)

PYTEST_INTERNAL_ERROR, PYTEST_USAGE_ERROR, PYTEST_NO_TESTS = 3, 4, 5
MISSING_MODULE = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '([\w.]+)'")


class Playbook:
    """Run the check, read its failures, rank suspects by spectrum, plan one `function` step for each."""

    name = "playbook"

    async def look(self, situation: Situation) -> Sequence[ToolCall]:
        """First the check as it is, then traced."""
        check, gathered = situation.check, situation.gathered
        if check is None or situation.implied or not REPAIR_WORDS.search(situation.goal):
            raise PlannerNeeded(
                f"without a planner model Soloist can only make a failing --check pass; for this goal {HOW_TO_SET_A_PLANNER}"
            )
        used = {call.tool for call in gathered.calls}
        if "run_check" not in used:
            return (ToolCall(tool="run_check"),)
        if gathered.baseline is None or gathered.baseline.exit_code == 0:
            return ()
        _refuse_unusable(check, gathered.baseline)
        report = gathered.baseline.report
        if report is not None and report.tests and "trace_check" not in used and isinstance(check, PytestCheck):
            return (ToolCall(tool="trace_check"),)
        return ()

    async def plan(self, situation: Situation) -> Plan:
        """One step for each of the most suspicious functions that were not given up yet."""
        given_up = {result.step.target for result in situation.history if not result.solved}
        suspects = situation.gathered.suspects
        fresh = [s for s in suspects if s.target not in given_up and s.path in situation.tree]
        return Plan(steps=tuple(_step(suspect, situation) for suspect in fresh[:STEPS_PER_PLAN]), mode="any")


def _step(suspect: Suspect, situation: Situation) -> Step:
    failures = [e for e in situation.gathered.evidence if e.why == "fails before any change"]
    return Step(
        id=suspect.target,
        goal=f"repair {suspect.name} in {suspect.path}",
        kind="function",
        target=suspect.target,
        problem=_problem(situation, suspect, failures),
        source=_decoded(situation.tree[suspect.path]),
        check=situation.check,
        suspicion=suspect.score,
        lines=suspect.lines,
    )


def _decoded(source: bytes) -> str:
    """Text of a Python file, by its own declaration (PEP 263); every newline as it stands."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding, "replace")


def _problem(situation: Situation, suspect: Suspect, failures: Sequence[Evidence]) -> str:
    shown = "\n\n".join(f"{e.source}\n{e.text}" for e in failures[:SHOWN_FAILURES])
    return (
        f"{situation.goal}\nThe check `{situation.check}` fails; {suspect.target} may hold the fault ({suspect.why}).\n\n{shown}"
    )


def _refuse_unusable(check: Check, baseline: Outcome) -> None:
    """Raise ValueError when the check could not do its work at all, so that no repair could ever show."""
    if not isinstance(check, PytestCheck):
        return
    said = (baseline.stdout + baseline.stderr).strip()
    if baseline.exit_code in (PYTEST_INTERNAL_ERROR, PYTEST_USAGE_ERROR) and not _collected(baseline.report):
        raise ValueError(f"the check `{check}` can't run: {_last_error(said)}")
    if baseline.exit_code == PYTEST_NO_TESTS:
        raise ValueError(f"the check `{check}` found no tests; name the folder or file that holds them")
    missing = set(MISSING_MODULE.findall(said))
    if missing and not _collected(baseline.report):
        names = " ".join(sorted(missing))
        raise ValueError(
            f"the check needs modules that the sandbox lacks: {names}; add them with: soloist sandbox build --requirement NAME"
        )


def _collected(report: TestReport | None) -> bool:
    """Did any test run, or fail for a reason of its own?"""
    return report is not None and any(test.status not in FAILING or "::" in test.id for test in report.tests)


def _last_error(said: str) -> str:
    errors = [line for line in said.splitlines() if line.lower().startswith(("error", "e  ", "usage", "internalerror>"))]
    return (errors or said.splitlines() or ["it printed nothing"])[-1].strip()
