"""Trial of a program by input and output. The program sees the inputs alone; its outputs are compared outside the sandbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from soloist_sandbox.contract import Case, Changes, Limits, ProgramCheck, Session
from soloist_sandbox.integrity import judge

from soloist_agents.contract import Candidate, Verdict
from soloist_agents.step_check import CasesCheck
from soloist_agents.stitching import Stitch
from soloist_agents.trials.contract import Screening


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
        check = ProgramCheck(
            path=path,
            cases=tuple(Case(stdin=case.stdin, stdout=case.expected) for case in self.check.cases),
            case_seconds=self.check.seconds,
        )
        outcome = await self.session.run(check, changes={**self.base, **program}, limits=self._limits())
        judgement = judge(check, None, outcome)
        return Verdict(candidate=candidate, outcome=outcome, passed=judgement.passed, why=judgement.why, level=judgement.level)

    def _limits(self) -> Limits:
        seconds = min(7200.0, 5.0 + self.check.seconds * len(self.check.cases))
        return self.limits.model_copy(update={"seconds": seconds})
