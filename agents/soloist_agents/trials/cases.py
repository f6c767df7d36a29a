"""Trial of a program by input and output. The program sees the inputs alone; its outputs are compared out here."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from soloist_sandbox.contract import Changes, CommandCheck, Limits, Outcome, Session

from soloist_agents.contract import Candidate, Verdict
from soloist_agents.step_check import Case, CasesCheck
from soloist_agents.stitching import Stitch
from soloist_agents.trials.contract import Screening

DRIVER = "run_cases.py"
INPUTS = "run_cases.json"
SHOWN = 600
"""Characters shown of an input or output."""


@dataclass(frozen=True)
class CasesTrial:
    """Runs the program once for each case, all cases in one clean container."""

    check: CasesCheck
    session: Session
    stitch: Stitch
    base: Changes
    limits: Limits

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """The program as a file."""
        return self.stitch(candidate)

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """Programs are few: each is run as its proof."""
        return Screening(survivors=tuple(candidates), misses=(), judged=len(candidates))

    async def prove(self, candidate: Candidate) -> Verdict:
        """Passed when every case printed what was expected."""
        program = self.changes(candidate)
        (path,) = program
        inputs = {"program": path, "seconds": self.check.seconds, "stdin": [case.stdin for case in self.check.cases]}
        driver = resources.files("soloist_agents.trials").joinpath("cases_driver.py").read_bytes()
        changes = {**self.base, **program, DRIVER: driver, INPUTS: json.dumps(inputs).encode()}
        outcome = await self.session.run(CommandCheck(command=f"python {DRIVER}"), changes=changes, limits=self._limits())
        fault = _fault(outcome, self.check.cases)
        return Verdict(
            candidate=candidate,
            outcome=outcome,
            passed=fault is None,
            why=fault or f"{len(self.check.cases)} cases printed what was expected",
            level="executed" if fault is None else "unverified",
        )

    def _limits(self) -> Limits:
        seconds = min(7200.0, 5.0 + self.check.seconds * len(self.check.cases))
        return self.limits.model_copy(update={"seconds": seconds, "output_kb": max(self.limits.output_kb, 8192)})


def _fault(outcome: Outcome, cases: Sequence[Case]) -> str | None:
    """What is wrong, in a form that helps to repair it; None when nothing is."""
    if outcome.limit is not None:
        return f"the cases were ended by the limit of {outcome.limit}"
    if outcome.exit_code != 0:
        return f"the cases could not be run: exit code {outcome.exit_code}: {outcome.stderr[-SHOWN:]}"
    results = _results(outcome.stdout)
    for number, case in enumerate(cases):
        if number >= len(results):
            return f"case {number + 1} gave no result"
        fault = _case_fault(results[number], case)
        if fault is not None:
            return f"case {number + 1} of {len(cases)}: {fault}\ninput:\n{case.stdin[:SHOWN]}"
    return None


def _case_fault(result: Mapping[str, object], case: Case) -> str | None:
    if result.get("ended") == "seconds":
        return "it took too long"
    stderr = _decoded(result.get("stderr"))
    if result.get("ended") != 0:
        return f"it ended with exit code {result.get('ended')}: {stderr[-SHOWN:]}"
    printed = _decoded(result.get("stdout"))
    if _plain(printed) == _plain(case.expected):
        return None
    return f"it printed\n{printed[:SHOWN]}\nbut expected is\n{case.expected[:SHOWN]}"


def _results(stdout: str) -> list[dict[str, object]]:
    """The driver's lines. What isn't one was printed by the program through a back door, and proves nothing."""
    found = []
    for line in stdout.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _decoded(value: object) -> str:
    try:
        return base64.b64decode(str(value or "")).decode("utf-8", "replace")
    except ValueError:
        return ""


def _plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]
