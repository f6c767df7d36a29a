"""The trial of a function that nothing can check: samples vote by what their programs do (`selection.agreement`).

A vote proves nothing: the best level that it gives is "agreed". Where examples are given, the leading program makes their calls
once more in a clean container, and what comes out is compared with the examples out here; only then has it passed. Values are
the same where Python's `==` says so, and so are floats that differ after the tenth digit.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from soloist_sandbox.contract import Call, Changes, FunctionCheck, Level, Limits, Outcome, Session

from soloist_agents.contract import Candidate, Step, Verdict
from soloist_agents.selection.agreement import Choice, described, leader
from soloist_agents.selection.agreement_profiles import Profiles, profiled
from soloist_agents.selection.agreement_stopping import ERROR, looks, settled
from soloist_agents.selection.ballot import Claim
from soloist_agents.selection.behaviour import Behaviours
from soloist_agents.selection.behaviour_calls import Question
from soloist_agents.selection.behaviour_claims import Claim as CallClaim
from soloist_agents.selection.behaviour_claims import claims_of
from soloist_agents.selection.behaviour_growing import GrowingBehaviours, Written
from soloist_agents.selection.behaviour_running import LIMITS, normal_form
from soloist_agents.selection.behaviour_running import seen as came_of
from soloist_agents.selection.choice_report import agreed, contradicted, groups_of, probability, refuted, settled_claims, told
from soloist_agents.selection.given_examples import defined_in, definition, function_of, given_examples
from soloist_agents.selection.tally import Group, Tally
from soloist_agents.stitching import Stitch
from soloist_agents.trials.contract import Screening

MEMORY_MB: Final = 512
"""MiB for one program's calls, at most; several run side by side."""


@dataclass(frozen=True)
class _Standing:
    """Who leads, by everything that was run so far."""

    choice: Choice
    groups: tuple[Group, ...]
    claims: tuple[Claim, ...]
    refuted: str
    """The first given example that the leader does not fulfil; "" where it fulfils all."""
    contradicted: int
    """Assertions of all samples that their own programs do not fulfil."""


