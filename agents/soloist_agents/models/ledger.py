"""What models cost: every call is counted, also one that failed or was cut off, and caps are held before the next is made."""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

from pydantic import ConfigDict, Field
from soloist_sandbox.contract import Value

from soloist_agents.models.contract import (
    BudgetSpent,
    Completion,
    Delta,
    Model,
    Request,
    Restarted,
    Spent,
    StreamEvent,
    Usage,
)
from soloist_agents.models.prices import PriceTable
from soloist_agents.models.tokens import estimated_usage


class Caps(Value):
    """Hard limits of a run. None: no limit."""

    model_config = ConfigDict(allow_inf_nan=False)

    tokens: int | None = Field(default=None, gt=0)
    """Prompt, thinking and answer of all roles together."""
    planner_tokens: int | None = Field(default=None, gt=0)
    """Tokens of the planner."""
    specialist_tokens: int | None = Field(default=None, gt=0)
    """Tokens of the specialist."""
    money: float | None = Field(default=None, ge=0)
    """USD; needs a price for every model that costs money."""


class Call(Value):
    """One call of a model."""

    role: str
    step: str
    model: str
    usage: Usage
    seconds: float
    money: float | None
    """USD; None where no price is set."""
    ended: str
    """"complete", "cancelled", or the error's class."""


class Row(Value):
    """Calls of one role for one step, summed."""

    role: str
    step: str
    model: str
    calls: int
    usage: Usage
    seconds: float
    """Of all calls, also of those side by side."""
    money: float | None


@dataclass
class Ledger:
    """The calls of one run. Cheap to ask while the run goes on."""

    prices: PriceTable = field(default_factory=PriceTable)
    caps: Caps = field(default_factory=Caps)
    calls: list[Call] = field(default_factory=list)
    heard: Callable[[Call], None] = lambda call: None
    """Told of each call as it ends."""

    def add(self, call: Call) -> None:
        """Count one call."""
        self.calls.append(call)
        self.heard(call)

    def used(self, role: str | None = None) -> Usage:
        """Tokens so far, of one role or of all."""
        return _sum(call.usage for call in self.calls if role in (None, call.role))

    def money(self, role: str | None = None) -> float | None:
        """USD so far; None where a model that was called has no price."""
        spent = [call.money for call in self.calls if role in (None, call.role)]
        return None if any(money is None for money in spent) else sum(money or 0.0 for money in spent)

    def rows(self) -> tuple[Row, ...]:
        """By role, step and model, in order of first appearance."""
        groups: dict[tuple[str, str, str], list[Call]] = {}
        for call in self.calls:
            groups.setdefault((call.role, call.step, call.model), []).append(call)
        return tuple(_row(*key, calls) for key, calls in groups.items())

    def spent_cap(self, extra: Usage | None = None, role: str = "") -> str | None:
        """The cap that is reached, in words; None while all hold. `extra`: tokens of a call that is under way."""
        more = extra or Usage()
        known = sum(call.money or 0.0 for call in self.calls)
        if self.caps.money is not None and known >= self.caps.money:
            return f"the cap of {self.caps.money:g} USD is reached"
        if self.caps.tokens is not None and (self.used() + more).total >= self.caps.tokens:
            return f"the cap of {self.caps.tokens} tokens is reached"
        for name, cap in (("planner", self.caps.planner_tokens), ("specialist", self.caps.specialist_tokens)):
            own = more if role == name else Usage()
            if cap is not None and role in ("", name) and (self.used(name) + own).total >= cap:
                return f"the cap of {cap} {name} tokens is reached"
        return None

    def planner_alone(self, planner: str) -> float | None:
        """USD, estimated: the specialist's calls at the planner's price. None where that price is not set."""
        return self.prices.cost(planner, self.used("specialist")) if self.prices.knows(planner) else None


_OF_THIS_RUN: ContextVar[Ledger | None] = ContextVar("soloist_ledger", default=None)


@contextlib.contextmanager
def counted_in(ledger: Ledger) -> Iterator[None]:
    """Calls made inside, and in tasks started inside, are counted in this ledger. Runs side by side each have their own."""
    token = _OF_THIS_RUN.set(ledger)
    try:
        yield
    finally:
        _OF_THIS_RUN.reset(token)


class Metered:
    """A model whose calls are counted and capped by the ledger of the run that makes them. Outside of runs it only passes on."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """As the model's own. Raises `BudgetSpent` before a call, or amid one, when a cap is reached."""
        ledger = _OF_THIS_RUN.get() or Ledger()
        if reached := ledger.spent_cap(role=request.role):
            raise BudgetSpent(reached)
        meter = _Meter(request)
        ended = "cancelled"
        try:
            async with contextlib.aclosing(self._model.stream(request)) as events:
                async for event in events:
                    meter.hear(event)
                    if meter.is_due() and (reached := ledger.spent_cap(meter.usage(), request.role)):
                        raise BudgetSpent(reached)
                    yield event
            ended = "complete"
        except Exception as error:
            ended = type(error).__name__
            raise
        finally:
            usage = meter.usage()
            ledger.add(
                Call(
                    role=request.role,
                    step=request.step,
                    model=self.name,
                    usage=usage,
                    seconds=round(time.monotonic() - meter.started, 3),
                    money=ledger.prices.cost(self.name, usage),
                    ended=ended,
                )
            )

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


class _Meter:
    """What one call has used so far: as the server said, and by estimate what it has not said (yet)."""

    LOOK_EVERY = 4_000
    """Characters between two looks at the caps: often enough, and cheap."""

    def __init__(self, request: Request) -> None:
        self.started = time.monotonic()
        self._request = request
        self._said = Usage()
        self._thinking: list[str] = []
        self._answer: list[str] = []
        self._since_look = 0
        self._sent = True

    def hear(self, event: StreamEvent) -> None:
        if isinstance(event, Delta):
            self._thinking.append(event.thinking)
            self._answer.append(event.content)
            self._since_look += len(event.thinking) + len(event.content)
            self._sent = True
        elif isinstance(event, Completion):
            self._answer.extend(call.name + call.arguments for call in event.tool_calls)
        elif isinstance(event, Spent):
            self._said = self._said + event.usage
            self._forget()
        elif isinstance(event, Restarted):
            self._sent = True

    def is_due(self) -> bool:
        """Time to look at the caps again."""
        due = self._since_look >= self.LOOK_EVERY
        if due:
            self._since_look = 0
        return due

    def usage(self) -> Usage:
        """All attempts of this call."""
        if not self._sent:
            return self._said
        return self._said + estimated_usage(self._request, "".join(self._thinking), "".join(self._answer))

    def _forget(self) -> None:
        self._thinking.clear()
        self._answer.clear()
        self._sent = False


def _sum(usages: Iterable[Usage]) -> Usage:
    total = Usage()
    for usage in usages:
        total = total + usage
    return total


def _row(role: str, step: str, model: str, calls: list[Call]) -> Row:
    money = [call.money for call in calls]
    return Row(
        role=role,
        step=step,
        model=model,
        calls=len(calls),
        usage=_sum(call.usage for call in calls),
        seconds=round(sum(call.seconds for call in calls), 3),
        money=None if any(m is None for m in money) else sum(m or 0.0 for m in money),
    )
