"""The behaviour matrix as the scores need it: programs that can't be told apart are one profile.

A profile is what a program did in every counted call, which generated claims it fulfils, and how many given examples. Counted are
the calls in which at least `ACCEPTED` of the usable programs returned a value: other inputs are hardly valid, and what a program
does with invalid ones is nobody's wish.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from soloist_agents.selection.behaviour import Behaviours, Seen
from soloist_agents.selection.behaviour_claims import Claim

ACCEPTED: Final = 2 / 3
"""Chosen on the open half of the material; from 0.6 to 0.8 the result is the same within one task."""
_LEAST_FOR_CONSTANT: Final = 5
NO_VALUE: Final = -1


@dataclass(frozen=True)
class Profiles:
    """Distinct profiles, numbered in order of their first program. All tuples but `of` and `columns` have one entry for each."""

    of: tuple[int, ...]
    """The profile of each program."""
    results: tuple[tuple[int, ...], ...]
    """By column: equal numbers are equal values; `NO_VALUE` where there was none. Calls that all programs answer alike are one
    column."""
    columns: tuple[int, ...]
    """How many calls each column stands for."""
    clusters: tuple[int, ...]
    """Equal for profiles with equal results."""
    fulfilled: tuple[tuple[bool, ...], ...]
    """By generated claim."""
    claims: tuple[int, ...]
    """How often each generated claim was made."""
    given: tuple[int, ...]
    """How many of the given examples hold."""
    examples: int
    usable: tuple[bool, ...]
    """It returned a value in at least one call."""
    constant: tuple[bool, ...]
    """It returned one and the same value in all counted calls, of which there are at least five."""

    @property
    def calls(self) -> int:
        """How many calls are counted."""
        return sum(self.columns)

    def votes(self, weights: Sequence[float]) -> tuple[float, ...]:
        """The sum of its programs' weights for each profile; `weights` may be of the first few programs only."""
        votes = [0.0] * len(self.results)
        for profile, weight in zip(self.of, weights, strict=False):
            votes[profile] += weight
        return tuple(votes)


def profiled(
    seen: Behaviours, claims: Sequence[Claim] = (), examples: Sequence[Claim] = (), accepted: float = ACCEPTED
) -> Profiles:
    """The profiles of all programs. Claims about calls that were not made are left out.

    Where no call can be counted nothing is known of agreement, and every program stands for itself.
    """
    at = {call: column for column, call in enumerate(seen.calls)}
    claims = [claim for claim in claims if claim.arguments in at]
    counted = seen.only(seen.accepted(accepted))
    fulfilled = [tuple(_holds(claim, row[at[claim.arguments]]) for claim in claims) for row in seen.rows]
    given = [sum(c.arguments in at and _holds(c, row[at[c.arguments]]) for c in examples) for row in seen.rows]
    alone = not counted.calls
    kept: dict[object, int] = {}
    of = [
        kept.setdefault((row, met, hits, number if alone else 0), len(kept))
        for number, (row, met, hits) in enumerate(zip(counted.rows, fulfilled, given, strict=True))
    ]
    firsts = [of.index(profile) for profile in range(len(kept))]
    rows = [counted.rows[first] for first in firsts]
    results, columns = _columns(rows)
    return Profiles(
        of=tuple(of),
        results=results,
        columns=columns,
        clusters=tuple(range(len(rows))) if alone else _clusters(rows),
        fulfilled=tuple(fulfilled[first] for first in firsts),
        claims=tuple(claim.count for claim in claims),
        given=tuple(given[first] for first in firsts),
        examples=len(examples),
        usable=tuple(any(cell.is_value for cell in seen.rows[first]) for first in firsts),
        constant=tuple(len(row) >= _LEAST_FOR_CONSTANT and len(set(row)) == 1 for row in rows),
    )


def _holds(claim: Claim, cell: Seen) -> bool:
    return cell.is_value and claim.holds(cell.same)


def _columns(rows: Sequence[Sequence[Seen]]) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Results as numbers, equal columns once; and how often each was there."""
    counts: dict[tuple[int, ...], int] = {}
    for column in zip(*rows, strict=True):
        numbers: dict[Seen, int] = {}
        coded = tuple(numbers.setdefault(cell, len(numbers)) if cell.is_value else NO_VALUE for cell in column)
        counts[coded] = counts.get(coded, 0) + 1
    results = tuple(zip(*counts, strict=True)) if counts else ((),) * len(rows)
    return results, tuple(counts.values())


def _clusters(rows: Sequence[tuple[Seen, ...]]) -> tuple[int, ...]:
    numbers: dict[tuple[Seen, ...], int] = {}
    return tuple(numbers.setdefault(row, len(numbers)) for row in rows)
