"""What one vote weighs."""

from collections.abc import Callable

from soloist_agents.selection.ballot import Ballot

Weigh = Callable[[Ballot], float]
CLR_CLAIMS = 5
"""M of the report."""
CLR_SAMPLES = 32
"""K of the report."""


def one(ballot: Ballot) -> float:
    """Every vote counts the same: self-consistency (Wang et al. 2022, arXiv 2203.11171)."""
    return 1.0


def clr(ballot: Ballot) -> float:
    """r = (valid claims / 5) ** 5, the reliability of VibeThinker's report (arXiv 2606.16140).

    Valid is a claim that the verifier confirmed. Claims that are missing, refuted, or whose verdict could not be read count 0;
    claims after the fifth are not looked at.
    """
    valid = sum(claim.verdict == "true" for claim in ballot.claims[:CLR_CLAIMS])
    return float((valid / CLR_CLAIMS) ** CLR_CLAIMS)


def passed(ballot: Ballot) -> float:
    """Only what passed the check by execution counts."""
    return 1.0 if ballot.verified else 0.0
