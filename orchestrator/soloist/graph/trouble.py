"""Models that fail, caps that are reached and time that is over end a run; they never lose what it has found."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Literal, TypeVar

from soloist_agents.models.contract import BudgetSpent, ModelError

T = TypeVar("T")
Kind = Literal["unavailable", "spent", "time"]
Trouble = dict[str, str]


def trouble(kind: Kind, text: str, step: str = "") -> Trouble:
    """As it stands in the state. `step`: where it was met by a step's specialist, who may be replaced by another."""
    return {"kind": kind, "text": text, "step": step}


def ends_the_run(found: Mapping[str, str] | None) -> bool:
    """A planner that fails or a cap that is reached does; a specialist that fails does not, as long as there are other ways."""
    if not found:
        return False
    return found["kind"] == "spent" or not found.get("step")


def trouble_of(error: ModelError) -> Trouble:
    """From a model's error."""
    return trouble("spent" if isinstance(error, BudgetSpent) else "unavailable", str(error))


async def within(seconds: float, work: Awaitable[T]) -> T | Trouble:
    """The planner's work, or why there is none. Cancelled when the time is over."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return trouble("time", "the time was used up while the planner was at work")
    except ModelError as error:
        return trouble_of(error)
