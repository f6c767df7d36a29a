"""The one dial. Every number behind it can be set by itself under [tries] and [budget]."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, ConfigDict, Field
from soloist_agents.selection.choosing import MOST_SAMPLES, Effort, Strategy
from soloist_sandbox.contract import Value

__all__ = ["DIAL", "Effort", "Tries"]


def _rising(budgets: tuple[int, ...]) -> tuple[int, ...]:
    if any(tokens < 1 for tokens in budgets) or list(budgets) != sorted(set(budgets)):
        raise ValueError("tries.thinking should be rising numbers of tokens, for example [8192, 24576, 40960]")
    return budgets


class Tries(Value):
    """How hard each step is tried. The defaults are those of normal effort."""

    model_config = ConfigDict(allow_inf_nan=False)

    samples: int = Field(default=8, ge=1, le=MOST_SAMPLES)
    """Answers that the specialist may give for one step, repairs included."""
    strategy: Strategy | None = None
    """How one of them is chosen: first_verified, best_of_n, majority, weighted, clr or agreement; by default what fits."""
    spread: float = Field(default=0.0, ge=0, le=1)
    """How far below the preset's temperature the coolest answer is drawn."""
    first_batch: int = Field(default=2, ge=1, le=1024)
    """Answers asked for at once at first; more only when none of them passes."""
    repairs: int = Field(default=2, ge=0, le=16)
    """How often a failing candidate goes back with what was seen, before a fresh one is asked for."""
    rounds: int = Field(default=2, ge=1, le=16)
    """How many of the preset's thinking budgets are used, smallest first."""
    thinking: Annotated[tuple[int, ...], AfterValidator(_rising)] = Field(default=(), max_length=16)
    """Thinking budgets in tokens, rising, in place of the preset's."""
    gather_calls: int = Field(default=12, ge=0, le=1000)
    """Tool calls that the planner may make while it looks around."""


DIAL: Final[dict[str, dict[str, Any]]] = {
    "low": {
        "tries": {"samples": 4, "first_batch": 1, "repairs": 1, "rounds": 1, "gather_calls": 6},
        "budget": {"replans": 1},
    },
    "normal": {
        "tries": {"samples": 8, "first_batch": 2, "repairs": 2, "rounds": 2, "gather_calls": 12},
        "budget": {"replans": 3},
    },
    "high": {
        "tries": {"samples": 32, "first_batch": 4, "repairs": 2, "rounds": 3, "gather_calls": 24},
        "budget": {"replans": 5},
    },
}
"""What each position stands for, as a source of settings just above the defaults."""
