"""Trials of steps that are no code to be judged: a command's output, and edits that only the check of the whole judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from soloist_sandbox.checks import parse_check
from soloist_sandbox.contract import Changes, CommandCheck, Limits, Session
from soloist_sandbox.integrity import refuse_changes
from soloist_tools.tree import Tree

from soloist_agents.contract import Candidate, NearMiss, Verdict
from soloist_agents.stitching import Stitch
from soloist_agents.trials.contract import Screening


@dataclass(frozen=True)
class CommandTrial:
    """Runs the command; it passes when it ends with 0."""

    session: Session
    base: Changes
    limits: Limits

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """None: what a command writes in the sandbox is lost; its output is what counts."""
        return {}

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """A command is run once, as its proof."""
        return Screening(survivors=tuple(candidates), misses=(), judged=len(candidates))

    async def prove(self, candidate: Candidate) -> Verdict:
        """Run it in a clean container."""
        outcome = await self.session.run(parse_check(candidate.text), changes=self.base, limits=self.limits)
        passed = outcome.exit_code == 0 and outcome.limit is None
        ended = f"ended by its limit of {outcome.limit}" if outcome.limit else f"ended with exit code {outcome.exit_code}"
        return Verdict(
            candidate=candidate,
            outcome=outcome,
            passed=passed,
            why=f"the command {ended}",
            level="executed" if passed else "unverified",
        )


@dataclass(frozen=True)
class UncheckedTrial:
    """An edit without a check of its own: it must fit its place; the check of the whole will judge it."""

    stitch: Stitch
    tree: Tree

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """The files it edits. Raises ValueError when it doesn't fit, or touches what configures or makes a check."""
        changed = self.stitch(candidate)
        refuse_changes(changed, CommandCheck(command="true"), self.tree)
        return changed

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """What doesn't fit has failed."""
        survivors, misses = [], []
        for candidate in candidates:
            try:
                self.changes(candidate)
                survivors.append(candidate)
            except ValueError as unfit:
                misses.append(NearMiss(candidate=candidate, passed=0, why=str(unfit)))
        return Screening(survivors=tuple(survivors), misses=tuple(misses), judged=len(candidates))

    async def prove(self, candidate: Candidate) -> Verdict:
        """It fits; nothing was run."""
        why = "it fits its place; the check of the whole will judge it"
        return Verdict(candidate=candidate, outcome=None, passed=False, why=why, level="unverified")
