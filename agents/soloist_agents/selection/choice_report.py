"""A choice among programs, put so that people can judge it: how many do the same, on what, where the others differ, how likely
it is right."""

from collections.abc import Sequence
from typing import Final

from soloist_agents.selection.agreement import Choice
from soloist_agents.selection.agreement_profiles import Profiles
from soloist_agents.selection.ballot import Claim, Truth
from soloist_agents.selection.behaviour import Behaviours, Seen
from soloist_agents.selection.behaviour_claims import Claim as CallClaim
from soloist_agents.selection.behaviour_claims import claims_of
from soloist_agents.selection.calibration import PROGRAMS, PROGRAMS_WITH_EXAMPLES
from soloist_agents.selection.tally import MOST_SHOWN, Group

LEAST_VOTES: Final = 2
"""One sample agrees with nobody."""
MOST_CLAIMS: Final = 24
"""Claims kept for the report, false ones first."""
_CALLS: Final = 3
"""Calls that show what a group does."""
_SHORT: Final = 60
_RELATIONS: Final = {"equals": "==", "differs": "!=", "near": "≈", "true": "is true", "false": "is false"}


def agreed(choice: Choice) -> bool:
    """Whether most samples do what the chosen program does."""
    return len(choice.alike) >= LEAST_VOTES and 2 * len(choice.alike) > choice.programs


def probability(choice: Choice) -> float | None:
    """That the chosen program is right, as choices were on recorded samples; None where nothing is known of agreement, or where
    it fails a given example."""
    if not choice.usable or not choice.calls or choice.examples_met < choice.examples:
        return None
    fitted = PROGRAMS_WITH_EXAMPLES if choice.examples else PROGRAMS
    return round(fitted.probability(support(choice)), 3)


def support(choice: Choice) -> float:
    """The figure that is calibrated: votes for the same behaviour, drawn towards one half by two votes' worth. 0 to 1."""
    return (len(choice.alike) + 1) / (choice.programs + 2)


def told(choice: Choice) -> str:
    """How many samples do the same on how many inputs, and how likely it is right."""
    if not choice.usable:
        return f"no program of {choice.programs} samples returned a value in any call"
    if not choice.calls:
        return f"no call was answered by most of {choice.programs} samples, so nothing is known of agreement"
    inputs = f"{choice.calls} input{'s' if choice.calls > 1 else ''}"
    said = f"{len(choice.alike)} of {choice.programs} samples do the same on {inputs}"
    likely = probability(choice)
    return said if likely is None else f"{said}; right with probability {likely:.2f}, as choices were on recorded problems"


def groups_of(function: str, seen: Behaviours, profiles: Profiles, chosen: int) -> tuple[Group, ...]:
    """Samples that do the same, the chosen program's first, then by size; each with calls that tell the first ones apart."""
    clusters: dict[int, list[int]] = {}
    for program, profile in enumerate(profiles.of):
        clusters.setdefault(profiles.clusters[profile], []).append(program)
    own = profiles.clusters[profiles.of[chosen]]
    order = sorted(clusters, key=lambda cluster: (cluster != own, -len(clusters[cluster]), clusters[cluster][0]))[:MOST_SHOWN]
    firsts = [clusters[cluster][0] for cluster in order]
    telling = _telling(seen, firsts)
    return tuple(
        Group(answer=_shown(function, seen, first, telling), votes=len(clusters[cluster]), score=float(len(clusters[cluster])))
        for cluster, first in zip(order, firsts, strict=True)
    )


def settled_claims(
    function: str, calls: Sequence[str], row: Sequence[Seen], examples: Sequence[CallClaim], asserts: Sequence[CallClaim]
) -> tuple[Claim, ...]:
    """Whether this program does what the examples say, and what its own samples have asserted; false ones first."""
    cells = dict(zip(calls, row, strict=True))
    found: dict[str, Claim] = {}
    for kind, claims in (("example", examples), ("assertion", asserts)):
        for claim in claims:
            if (cell := cells.get(claim.arguments)) is not None:
                text = _written(function, claim)
                truth: Truth = "true" if _fulfils(claim, cell) else "false"
                found.setdefault(text, Claim(text=text, verdict=truth, kind=kind, by="execution"))
    return tuple(sorted(found.values(), key=lambda claim: claim.verdict != "false")[:MOST_CLAIMS])


def contradicted(function: str, seen: Behaviours, asserts: Sequence[Sequence[str]]) -> int:
    """How many assertions the programs' own authors wrote that their own program does not fulfil. `asserts`: for each row."""
    cells = (dict(zip(seen.calls, row, strict=True)) for row in seen.rows)
    return sum(
        claim.arguments in own and not _fulfils(claim, own[claim.arguments])
        for own, texts in zip(cells, asserts, strict=True)
        for claim in claims_of(texts, function)
    )


def refuted(function: str, calls: Sequence[str], row: Sequence[Seen], examples: Sequence[CallClaim]) -> str:
    """What came instead of what the first unfulfilled example says; "" where this program fulfils all."""
    cells = dict(zip(calls, row, strict=True))
    for example in examples:
        if not _fulfils(example, cells[example.arguments]):
            came = _came(cells[example.arguments])
            return f"{function}({_short(example.arguments)}) {came}, but a given example says {_says(example)}"
    return ""


def _fulfils(claim: CallClaim, cell: Seen) -> bool:
    """A call that did not return a value fulfils nothing."""
    return cell.is_value and claim.holds(cell.same)


def _written(function: str, claim: CallClaim) -> str:
    """Values as `==` compares them, so True is 1."""
    return f"{function}({_short(claim.arguments)}) {_says(claim)}"


def _says(claim: CallClaim) -> str:
    return f"{_RELATIONS[claim.relation]} {_short(claim.expected)}".rstrip()


def _telling(seen: Behaviours, firsts: Sequence[int]) -> list[int]:
    """Columns in which these programs differ most; short calls before long ones."""

    def rank(column: int) -> tuple[int, int]:
        return -len({seen.rows[first][column] for first in firsts}), len(seen.calls[column])

    return sorted(seen.accepted(0.5) or range(len(seen.calls)), key=rank)[:_CALLS]


def _shown(function: str, seen: Behaviours, program: int, columns: Sequence[int]) -> str:
    calls = [f"{function}({_short(seen.calls[at])}) {_came(seen.rows[program][at])}" for at in columns]
    return "; ".join(calls)


def _came(cell: Seen) -> str:
    match cell.how:
        case "value":
            return f"gave {_short(cell.same)}"
        case "raised":
            return f"raised {cell.same}"
        case "opaque":
            return "gave what can't be compared"
        case "hung":
            return "did not end"
        case "died":
            return "ended the interpreter"
        case "unusable":
            return "could not be called"
        case "skipped":
            return "was not called"


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
