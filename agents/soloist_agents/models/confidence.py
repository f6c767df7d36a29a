"""How sure a model was of its tokens, from the logprobs that a server tells with them."""

import math
from collections.abc import Mapping

FLOOR = -20.0
"""Least log probability that a token counts with. Servers write -inf or -9999 for a token that their own top list lacks; one such
token must not void a whole trace."""
ROUNDING = 1e-3
"""A certain token may be told as a little over 0; anything beyond that is no log probability."""


class Confidence:
    """The mean of a choice's logprobs as they come: a sum and a count, never the list."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._count = 0

    def take(self, told: object) -> None:
        """Take a choice's `logprobs`: {"content": [{"logprob": …}, …]}. What has another form is left out."""
        content = told.get("content") if isinstance(told, Mapping) else None
        for entry in content if isinstance(content, list) else ():
            self._add(entry.get("logprob") if isinstance(entry, Mapping) else None)

    def _add(self, logprob: object) -> None:
        if not isinstance(logprob, int | float) or isinstance(logprob, bool):
            return
        if logprob <= ROUNDING:  # False for NaN too.
            self._sum += min(0.0, max(FLOOR, logprob))
            self._count += 1

    @property
    def mean(self) -> float | None:
        """Geometric mean of the tokens' probabilities, 0 < mean <= 1. None where no token was told."""
        return math.exp(self._sum / self._count) if self._count else None
