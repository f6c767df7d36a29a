"""Which strategy a step gets: the one that was asked for, where it fits, else one that suits the step and the effort.

| what can be known of a candidate            | asked for nothing                                | may be asked for             |
|---------------------------------------------|--------------------------------------------------|------------------------------|
| a check can be run, or the answer is known  | first_verified                                   | best_of_n                    |
| a value, and nothing to check it by         | low: majority, normal: weighted, high: clr       | majority, weighted, clr      |
| a function, and nothing to check it by      | agreement                                        |                              |
"""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field
from soloist_sandbox.contract import Value

from soloist_agents.step_check import AgreementCheck, StepCheck

Strategy = Literal["first_verified", "best_of_n", "majority", "weighted", "clr", "agreement"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
Effort = Literal["low", "normal", "high"]
CHECKED: tuple[Strategy, ...] = ("first_verified", "best_of_n")
VOTED: tuple[Strategy, ...] = ("majority", "weighted", "clr")
PROGRAMS: tuple[Strategy, ...] = ("agreement",)
BY_EFFORT: dict[Effort, Strategy] = {"low": "majority", "normal": "weighted", "high": "clr"}
MOST_SAMPLES = 1024


Share = Annotated[float, Field(gt=0, lt=1)]


class Selection(Value):
    """How many samples are drawn for one step, and what is made of them."""

    strategy: Strategy | None = None
    """None: as the step and the effort call for."""
    samples: int | None = Field(default=None, ge=1, le=MOST_SAMPLES)
    """Samples for one step, at most. None: the specialist's own number."""
    effort: Effort = "normal"
    spread: float = Field(default=0.0, ge=0, le=1)
    """How far below the preset's temperature the coolest sample is drawn; the others lie evenly in between."""
    authors: Mapping[str, Share] = Field(default_factory=dict)
    """Chance that an author's sample is right, by its name, where that is known: for votes that are weighted."""


def chosen(wanted: Selection, kind: str, check: StepCheck | None) -> Strategy:
    """The strategy of a step of this kind with this check.

    Raises `ValueError`, in one line, where the one that was asked for has nothing to go by, and for a whole program that nothing
    can check: samples of it can't be compared.
    """
    if kind == "program" and isinstance(check, AgreementCheck):
        raise ValueError("a program needs tests or input/output cases; without them ask for a function, by its signature")
    fitting = _fitting(kind, check)
    if wanted.strategy is None:
        return BY_EFFORT[wanted.effort] if fitting is VOTED else fitting[0]
    if wanted.strategy not in fitting:
        raise ValueError(f"strategy {wanted.strategy} {_REFUSED[fitting]}: name one of {', '.join(fitting)}, or none")
    return wanted.strategy


_REFUSED = {
    CHECKED: "does without the check that this step has",
    VOTED: "does not suit a value that nothing can check",
    PROGRAMS: "does not suit a function that nothing can check",
}


def _fitting(kind: str, check: StepCheck | None) -> tuple[Strategy, ...]:
    if not isinstance(check, AgreementCheck):
        return CHECKED
    return PROGRAMS if kind == "function" else VOTED
