"""Selection among programs by what they do: the program that agrees best with the others, and with the claims about it.

Agreement proves nothing; the best level that it can give is "agreed". Order of the rules:

1. more of the given examples fulfilled (those come from whoever asked, and were executed);
2. a higher score (`agreement_scores`; `joint` unless told otherwise), for programs that returned a value at all;
3. seen earlier.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from soloist_agents.selection.agreement_profiles import Profiles, profiled
from soloist_agents.selection.agreement_scores import Score, joint, largest, mbr_exec
from soloist_agents.selection.behaviour import Behaviours
from soloist_agents.selection.behaviour_claims import Claim


@dataclass(frozen=True)
class Choice:
    """The chosen program, and what it was chosen by: evidence for a report, and for a calibrated probability."""

    program: int
    """Its position among the programs."""
    alike: tuple[int, ...]
    """All programs that do the same in every counted call, itself included."""
    usable: bool
    """False: no program returned a value in any call, and this is the first one."""
    programs: int
    clusters: int
    """How many different behaviours there are."""
    calls: int
    """How many calls were counted; with 0 nothing is known of agreement."""
    share: float
    """Of the votes, those for programs that do the same. 0 to 1."""
    agreement: float
    """Share of the votes that give the same value, averaged over the counted calls. 0 to 1."""
    claims_met: int
    claims: int
    """Generated claims, each as often as it was made."""
    examples_met: int
    examples: int


def choose(
    seen: Behaviours,
    claims: Sequence[Claim] = (),
    examples: Sequence[Claim] = (),
    weights: Sequence[float] | None = None,
    score: Score = joint,
) -> Choice:
    """The best program of a behaviour matrix.

    `claims` are generated and may be wrong, `examples` are given. `weights`: the vote of each program, all positive; 1 each when
    left out. For programs of several authors take the log odds that an author's program is right (Nitzan and Paroush 1982).
    Raises `ValueError` where there is no program, or not one weight for each.
    """
    if not seen.rows:
        raise ValueError("there is no program to choose")
    weights = weights or [1.0] * len(seen.rows)
    if len(weights) != len(seen.rows) or min(weights) <= 0:
        raise ValueError("every program needs one weight above 0")
    profiles = profiled(seen, claims, examples)
    votes = profiles.votes(weights)
    return described(profiles, votes, leader(profiles, votes, score))


def leader(profiles: Profiles, votes: Sequence[float], score: Score = joint) -> int:
    """The best profile among those with votes; of equal ones the one seen first."""
    return ranked(profiles, votes, score)[0]


def ranked(profiles: Profiles, votes: Sequence[float], score: Score = joint) -> list[int]:
    """All profiles that have votes, best first."""
    scores = score(profiles, votes)
    voted = [profile for profile, vote in enumerate(votes) if vote > 0]
    return sorted(voted, key=lambda at: (-profiles.given[at], not profiles.usable[at], -scores[at], at))


def described(profiles: Profiles, votes: Sequence[float], chosen: int) -> Choice:
    """A profile's first program, with the figures that speak for it."""
    total = sum(votes)
    cluster = profiles.clusters[chosen]
    met = zip(profiles.claims, profiles.fulfilled[chosen], strict=True)
    return Choice(
        program=profiles.of.index(chosen),
        alike=tuple(at for at, profile in enumerate(profiles.of) if profiles.clusters[profile] == cluster and votes[profile] > 0),
        usable=profiles.usable[chosen],
        programs=len(profiles.of),
        clusters=len({cluster for cluster, vote in zip(profiles.clusters, votes, strict=True) if vote > 0}),
        calls=profiles.calls,
        share=largest(profiles, votes)[chosen] / total,
        agreement=mbr_exec(profiles, votes)[chosen],
        claims_met=sum(count for count, fulfilled in met if fulfilled),
        claims=sum(profiles.claims),
        examples_met=profiles.given[chosen],
        examples=profiles.examples,
    )