class ProgramsTrial:
    """Runs every sample's program, and chooses the one that agrees best with the others and with all samples' assertions."""

    def __init__(self, step: Step, session: Session, stitch: Stitch, base: Changes, limits: Limits, budget: int) -> None:
        """`base`: what earlier steps have changed; it lies under every program. `limits`: of the run that proves; a vote's calls
        together get two seconds of it. `budget`: samples."""
        self._path = step.path
        self._name = step.name
        self._function = function_of(step)
        self._examples = given_examples(step)
        self._known = definition(step)
        self._session = session
        self._stitch = stitch
        self._base = base
        self._limits = limits
        self._budget = budget
        self._looks = frozenset(looks(budget))
        self._behaviours: GrowingBehaviours | None = None
        self._voters: list[Candidate] = []
        """By row of the matrix."""
        self._texts: list[str] = []
        self._cast = 0
        """Votes, and candidates that did not fit."""
        self._absent = 0
        self._fresh: list[Candidate] = []
        self._standing: _Standing | None = None
        self._settled = False
        self._proofs: dict[str | None, Outcome] = {}
        """Clean runs, by program."""

    def changes(self, candidate: Candidate) -> Mapping[str, bytes]:
        """The candidate in its file."""
        return self._stitch(candidate)

    async def screen(self, candidates: Sequence[Candidate]) -> Screening:
        """Every program is kept as a vote."""
        return Screening(survivors=tuple(candidates), misses=(), judged=len(candidates))

    async def prove(self, candidate: Candidate) -> Verdict:
        """Run what is new, and count the vote; it proves nothing yet.

        Raises `SandboxUnavailable`, and `ValueError` for a candidate that does not fit its place: a sample without an answer.
        """
        unfit = await self._take(candidate)
        self._fresh.append(candidate)
        if unfit is not None:
            raise unfit
        return Verdict(candidate=candidate, outcome=None, passed=False, why="counted as a vote", level="unverified")

    def absent(self, count: int) -> None:
        """So many samples have ended without a program: they never vote, and use up their share of the budget."""
        self._absent += count

    def tally(self) -> Tally:
        """How the vote stands. Whether it is settled is asked ever more rarely (`agreement_stopping.looks`)."""
        standing = self._standing
        samples = self._cast + self._absent
        unfit = self._cast - len(self._voters)
        return Tally(
            strategy="agreement",
            samples=samples,
            voting=len(self._voters),
            budget=self._budget,
            groups=standing.groups if standing else (),
            different=standing.choice.clusters if standing else 0,
            probability=probability(standing.choice) if standing else None,
            claims=standing.claims if standing else (),
            false_claims=standing.contradicted if standing else 0,
            stopped=self._settled or samples >= self._budget,
            why=self._why(samples),
            note=f"{unfit} of the samples did not fit the file" if unfit else "",
        )

    async def leader(self) -> Verdict | None:
        """The program that leads: passed where examples are given and it fulfils them in a clean container, else what agreement
        is worth. None before any vote. Raises `SandboxUnavailable`."""
        standing = self._standing
        if standing is None:
            return None
        choice, candidate = standing.choice, self._voters[standing.choice.program]
        if choice.examples:
            return await self._examined(choice, candidate)
        return _voted(candidate, told(choice), "agreed" if agreed(choice) else "unverified")

    async def restore(self, votes: tuple[Candidate, ...]) -> None:
        """Run and count them again. Raises `SandboxUnavailable`."""
        for vote in votes:
            await self._take(vote)

    def fresh_votes(self) -> tuple[Candidate, ...]:
        """Those since the last call, and candidates that did not fit."""
        fresh, self._fresh = tuple(self._fresh), []
        return fresh

    async def _take(self, candidate: Candidate) -> ValueError | None:
        """Count it; what speaks against its place, where it has none."""
        try:
            text = self._stitch(candidate)[self._path].decode("utf-8-sig")
        except ValueError as unfit:
            self._cast += 1
            return unfit
        if self._behaviours is None:
            self._behaviours = self._begun(text)
        await self._behaviours.add([Written(text, tuple(claim.text for claim in candidate.claims))])
        self._voters.append(candidate.model_copy(update={"said": ""}))
        self._texts.append(text)
        self._cast += 1
        seen, claims, voters = self._behaviours.seen, self._behaviours.claims, tuple(self._voters)
        self._standing, self._settled = await asyncio.to_thread(self._stand, seen, claims, voters)
        return None

    def _begun(self, first: str) -> GrowingBehaviours:
        """Where nobody has told the signature, the first sample's tells what to call it with."""
        question = Question(
            path=self._path,
            function=self._function,
            source=self._known or defined_in(first, self._name),
            examples=self._examples,
        )
        less = {"seconds": min(LIMITS.seconds, self._limits.seconds), "memory_mb": min(MEMORY_MB, self._limits.memory_mb)}
        return GrowingBehaviours(self._session, question, self._base, LIMITS.model_copy(update=less))

    def _stand(self, seen: Behaviours, claims: Sequence[CallClaim], voters: Sequence[Candidate]) -> tuple[_Standing, bool]:
        """How it stands, and whether it is settled."""
        profiles = profiled(seen, claims, self._examples)
        votes = profiles.votes([1.0] * len(voters))
        choice = described(profiles, votes, leader(profiles, votes))
        asserts = [tuple(claim.text for claim in voter.claims) for voter in voters]
        own = claims_of([text for at in choice.alike for text in asserts[at]], self._function)
        row = seen.rows[choice.program]
        standing = _Standing(
            choice=choice,
            groups=groups_of(self._function, seen, profiles, choice.program),
            claims=settled_claims(self._function, seen.calls, row, self._examples, own),
            refuted=refuted(self._function, seen.calls, row, self._examples),
            contradicted=contradicted(self._function, seen, asserts),
        )
        samples = self._cast + self._absent
        if self._cast not in self._looks:
            return standing, self._settled
        left = (self._budget - samples) * len(voters) / samples
        return standing, stops(profiles, votes, choice, left)

    def _why(self, samples: int) -> str:
        if samples >= self._budget:
            return f"all {self._budget} samples have ended"
        if self._settled:
            return f"in {1 - ERROR:.0%} or more of drawn futures, further samples choose the same behaviour"
        return "another behaviour may still win, or more samples agree on this one"

    async def _examined(self, choice: Choice, candidate: Candidate) -> Verdict:
        standing = self._standing
        if standing is not None and standing.refuted:
            return _voted(candidate, f"{standing.refuted}; {told(choice)}")
        outcome = await self._proof(self._texts[choice.program])
        if (wrong := self._wrong(outcome)) is not None:
            return _voted(candidate, f"in a clean container {wrong}; {told(choice)}")
        held = "the given example holds" if choice.examples == 1 else f"the {choice.examples} given examples hold"
        return Verdict(candidate=candidate, outcome=outcome, passed=True, why=f"{held}; {told(choice)}", level="executed")

    async def _proof(self, text: str) -> Outcome:
        """The examples' calls, made in a clean container; what they should give stays out here."""
        form = normal_form(text)
        if form not in self._proofs:
            check = FunctionCheck(
                path=self._path, function=self._function, calls=tuple(Call(arguments=call) for call in self._asked())
            )
            changes = {**self._base, self._path: text.encode()}
            self._proofs[form] = await self._session.run(check, changes=changes, limits=self._limits)
        return self._proofs[form]

    def _asked(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(example.arguments for example in self._examples))

    def _wrong(self, outcome: Outcome) -> str | None:
        """Why this run proves nothing."""
        asked = self._asked()
        if len(outcome.returned) != len(asked) or outcome.exit_code != 0 or outcome.limit is not None:
            return f"the given examples were not run to their end ({outcome.ended})"
        return refuted(self._function, asked, [came_of(result) for result in outcome.returned], self._examples) or None


def stops(profiles: Profiles, votes: Sequence[float], choice: Choice, left: float) -> bool:
    """Whether `left` more samples are not worth their price: they would hardly choose another behaviour, and they are not needed
    to make a majority of it, or can't. Where examples are given those decide, and no majority is needed."""
    most = 2 * (len(choice.alike) + left) > choice.programs + left
    decided = choice.examples > 0 or agreed(choice) or not most
    return decided and settled(profiles, votes, left, ERROR)


def _voted(candidate: Candidate, why: str, level: Level = "unverified") -> Verdict:
    return Verdict(candidate=candidate, outcome=None, passed=False, why=why, level=level)
