"""The lead at which a vote between two answers may stop, for a given budget and error: computed exactly, kept for next time."""

import math
from functools import lru_cache

MOST = 128
"""The largest budget that a boundary is computed for; about a second of CPU there, some milliseconds for 32."""
_SHARES = (0.5, 0.48, 0.46, 0.43, 0.4, 0.36, 0.32, 0.27, 0.2)
"""Of one of the two answers; the other way round is the same by symmetry."""
_HALVINGS = 12


@lru_cache(maxsize=64)
def boundary(budget: int, delta: float) -> tuple[float, ...]:
    """The least lead at which to stop, by the number of samples still to come (0 to `budget`).

    Raises ValueError where the budget is above `MOST` or the error not between 0 and 1.
    """
    if not 0 < delta < 1:
        raise ValueError(f"an error bound lies between 0 and 1, not at {delta}")
    if not 1 <= budget <= MOST:
        raise ValueError(
            f"exact boundaries are made for budgets up to {MOST} samples, not {budget}: use the rule Posterior there"
        )
    low, high = 0.0, 0.5
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if worst_error(_leads(budget, middle), budget) <= delta else (low, middle)
    return _leads(budget, low)


def worst_error(leads: tuple[float, ...], budget: int) -> float:
    """The largest chance over the grid of shares that the stop and the whole budget name different leaders."""
    return max(error(leads, budget, share) for share in _SHARES)


def error(leads: tuple[float, ...], budget: int, share: float) -> float:
    """The chance of that for one share of two answers. A tie at the end counts as a different leader."""
    running, wrong = {0: 1.0}, 0.0
    for remaining in range(budget - 1, 0, -1):
        following: dict[int, float] = {}
        for lead, chance in running.items():
            following[lead + 1] = following.get(lead + 1, 0.0) + chance * share
            following[lead - 1] = following.get(lead - 1, 0.0) + chance * (1 - share)
        stopped = {lead: chance for lead, chance in following.items() if abs(lead) >= leads[remaining]}
        wrong += sum(chance * _turned(abs(lead), remaining, share if lead < 0 else 1 - share) for lead, chance in stopped.items())
        running = {lead: chance for lead, chance in following.items() if lead not in stopped}
    return wrong


def _leads(budget: int, gamma: float) -> tuple[float, ...]:
    found = [1.0]
    for remaining in range(1, budget + 1):
        lead = int(found[-1])
        while lead <= remaining and _turned(lead, remaining, 0.5) > gamma:
            lead += 1
        found.append(float(lead))
    return tuple(found)


@lru_cache(maxsize=200_000)
def _turned(lead: int, remaining: int, share: float) -> float:
    """The chance that the rival, who gets this share, makes up a lead of so many votes."""
    least = math.ceil((lead + remaining) / 2)
    return math.fsum(math.comb(remaining, k) * share**k * (1 - share) ** (remaining - k) for k in range(least, remaining + 1))
