"""A mistake in a step."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """Where a chain of steps goes wrong first."""

    step: int
    """From 0."""
    why: str
