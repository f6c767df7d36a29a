"""A behaviour matrix of programs that come one by one, and whose authors' own tests bring new calls.

New calls are taken in when the first, second, fourth, eighth … program has come, and then every known program makes these alone:
the matrix has no holes, a program costs one job more for each doubling at most (a sample at most three on average), and the same
programs in the same order give the same matrix, however they come together. What a test claims of a call that is not made yet
counts from the next doubling on. Inputs are varied up to the fourth program; later ones bring their own calls only.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from soloist_sandbox.contract import Changes, Limits, Session

from soloist_agents.selection.behaviour import Behaviours, Seen
from soloist_agents.selection.behaviour_calls import STATED, Question
from soloist_agents.selection.behaviour_claims import Claim, claims_of
from soloist_agents.selection.behaviour_running import normal_form, observe

_VARIED_UNTIL: Final = 4
_FOR_GOOD: Final = ("skipped", "unusable")
"""How the last call of a program went that makes no more calls: it can't be called, or has hung or died too often."""


@dataclass(frozen=True)
class Written:
    """One program, and what its author says about the function."""

    text: str
    """The whole text of the question's file."""
    asserts: tuple[str, ...] = ()
    """Sources of generated tests."""


class GrowingBehaviours:
    """The matrix so far: a row for each program that was added, equal ones included."""

    def __init__(self, session: Session, question: Question, base: Changes, limits: Limits) -> None:
        """`question` without claims: they come with the programs. `base` is laid under every program."""
        self.seen = Behaviours((), ())
        self.claims: tuple[Claim, ...] = ()
        """Of all programs; those about calls that were not made are no matter yet."""
        self._session = session
        self._question = question
        self._base = base
        self._limits = limits
        self._asserts: list[str] = []
        self._forms: list[str | None] = []
        self._texts: dict[str | None, str] = {}
        """A text of each different program."""
        self._rows: dict[str | None, tuple[Seen, ...]] = {}

    async def add(self, programs: Sequence[Written]) -> None:
        """Run what is new. Raises `SandboxUnavailable`; interrupted, it has taken in some of the first programs, or none."""
        waiting = list(programs)
        while waiting:
            number = len(self._forms) + 1  # of the next program
            alone = number & (number - 1) == 0
            count = 1 if alone else (1 << number.bit_length()) - number
            await self._add(waiting[:count], grows=alone)
            del waiting[:count]

    async def _add(self, programs: Sequence[Written], *, grows: bool) -> None:
        asserts = [*self._asserts, *itertools.chain.from_iterable(program.asserts for program in programs)]
        claims = claims_of(asserts, self._question.function)
        calls, rows = self.seen.calls, dict(self._rows)
        if grows:
            fresh = tuple(call for call in self._calls(claims) if call not in set(calls))
            rows = await self._lengthened(fresh)
            calls += fresh
        forms = [normal_form(program.text) for program in programs]
        new = {form: program.text for form, program in zip(forms, programs, strict=True) if form not in rows}
        rows.update(zip(new, await self._observed([*new.values()], calls), strict=True))
        # nothing is kept before everything has run: who is cancelled here can begin again
        self._asserts, self._rows, self.claims = asserts, rows, claims
        self._forms += forms
        self._texts.update(new)
        self.seen = Behaviours(calls, tuple(rows[form] for form in self._forms))

    def _calls(self, claims: tuple[Claim, ...]) -> tuple[str, ...]:
        if len(self._forms) < _VARIED_UNTIL:
            return self._question.model_copy(update={"claims": claims}).calls
        return tuple(dict.fromkeys(claim.arguments for claim in claims))[:STATED]

    async def _lengthened(self, calls: tuple[str, ...]) -> dict[str | None, tuple[Seen, ...]]:
        """The known rows with cells for these calls too."""
        running = [form for form, row in self._rows.items() if not (row and row[-1].how in _FOR_GOOD)]
        found = dict(zip(running, await self._observed([self._texts[form] for form in running], calls), strict=True))
        return {form: row + found.get(form, row[-1:] * len(calls)) for form, row in self._rows.items()}

    async def _observed(self, programs: Sequence[str], calls: tuple[str, ...]) -> tuple[tuple[Seen, ...], ...]:
        asked = self._question
        found = await observe(
            self._session, programs, calls, path=asked.path, function=asked.function, base=self._base, limits=self._limits
        )
        return found.rows
